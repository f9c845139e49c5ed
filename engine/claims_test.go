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

// facts is what claims and orders may change about an engine.
func (r *rig) facts() string {
	st := r.e.Stats()
	var b strings.Builder
	fmt.Fprintf(&b, "orders %d buyers %d repeats %d revenue %v claims %v", st.Orders, st.Buyers, st.Repeats, st.Revenue, st.Claims)
	for _, frame := range []string{"bestsellers", "trending"} {
		list := r.shown(frame, "", "", noon+models.Day)
		slices.Sort(list) // equals stand in the order in which they came
		fmt.Fprint(&b, " ", frame, list)
	}
	for _, item := range []string{"A", "B", "C"} {
		fmt.Fprintf(&b, "\n%s:", item)
		for _, name := range []string{"bought_after_viewing", "bought_together"} {
			var f models.Frame
			q := models.FrameQuery{Frame: []byte(name), Products: [][]byte{[]byte(item)}, Now: noon + models.Day}
			if err := r.e.Frame(&q, &f); err != nil {
				r.t.Fatal(err)
			}
			var list []string
			for _, it := range f.Items {
				list = append(list, fmt.Sprintf(" %s %s %.6g,", name, it.Product.ID, it.Evidence.Count)) // scores are learned, in the order of orders
			}
			slices.Sort(list)
			fmt.Fprint(&b, list)
		}
		p, _ := r.e.Social(nil, []byte(item), nil, noon+models.Day-models.Hour)
		fmt.Fprintf(&b, " bought %d", p.Bought24h)
	}
	return b.String()
}

// TestF3cClaimsTakeNoIDs: made-up purchases neither count nor stand in the way of the real ones.
func TestF3cClaimsTakeNoIDs(t *testing.T) {
	for _, before := range []bool{true, false} {
		r := newRightsRig(t, engine.Config{Floor: 1})
		invent := func() {
			for i := range 50 {
				r.must("public", noon, `{"event":"purchase","visitor":"evil","contact":"anna","order":"%d","value":0,"currency":"EUR","items":[{"item_id":"EVIL"}]}`, 1000+i)
			}
		}
		if before {
			invent()
			if st := r.e.Stats(); st.Orders != 0 || st.Buyers != 0 || st.Claims.Open != 50 || st.Items != 0 || len(st.Revenue) != 0 {
				t.Errorf("claims count: %+v", st)
			}
		}
		for i := range 50 {
			r.must("secret", noon+2*models.Hour, `{"event":"purchase","contact":"anna","order":"%d","value":4,"currency":"EUR","items":[{"item_id":"A"}]}`, 1000+i)
		}
		if !before {
			invent()
		}
		st := r.e.Stats()
		if st.Orders != 50 || st.Repeats != 0 || st.Revenue["EUR"] != 200*models.Micros || st.Claims != (struct{ Open, Confirmed, Expired uint64 }{0, 50, 0}) {
			t.Errorf("claims first %v: %d orders, %d repeats, %v, %v", before, st.Orders, st.Repeats, st.Revenue, st.Claims)
		}
		for _, frame := range r.e.Frames() {
			if list := r.shown(frame, "evil", "", noon+models.Hour); frame != "bestsellers" && strings.Contains(fmt.Sprint(list), "EVIL") {
				t.Errorf("%s: %v", frame, list)
			}
		}
		if list := r.shown("buy_again", "evil", "", noon+models.Day); len(list) > 0 {
			t.Errorf("the stranger's own history is %v", list)
		}
		if p, _ := r.e.Visitor(nil, []byte("evil"), noon+models.Day); len(p.Orders) != 0 || len(p.Spent) != 0 {
			t.Errorf("the stranger has orders: %v", p.Orders)
		}
	}
}

// TestF3dRefunds: only the shop takes back.
func TestF3dRefunds(t *testing.T) {
	r := newRightsRig(t, engine.Config{})
	r.must("public", noon, `{"event":"purchase","visitor":"v","order":"O","value":0,"currency":"EUR"}`)
	if err := r.say("public", noon, `{"event":"refund","visitor":"v","order":"O","value":1e12,"currency":"EUR"}`); err == nil {
		t.Error("a stranger refunds")
	}
	if st := r.e.Stats(); st.Revenue["EUR"] != 0 || st.Refunds != 0 {
		t.Errorf("%v after %d refunds", st.Revenue, st.Refunds)
	}
}

// TestF3fClaimsTeachNothing: what is bought is not what strangers say is.
func TestF3fClaimsTeachNothing(t *testing.T) {
	r := newRightsRig(t, engine.Config{Floor: 1})
	r.must("secret", noon, `{"event":"purchase","visitor":"a","order":"1","value":1,"items":[{"item_id":"A"},{"item_id":"B"}]}`)
	before := r.facts()
	for i := range 100 {
		r.must("public", noon, `{"event":"purchase","visitor":"evil","order":"e%d","value":1,"items":[{"item_id":"A"},{"item_id":"C"}]}`, i)
	}
	after := strings.Replace(r.facts(), "{100 0 0}", "{0 0 0}", 1)
	if after != before {
		t.Errorf("after 100 claims\n%s\nbefore\n%s", after, before)
	}
}

