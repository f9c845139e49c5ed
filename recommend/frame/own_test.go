package frame

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
	"orrery/models/settings"
)

// shelfCase is a shop of products, of which most_viewed ranks the first ones first.
type shelfCase struct {
	t   rapid.TB
	m   *Models
	a   *Answerer
	set *Set
	all []*settings.Setting
}

const caseTime = models.MinTime + 26*365*models.Day

func newCase(t rapid.TB) *shelfCase {
	m := newModels()
	return &shelfCase{t: t, m: m, a: NewAnswerer(m, Defaults())}
}

// product lists a product by the members of its item, which names its id.
func (c *shelfCase) product(id, members string, views int) {
	c.t.Helper()
	line := fmt.Sprintf(`{"event":"product_upsert","currency":"EUR","items":[{"item_id":%q,"availability":"in stock"%s}]}`, id, members)
	c.event(line)
	item := c.m.Catalogue.Item(1, []byte(id))
	for range views {
		c.m.Popular.Viewed(item, c.m.Catalogue.AppendScopes(nil, c.m.Catalogue.Innermost(item)), caseTime)
	}
}

func (c *shelfCase) event(line string) {
	c.t.Helper()
	var ev models.Event
	if err := ev.Decode([]byte(line), caseTime); err != nil {
		c.t.Fatalf("%s: %v", line, err)
	}
	c.m.Catalogue.Apply(1, c.m.Catalogue.Item(1, ev.Items[0].ID), &ev)
}

// frame sets a frame, "f", by its definition.
func (c *shelfCase) frame(body string) {
	c.t.Helper()
	if err := CheckDefinition([]byte(body)); err != nil {
		c.t.Fatalf("%s: %v", body, err)
	}
	c.all = append(c.all, &settings.Setting{Versions: []settings.Version{{Kind: settings.KindFrame, Name: "f", Version: len(c.all) + 1, Body: []byte(body)}}})
	c.set = Compile(c.all[len(c.all)-1:], c.m.Catalogue, c.set)
	c.m.Catalogue.Watch(c.set.Changed)
}

// ask returns the products of the frame, and why there are none or limits gave way.
func (c *shelfCase) ask(q models.FrameQuery) string {
	c.t.Helper()
	q.Frame, q.Now = []byte("f"), max(q.Now, caseTime+models.Hour)
	var f models.Frame
	if err := c.a.Answer(&q, 1, c.set, &f); err != nil {
		c.t.Fatal(err)
	}
	var ids []string
	for _, it := range f.Items {
		ids = append(ids, string(it.Product.ID))
	}
	out := strings.Join(ids, " ")
	if f.Reason != "" {
		out += "(" + f.Reason + ")"
	}
	if f.Relaxed > 0 {
		out += fmt.Sprintf(" relaxed %d", f.Relaxed)
	}
	return out
}

