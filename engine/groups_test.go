package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/engine"
	"orrery/models"
)

// shopping draws what visitors do with the variants of a shop's products; name says how an event names variant v of product p.
func shopping(t *rapid.T, name func(p, v int) string) string {
	var b strings.Builder
	at := caseTime - 20*models.Hour
	for i := range rapid.IntRange(20, 80).Draw(t, "events") {
		p, v := rapid.IntRange(0, 4).Draw(t, "product"), rapid.IntRange(0, 2).Draw(t, "variant")
		who := rapid.IntRange(0, 3).Draw(t, "visitor")
		at += models.Time(rapid.IntRange(1, 20).Draw(t, "minutes")) * models.Minute
		kind := rapid.SampledFrom([]string{"view_item", "view_item", "view_item", "view_item", "add_to_cart", "purchase"}).Draw(t, "kind")
		items := fmt.Sprintf(`{"item_id":%q}`, name(p, v))
		rest := ""
		if kind == "purchase" {
			q, w := rapid.IntRange(0, 4).Draw(t, "product too"), rapid.IntRange(0, 2).Draw(t, "variant too")
			items += fmt.Sprintf(`,{"item_id":%q}`, name(q, w))
			rest = fmt.Sprintf(`"order":"O%d","value":10,"currency":"EUR",`, i)
		}
		late := models.Time(0)
		if kind == "purchase" { // orders come on a topic of their own
			late = models.Time(rapid.IntRange(-60, 60).Draw(t, "apart")) * models.Minute
		}
		fmt.Fprintf(&b, `{"event":%q,"id":"e%d","visitor":"u%d","time":%d,%s"items":[%s]}`+"\n", kind, i, who, at+late, rest, items)
	}
	return b.String()
}

// around returns what frames say around each product, by its name and count: pairs, what is popular, what comes next, social proof.
func around(t rapid.TB, e *engine.Engine, id func(p int) string) (all string) {
	var f models.Frame
	ask := func(frame, product string) {
		q := models.FrameQuery{Frame: []byte(frame), Now: e.StreamTime(), N: 20}
		if product != "" {
			q.Products = [][]byte{[]byte(product)}
		}
		if err := e.Frame(&q, &f); err != nil {
			t.Fatal(err)
		}
		var slots []string
		for i := range f.Items {
			it := &f.Items[i]
			slots = append(slots, fmt.Sprintf("%s:%.4f:%.4f:%d/%d/%d/%d", strings.TrimRight(string(it.Product.ID), "sml-"), it.Evidence.Count, it.Evidence.Score,
				it.Social.ViewingNow, it.Social.Viewed24h, it.Social.Carted24h, it.Social.Bought24h))
		}
		slices.Sort(slots) // of equal ones either may come first
		all += fmt.Sprintf("\n%s %s %s", frame, strings.TrimRight(product, "sml-"), slots)
	}
	for p := range 5 {
		for _, frame := range []string{"viewed_together", "bought_together", "bought_after_viewing", "next"} {
			ask(frame, id(p))
		}
	}
	ask("bestsellers", "")
	ask("most_viewed", "")
	ask("trending", "")
	return all
}

// However events name a product, by a variant or by its group, what is counted of it is what is counted of a product without variants;
// and so it is after a restart.
func TestGroupsAreProducts(t *testing.T) {
	variants := []string{"-s", "-m", "-l"}
	feed := func(groups bool) string {
		var b strings.Builder
		for p := range 5 {
			for _, v := range variants {
				id, group := fmt.Sprintf("P%d", p), ""
				if groups {
					id, group = id+v, fmt.Sprintf(`,"item_group_id":"P%d"`, p)
				}
				fmt.Fprintf(&b, `{"event":"product_upsert","time":%d,"currency":"EUR","items":[{"item_id":%q,"item_name":"Product","item_category":"All","price":10,"availability":"in_stock"%s}]}`+"\n", caseTime-models.Day, id, group)
			}
		}
		return b.String() + fmt.Sprintf(`{"event":"feed_taken","time":%d,"props":{"mode":"full","products":5}}`+"\n", caseTime-models.Day)
	}
	rapid.Check(t, func(r *rapid.T) {
		by := shopping(r, func(p, v int) string {
			if v == 2 { // some pages name the group
				return fmt.Sprintf("P%d", p)
			}
			return fmt.Sprintf("P%d%s", p, variants[v])
		})
		plain := by
		for p := range 5 {
			for _, v := range variants {
				plain = strings.ReplaceAll(plain, fmt.Sprintf("P%d%s", p, v), fmt.Sprintf("P%d", p))
			}
		}
		grouped, single := newEngine(t, engine.Config{Floor: 1}), newEngine(t, engine.Config{Floor: 1})
		applyAt(t, grouped, feed(true)+by, caseTime)
		applyAt(t, single, feed(false)+plain, caseTime)
		id := func(p int) string { return fmt.Sprintf("P%d", p) }
		want := around(t, single, id)
		for i, name := range []func(p int) string{id, func(p int) string { return id(p) + "-m" }} {
			if got := around(t, grouped, name); got != want {
				r.Fatalf("asked in way %d: %s\nwant %s\nof\n%s", i, got, want, by)
			}
		}
		again := newEngine(t, engine.Config{Floor: 1})
		restore(t, again, save(t, grouped))
		again.Settle()
		if got := around(t, again, id); got != want {
			r.Fatalf("restored: %s\nwant %s", got, want)
		}
	})
}