// TestClaimsLend: a claim tells which browser an order came from, if that is nobody else's and near, and opens nothing.
func TestClaimsLend(t *testing.T) {
	f := func(want bool, claim, order string, apart models.Time, claimFirst bool) {
		t.Helper()
		r := newRightsRig(t, engine.Config{NoDecay: true, Floor: 1})
		r.must("public", noon, `{"event":"view_item","visitor":"v","items":[{"item_id":"A"}]}`)
		say := []func(){
			func() {
				r.must("public", noon+models.Hour, `{"event":"purchase","visitor":"v","order":"O",%s"value":5,"items":[{"item_id":"B"}]}`, claim)
			},
			func() {
				r.must("secret", noon+models.Hour+apart, `{"event":"purchase","order":"O",%s"value":5,"items":[{"item_id":"B"}]}`, order)
			},
		}
		if !claimFirst {
			say[0], say[1] = say[1], say[0]
		}
		say[0]()
		say[1]()
		if got := strings.Contains(fmt.Sprint(r.facts()), "bought_after_viewing B"); got != want {
			t.Errorf("claim %s order %s, %v apart: lent %v\n%s", claim, order, apart, got, r.facts())
		}
		if p, _ := r.e.Visitor(nil, []byte("v"), noon+models.Day); len(p.Orders) > 0 && !strings.Contains(order, `"visitor":"v"`) || p.Contact != "" {
			t.Errorf("the claim opens orders %v of %q", p.Orders, p.Contact)
		}
		if list := r.shown("buy_again", "v", "", noon+models.Day); len(list) > 0 && !strings.Contains(order, `"visitor":"v"`) {
			t.Errorf("the claim opens history %v", list)
		}
		if st := r.e.Stats(); st.Orders != 1 || st.Claims.Confirmed != 1 || st.Claims.Open != 0 || st.Repeats != 0 {
			t.Errorf("%d orders, %d repeats, claims %v", st.Orders, st.Repeats, st.Claims)
		}
	}
	for _, first := range []bool{true, false} {
		f(true, ``, `"contact":"anna",`, 10*models.Minute, first)
		f(true, ``, `"contact":"anna",`, -10*models.Minute, first)
		f(true, `"contact":"anna",`, `"contact":"anna",`, 10*models.Minute, first)
		f(false, ``, `"contact":"anna",`, 61*models.Minute, first)
		f(false, `"contact":"evil",`, `"contact":"anna",`, 10*models.Minute, first)
		f(false, ``, `"contact":"anna","visitor":"w",`, 10*models.Minute, first)
		f(false, ``, `"visitor":"w",`, 10*models.Minute, first)
		f(true, ``, `"visitor":"v",`, 10*models.Minute, first) // its own
	}
}

// TestClaimsExpire: open claims are forgotten after 7 days of the stream, and are bounded; the oldest make room.
func TestClaimsExpire(t *testing.T) {
	engine.Alone(t)
	r := newRightsRig(t, engine.Config{})
	for i := range 17_000 {
		r.must("public", noon+models.Time(i), `{"event":"purchase","visitor":"v%d","order":"o%d","value":1}`, i, i)
	}
	st := r.e.Stats()
	claims := slices.IndexFunc(st.Dropped, func(d models.Dropped) bool { return d.What == "claim" && d.Why == "ceiling" })
	if st.Claims.Open != 1<<14 || claims < 0 || st.Dropped[claims].N != 17_000-1<<14 {
		t.Errorf("claims %v, dropped %v", st.Claims, st.Dropped)
	}
	again := newEngine(t, engine.Config{})
	restore(t, again, save(t, r.e))
	r.e = again
	r.must("secret", noon+models.Day, `{"event":"purchase","contact":"c","order":"o16999","value":1}`)
	if st := r.e.Stats(); st.Claims.Open != 1<<14-1 || st.Claims.Confirmed != 1 {
		t.Errorf("claims %v", st.Claims)
	}
	r.must("secret", noon+8*models.Day, `{"event":"page_view","visitor":"w"}`)
	if st := r.e.Stats(); st.Claims.Open != 0 || st.Claims.Expired != 1<<14-1 || st.Claims.Confirmed != 1 {
		t.Errorf("after 8 days: %v", st.Claims)
	}
	r.must("secret", noon+8*models.Day, `{"event":"purchase","contact":"c","order":"o16998","value":1}`)
	if st := r.e.Stats(); st.Orders != 2 || st.Claims.Confirmed != 1 {
		t.Errorf("an order whose claim has expired: %d orders, %v", st.Orders, st.Claims)
	}
}