// Twelve frames that a merchandiser would set, and what they show.
func TestFramesThatAreSet(t *testing.T) {
	c := newCase(t)
	c.product("kettle", `,"item_name":"Kettle","price":40,"brand":"Acme","item_category":"Home > Kitchen","color":"red"`, 9)
	c.product("pot", `,"item_name":"Pot","price":30,"brand":"Acme","item_category":"Home > Kitchen"`, 8)
	c.product("pan", `,"item_name":"Pan","price":20,"brand":"Bolt","item_category":"Home > Kitchen"`, 7)
	c.product("kit", `,"item_name":"Tool kit","price":100,"brand":"Bolt","item_category":"Home > Kit"`, 6)
	c.product("rose", `,"item_name":"Rose","price":10,"brand":"Cora","item_category":"Garden"`, 5)
	c.product("spade", `,"item_name":"Spade","brand":"Cora","item_category":"Garden"`, 4)
	c.product("gone", `,"item_name":"Gone","price":1,"brand":"Acme","item_category":"Garden"`, 20)
	c.event(`{"event":"product_stock","items":[{"item_id":"gone","stock":0}]}`)
	night := caseTime - caseTime%models.Day + models.Day + 23*models.Hour
	page := models.FrameQuery{Products: [][]byte{[]byte("pot")}}
	const most = `"steps":[{"recipe":"most_viewed"}]`
	for i, x := range []struct {
		body string
		q    models.FrameQuery
		want string
	}{
		{`{` + most + `,"slots":3}`, models.FrameQuery{}, "kettle pot pan"},
		{`{` + most + `,"where":"price < 35"}`, models.FrameQuery{}, "pot pan rose"},
		{`{` + most + `,"where":"below(category, \"Home > Kit\")"}`, models.FrameQuery{}, "kit"},
		{`{"steps":[{"recipe":"most_viewed","number":2},{"recipe":"most_viewed","where":"brand == \"Cora\""}]}`, models.FrameQuery{}, "kettle pot rose spade"},
		{`{"steps":[{"recipe":"most_viewed","where":"attributes.color == \"red\"","minimum":2},{"recipe":"most_viewed"}],"slots":2}`, models.FrameQuery{}, "kettle pot"},
		{`{` + most + `,"where":"brand == \"Cora\"","minimum":3}`, models.FrameQuery{}, "(too_few)"},
		{`{` + most + `,"rules":[{"where":"brand == \"Cora\"","boost":3},{"where":"brand == \"Acme\"","bury":true}]}`, models.FrameQuery{}, "rose spade pan kit kettle pot"},
		{`{` + most + `,"slots":4,"pins":[{"slot":2,"product":"gone"},{"slot":2,"product":"rose","priority":-1},{"slot":4,"where":"price >= 100"},{"slot":9,"product":"pan"}]}`, models.FrameQuery{}, "kettle rose pot kit"},
		{`{` + most + `,"slots":4,"limits":[{"of":"brand","most":1,"within":2}]}`, models.FrameQuery{}, "kettle pan pot kit"},
		{`{` + most + `,"limits":[{"of":"category","most":3},{"of":"brand","most":1}]}`, models.FrameQuery{}, "kettle pan rose pot kit spade relaxed 1"},
		{`{` + most + `,"match":{"category":"same","price_from":0.5,"price_to":1.5}}`, page, "kettle pan"},
		{`{` + most + `,"match":{"brand":"other"}}`, models.FrameQuery{}, "(no_page_product)"},
		{`{` + most + `,"match":{"brand":"other"},"rules":[{"where":"true","page":"price > 30","bury":true},{"where":"id == \"spade\"","page":"price == 30","boost":9}]}`, page, "spade pan kit rose"},
		{`{` + most + `,"slots":3,"rules":[{"where":"brand == \"Bolt\"","boost":5,"schedule":{"from_hour":22,"until_hour":6}}]}`, models.FrameQuery{Now: night - 11*models.Hour}, "kettle pot pan"},
		{`{` + most + `,"slots":3,"rules":[{"where":"brand == \"Bolt\"","boost":5,"schedule":{"from_hour":22,"until_hour":6}}]}`, models.FrameQuery{Now: night}, "pan kit kettle"},
		{`{` + most + `,"slots":3,"diversity":0.5}`, models.FrameQuery{}, "kettle rose kit"},
		{`{` + most + `,"slots":3,"where":"on_sale"}`, models.FrameQuery{}, ""},
	} {
		c.frame(x.body)
		if got := c.ask(x.q); got != x.want {
			t.Errorf("%d. %s: %s, want %s", i, x.body, got, x.want)
		}
	}
}

// A request evaluates nothing, and does not allocate, once it has come to a product; a product that changes is looked at anew.
func TestRulesAllocateNothing(t *testing.T) {
	c := newCase(t)
	for i := range 40 {
		c.product(fmt.Sprint("p", i), fmt.Sprintf(`,"price":%d,"brand":"B%d","item_category":"C%d"`, i+1, i%4, i%3), 40-i)
	}
	def := settings.Frame{Slots: 8, Steps: []settings.Step{{Recipe: "most_viewed"}}, Where: "price > 2", Limits: []settings.Limit{{Of: "brand", Most: 2, Within: 4}}, Diversity: .2,
		Pins: []settings.Pin{{Slot: 3, Product: "p9"}, {Slot: 5, Where: "price > 30"}}, Exclude: settings.Exclude{Cart: true, BoughtDays: 3, ViewedDays: 3}}
	for i := range 1000 {
		def.Rules = append(def.Rules, settings.Rule{Where: fmt.Sprintf("price == %d", i), Boost: 1 + float64(i%7)})
	}
	body, err := json.Marshal(def)
	if err != nil {
		t.Fatal(err)
	}
	c.frame(string(body))
	q := models.FrameQuery{Frame: []byte("f"), Visitor: []byte("v"), Now: caseTime + models.Hour, Brief: true}
	var f models.Frame
	ask := func() {
		if err := c.a.Answer(&q, 1, c.set, &f); err != nil || len(f.Items) != 8 {
			t.Fatalf("%d items, %v", len(f.Items), err)
		}
	}
	ask()
	if n := testing.AllocsPerRun(100, ask); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := len(*c.set.bits.rows.Load()); n > 41 {
		t.Errorf("%d rows of 40 products", n)
	}
}