// A group that becomes known after the fact joins what was counted of its variants: pairs and what is popular, at once.
func TestGroupsKnownLate(t *testing.T) {
	var views, feed strings.Builder
	at := caseTime - models.Hour
	for i := range 6 {
		at += models.Minute
		for k, id := range []string{[]string{"TEE-S", "TEE-M", "TEE"}[i%3], "CAP"} {
			fmt.Fprintf(&views, `{"event":"view_item","visitor":"u%d","time":%d,"items":[{"item_id":%q,"item_name":%q}]}`+"\n", i, at+models.Time(k)*models.Second, id, id)
		}
		fmt.Fprintf(&views, `{"event":"purchase","visitor":"u%d","order":"O%d","time":%d,"currency":"EUR","value":5,"items":[{"item_id":%q},{"item_id":"MUG"}]}`+"\n", i, i, at+30*models.Second, []string{"TEE-S", "TEE-M"}[i%2])
	}
	for _, id := range []string{"TEE-S", "TEE-M", "CAP", "MUG"} {
		group := ""
		if strings.HasPrefix(id, "TEE") {
			group = "TEE"
		}
		fmt.Fprintf(&feed, `{"event":"product_upsert","time":%d,"currency":"EUR","items":[{"item_id":%q,"item_name":%q,"price":5,"availability":"in_stock","item_group_id":%q}]}`+"\n", caseTime-2*models.Hour, id, id, group)
	}
	before, after := newEngine(t, engine.Config{Floor: 1}), newEngine(t, engine.Config{Floor: 1})
	applyAt(t, before, feed.String()+views.String(), caseTime)
	applyAt(t, after, views.String()+feed.String(), caseTime)
	for _, frame := range []string{"viewed_together", "bought_together", "bestsellers", "most_viewed"} {
		for _, product := range []string{"TEE-M", "CAP", "MUG"} {
			look := func(e *engine.Engine) (all []string) {
				var f models.Frame
				if err := e.Frame(&models.FrameQuery{Frame: []byte(frame), Products: [][]byte{[]byte(product)}, Now: e.StreamTime()}, &f); err != nil {
					t.Fatal(err)
				}
				for i := range f.Items {
					all = append(all, fmt.Sprintf("%s:%.3f", f.Items[i].Product.ID, f.Items[i].Evidence.Count))
				}
				slices.Sort(all)
				return all
			}
			if got, want := look(after), look(before); !slices.Equal(got, want) {
				t.Errorf("%s of %s: %s, with the feed first %s", frame, product, got, want)
			}
		}
	}
}

// A cart keeps the variant; who takes the product out by its own name takes out the variant, and buying again offers what was bought.
func TestVariantsInCarts(t *testing.T) {
	e := newEngine(t, engine.Config{Floor: 1})
	var b strings.Builder
	for _, id := range []string{"TEE-S", "TEE-M", "TEE-L"} {
		fmt.Fprintf(&b, `{"event":"product_upsert","time":%d,"currency":"EUR","items":[{"item_id":%q,"item_name":%q,"price":%d,"availability":"in_stock","item_group_id":"TEE"}]}`+"\n", caseTime-models.Hour, id, id, 10+len(b.String())/100)
	}
	did := func(kind, id string, minute int, rest string) {
		fmt.Fprintf(&b, `{"event":%q,"visitor":"u","time":%d,%s"items":[{"item_id":%q}]}`+"\n", kind, caseTime-models.Hour+models.Time(minute)*models.Minute, rest, id)
	}
	did("add_to_cart", "TEE-M", 1, "")
	did("add_to_cart", "TEE-L", 2, "")
	did("remove_from_cart", "TEE", 3, "")
	applyAt(t, e, b.String(), caseTime)
	f := func(frame, want string) {
		t.Helper()
		if got := products(t, e, models.FrameQuery{Frame: []byte(frame), Visitor: []byte("u")}); got != want {
			t.Errorf("%s: %q, not %q", frame, got, want)
		}
	}
	f("cart_left", "TEE-M")
	b.Reset()
	did("purchase", "TEE-M", 4, `"order":"O","value":10,"currency":"EUR",`)
	applyAt(t, e, b.String(), caseTime)
	f("cart_left", "")
	f("buy_again", "TEE-M")
	if s, ok := e.Social(nil, []byte("TEE-S"), nil, e.StreamTime()); !ok || s.Bought24h != 1 || s.Carted24h != 1 {
		t.Errorf("social proof of another variant: %+v", s)
	}
}