// TestPageOrders: a shop without a server side takes what pages tell, within bounds.
func TestPageOrders(t *testing.T) {
	r := newRightsRig(t, engine.Config{PageOrders: true})
	for day := range 2 {
		for i := range 20 {
			r.must("public", noon+models.Time(day)*models.Day, `{"event":"purchase","visitor":"v","order":"%d-%d","value":10,"currency":"EUR","items":[{"item_id":"A"}]}`, day, i)
		}
	}
	r.must("public", noon, `{"event":"purchase","visitor":"w","order":"dear","value":10000001,"currency":"EUR"}`)
	st := r.e.Stats()
	if st.Orders != 20 || st.Revenue["EUR"] != 200*models.Micros || st.Claims.Open != 21 {
		t.Errorf("%d orders, %v, claims %v", st.Orders, st.Revenue, st.Claims)
	}
	r.must("public", noon, `{"event":"purchase","visitor":"u","contact":"anna","order":"x","value":10,"currency":"EUR"}`)
	if p, _ := r.e.Contact(nil, []byte("anna"), noon); len(p.Orders) > 0 || !p.Claimed {
		t.Errorf("an order without a proof is anna's: %+v", p)
	}
}

// TestClaimsInAnyOrder: whatever the order and the batches in which pages, claims, logins and the shop's orders arrive, with a
// restart in the middle, the same counts.
func TestClaimsInAnyOrder(t *testing.T) {
	engine.Alone(t)
	rapid.Check(t, func(rt *rapid.T) {
		type said struct {
			trust, text string
			at          models.Time
		}
		var events []said
		seen := map[string]bool{}
		minute := func() models.Time { return noon + models.Time(rapid.IntRange(0, 100).Draw(rt, "minute"))*models.Minute }
		visitor := func() string { return rapid.SampledFrom([]string{"v", "w"}).Draw(rt, "visitor") }
		item := func() string { return rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "item") }
		person := func() string {
			return rapid.SampledFrom([]string{`"contact":"anna"`, `"contact":"anna"`, `"contact":"ben"`, `"visitor":"v"`, `"visitor":"w","contact":"anna"`}).Draw(rt, "person")
		}
		for range rapid.IntRange(0, 5).Draw(rt, "views") {
			events = append(events, said{"public", fmt.Sprintf(`{"event":"view_item","visitor":%q,"items":[{"item_id":%q}]}`, visitor(), item()), minute()})
		}
		for i := range rapid.IntRange(1, 3).Draw(rt, "orders") {
			if rapid.IntRange(0, 3).Draw(rt, "placed") > 0 {
				events = append(events, said{"secret", fmt.Sprintf(`{"event":"purchase",%s,"order":"O%d","value":5,"items":[{"item_id":%q},{"item_id":%q}]}`, person(), i, item(), item()), minute()})
			}
			for range rapid.IntRange(0, 2).Draw(rt, "claims") {
				named, v := rapid.SampledFrom([]string{"", `"contact":"anna",`, `"contact":"ben",`}).Draw(rt, "named"), visitor()
				if seen[fmt.Sprint(v, i)] { // one visitor claims an order once
					continue
				}
				seen[fmt.Sprint(v, i)] = true
				events = append(events, said{"public", fmt.Sprintf(`{"event":"purchase","visitor":%q,%s"order":"O%d","value":5,"items":[{"item_id":%q}]}`, v, named, i, item()), minute()})
			}
		}
		for range rapid.IntRange(0, 2).Draw(rt, "logins") {
			events = append(events, said{"secret", fmt.Sprintf(`{"event":"identify","visitor":%q,"contact":%q}`, visitor(), rapid.SampledFrom([]string{"anna", "ben"}).Draw(rt, "who")), minute()})
		}
		fold := func(list []said, restart int) string {
			r := newRightsRig(t, engine.Config{NoDecay: true, Floor: 1})
			for i, e := range list {
				if i == restart {
					again := newEngine(t, engine.Config{NoDecay: true, Floor: 1})
					restore(t, again, save(t, r.e))
					r.e = again
				}
				r.must(e.trust, e.at, `%s`, e.text)
			}
			return r.facts()
		}
		want := fold(events, -1)
		// Views of one visitor come in their order: sessions are made of them.
		shuffled, next := rapid.Permutation(events).Draw(rt, "permutation"), map[string]int{}
		for i, e := range shuffled {
			if !strings.Contains(e.text, "view_item") {
				continue
			}
			for next[e.text[:40]]++; !strings.HasPrefix(events[next[e.text[:40]]-1].text, e.text[:40]); next[e.text[:40]]++ {
			}
			shuffled[i] = events[next[e.text[:40]]-1]
		}
		if got := fold(shuffled, rapid.IntRange(0, len(shuffled)).Draw(rt, "restart")); got != want {
			var b strings.Builder
			for _, e := range shuffled {
				fmt.Fprintf(&b, "%v %s %s\n", (e.at-noon)/models.Minute, e.trust, e.text)
			}
			rt.Fatalf("%s\nin their order\n%s\nshuffled:\n%s", got, want, b.String())
		}
	})
}