// Who asks why gets the frame that everybody gets, and the reasons: what was dropped by what, scores before and after each rule, pins without a slot.
func TestExplain(t *testing.T) {
	c := newCase(t)
	c.product("a", `,"price":40,"brand":"Acme"`, 9)
	c.product("b", `,"price":30,"brand":"Bolt"`, 6)
	c.product("c", `,"price":20,"brand":"Acme"`, 3)
	c.product("d", `,"price":5,"brand":"Bolt"`, 2)
	c.product("gone", `,"price":50`, 20)
	c.event(`{"event":"product_stock","items":[{"item_id":"gone","stock":0}]}`)
	body := `{"steps":[{"recipe":"most_viewed","where":"price < 35"},{"recipe":"most_viewed","minimum":9}],"where":"price > 10","slots":4,
		"rules":[{"name":"Acme first","where":"brand == \"Acme\"","boost":4},{"where":"price == 30","bury":true}],"pins":[{"slot":1,"product":"gone"}]}`
	c.frame(body)
	draft, err := c.set.Draft("f", []byte(body), c.m.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	for name, set := range map[string]*Set{"set": c.set, "draft": draft} {
		var f models.Frame
		why, err := c.a.Explain(&models.FrameQuery{Frame: []byte("f"), Exclude: [][]byte{[]byte("zzz")}, Now: caseTime + models.Hour}, 1, set, &f)
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(why)
		want := `{"steps":[{"recipe":"most_viewed","looked":5,"dropped":{"step_where":1,"unavailable":1,"where":1},"found":2,"taken":2,"top":[` +
			`{"item_id":"c","before":0.5,"after":2,"rules":[{"rule":"Acme first","factor":4}]},{"item_id":"b","before":1,"after":1,"buried":true,"rules":[{"rule":"rules[1]","factor":0}]}]},` +
			`{"recipe":"most_viewed","looked":5,"dropped":{"excluded":2,"unavailable":1,"where":1},"found":1,"taken":0,"left_out":true}],"pins":[{"slot":1,"why":"no such product may be shown here"}]}`
		if got := strings.Replace(string(got), `{"settings":1,`, "{", 1); err != nil || got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
		if len(f.Items) != 2 || string(f.Items[0].Product.ID) != "c" {
			t.Errorf("%s: %+v", name, f.Items)
		}
	}
	if c.a.governed.gate.trace != nil || c.ask(models.FrameQuery{}) != "c b" {
		t.Error("what everybody gets is another frame")
	}
	why, err := c.a.Explain(&models.FrameQuery{Frame: []byte("most_viewed"), Now: caseTime + models.Hour}, 1, nil, new(models.Frame))
	if err != nil || len(why.Steps) != 1 || why.Steps[0].Taken != 4 {
		t.Errorf("a frame that all shops have: %+v, %v", why, err)
	}
}

// oracle is what a definition without rank, limit or diversity shows of products in order of views: it looks at all of them.
func oracle(f *settings.Frame, products []oracleProduct, exclude, page string, n int) (ids []string, reason string) {
	var on *oracleProduct
	for i := range products {
		if products[i].id == page {
			on = &products[i]
		}
	}
	matches := f.Match != (settings.Match{})
	if matches && on == nil {
		return nil, noPage
	}
	may := func(p *oracleProduct, where string) bool {
		switch {
		case p.sold || p.id == exclude || p.id == page || slices.Contains(ids, p.id):
			return false
		case !p.meets(f.Where) || !p.meets(where):
			return false
		case f.Match.Category == "same" && p.category != on.category, f.Match.Category == "other" && p.category == on.category:
			return false
		case f.Match.Brand == "same" && p.brand != on.brand, f.Match.Brand == "other" && p.brand == on.brand:
			return false
		case f.Match.PriceFrom == 0 && f.Match.PriceTo == 0:
			return true
		}
		return p.price > 0 && on.price > 0 && float64(p.price) >= f.Match.PriceFrom*float64(on.price) && (f.Match.PriceTo == 0 || float64(p.price) <= f.Match.PriceTo*float64(on.price))
	}
	var pins []settings.Pin
	for _, p := range f.Pins {
		if p.Slot <= n {
			pins = append(pins, p)
		}
	}
	slices.SortStableFunc(pins, func(a, b settings.Pin) int { return cmp.Or(a.Slot-b.Slot, b.Priority-a.Priority) })
	fixed := map[int]string{}
	for _, p := range pins {
		for i := range products {
			if products[i].id == p.Product && fixed[p.Slot] == "" && may(&products[i], "") {
				fixed[p.Slot] = p.Product
				ids = append(ids, p.Product)
			}
		}
	}
	pinned := len(ids)
	for _, step := range f.Steps {
		room := n - len(ids)
		if step.Number > 0 {
			room = min(room, step.Number)
		}
		var found []string
		before := ids
		for i := range products {
			if may(&products[i], step.Where) {
				found = append(found, products[i].id)
				ids = append(ids, products[i].id)
			}
		}
		if ids = before; room > 0 && len(found) >= step.Minimum {
			ids = append(ids, found[:min(room, len(found))]...)
		}
	}
	if len(ids) < f.Minimum {
		return nil, tooFew
	}
	rest := ids[pinned:]
	var out []string
	for slot := 1; slot <= n; slot++ {
		if id := fixed[slot]; id != "" {
			out = append(out, id)
		} else if len(rest) > 0 {
			out, rest = append(out, rest[0]), rest[1:]
		}
	}
	return out, ""
}

type oracleProduct struct {
	id, brand, category string
	price               int
	sold                bool
}

// meets evaluates the few conditions that the property makes up.
func (p *oracleProduct) meets(where string) bool {
	switch where {
	case "":
		return true
	case `brand == "A"`:
		return p.brand == "A"
	case `brand != "A"`:
		return p.brand != "A"
	case `price < 5`:
		return p.price > 0 && p.price < 5
	case `price >= 3 and category != "X"`:
		return p.price >= 3 && p.category != "X"
	}
	panic(where)
}

var oracleConditions = []string{"", "", `brand == "A"`, `brand != "A"`, `price < 5`, `price >= 3 and category != "X"`}

// Whatever is set, over whatever products: what a frame shows is what somebody would choose who looks at all products one by one, while
// prices, stock and settings change.
func TestFramesAgainstOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCase(t)
		n := rapid.IntRange(1, 14).Draw(t, "products")
		var products []oracleProduct
		put := func(i int, views int) {
			p := &products[i]
			price := ""
			if p.price > 0 {
				price = fmt.Sprintf(`,"price":%d`, p.price)
			}
			c.product(p.id, fmt.Sprintf(`%s,"brand":%q,"item_category":%q`, price, p.brand, p.category), views)
			stock := 1
			if p.sold {
				stock = 0
			}
			c.event(fmt.Sprintf(`{"event":"product_stock","items":[{"item_id":%q,"stock":%d}]}`, p.id, stock))
		}
		draw := func(i int) oracleProduct {
			return oracleProduct{id: fmt.Sprint("p", i), brand: rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "brand"),
				category: rapid.SampledFrom([]string{"X", "Y", "Y > Z"}).Draw(t, "category"), price: rapid.IntRange(0, 8).Draw(t, "price"), sold: rapid.IntRange(0, 4).Draw(t, "sold") == 0}
		}
		for i := range n {
			products = append(products, draw(i))
			put(i, 2*(n-i))
		}
		where := rapid.SampledFrom(oracleConditions)
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			if i := rapid.IntRange(0, n-1).Draw(t, "changes"); products[i].price > 0 { // a price that is not said stays
				next := draw(i)
				next.price = max(next.price, 1)
				products[i] = next
				put(i, 0)
			}
			f := settings.Frame{Slots: rapid.IntRange(1, 8).Draw(t, "slots"), Where: where.Draw(t, "where")}
			f.Minimum = rapid.IntRange(0, f.Slots).Draw(t, "minimum")
			for range rapid.IntRange(1, 3).Draw(t, "steps") {
				s := settings.Step{Recipe: "most_viewed", Number: rapid.IntRange(0, 4).Draw(t, "number"), Where: where.Draw(t, "step where")}
				if s.Minimum = rapid.IntRange(0, 2).Draw(t, "step minimum"); s.Number > 0 {
					s.Minimum = min(s.Minimum, s.Number)
				}
				f.Steps = append(f.Steps, s)
			}
			if rapid.Bool().Draw(t, "matches") {
				f.Match = settings.Match{Category: rapid.SampledFrom([]string{"", "same", "other"}).Draw(t, "m category"), Brand: rapid.SampledFrom([]string{"", "same", "other"}).Draw(t, "m brand")}
				f.Match.PriceTo = rapid.SampledFrom([]float64{0, 1, 2}).Draw(t, "price to")
				f.Match.PriceFrom = rapid.SampledFrom([]float64{0, .5, 1}).Draw(t, "price from")
			}
			for range rapid.IntRange(0, 3).Draw(t, "pins") {
				f.Pins = append(f.Pins, settings.Pin{Slot: rapid.IntRange(1, 9).Draw(t, "slot"), Product: fmt.Sprint("p", rapid.IntRange(0, n).Draw(t, "pinned")), Priority: rapid.IntRange(0, 1).Draw(t, "priority")})
			}
			body, err := json.Marshal(f)
			if err != nil {
				t.Fatal(err)
			}
			c.frame(string(body))
			q := models.FrameQuery{}
			exclude := fmt.Sprint("p", rapid.IntRange(0, n).Draw(t, "exclude"))
			q.Exclude = [][]byte{[]byte(exclude)}
			page := ""
			if rapid.Bool().Draw(t, "on a page") {
				page = products[rapid.IntRange(0, n-1).Draw(t, "page")].id
				q.Products = [][]byte{[]byte(page)}
			}
			ids, reason := oracle(&f, products, exclude, page, f.Slots)
			want := strings.Join(ids, " ")
			if reason != "" {
				want += "(" + reason + ")"
			}
			if got := c.ask(q); got != want {
				t.Fatalf("%s\nof %+v without %s on %q: %s, want %s", body, products, exclude, page, got, want)
			}
		}
	})
}

// A definition that says what all shops have is answered to the byte as theirs, and costs what it costs.
func TestPlainFrames(t *testing.T) {
	c := newCase(t)
	for i := range 12 {
		c.product(fmt.Sprint("p", i), `,"price":3,"item_category":"C"`, 12-i)
	}
	c.frame(`{"steps":[{"recipe":"bought_after_viewing"},{"recipe":"viewed_together"},{"recipe":"most_viewed"}]}`)
	if o := c.set.frames["f"].own; !o.plain {
		t.Errorf("%+v", o)
	}
	if got := c.ask(models.FrameQuery{Products: [][]byte{[]byte("p3")}}); got != "p0 p1 p2 p4 p5 p6 p7 p8" {
		t.Error(got)
	}
}

// Every preset can be set as it is. Those that all shops have are what they were before there were definitions.
func TestPresets(t *testing.T) {
	for _, p := range settings.Presets() {
		body, err := json.Marshal(p.Definition)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(settings.CheckName(settings.KindFrame, p.Frame), CheckDefinition(body)); err != nil {
			t.Errorf("%s: %v", p.Frame, err)
		}
		f, err := newCompiler().frame(&p.Definition)
		if err != nil || f.own.plain != p.BuiltIn && p.Frame != "error_page" {
			t.Errorf("%s: plain %v, %v", p.Frame, f.own.plain, err)
		}
	}
	got := fmt.Sprint(Defaults()["product_page"].Steps, Defaults()["cart_page"].Steps, Defaults()["home_page"].Steps, Defaults()["category_page"].Steps, Defaults()["mail"].Steps)
	want := "[{bought_after_viewing false} {viewed_together false} {bought_together false} {similar false} {bestsellers true} {trending false} {bestsellers false} {most_viewed false}] " +
		"[{complements false} {viewed_together false} {bestsellers true} {trending false} {bestsellers false} {most_viewed false}] " +
		"[{next false} {for_you false} {trending false} {bestsellers false} {most_viewed false}] " +
		"[{trending false} {bestsellers false} {most_viewed false}] " +
		"[{cart_left false} {for_you false} {recently_viewed false} {trending false} {bestsellers false} {most_viewed false}]"
	if got != want || len(Defaults()) != 5+len(Recipes) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
