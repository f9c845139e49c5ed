package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"orrery/engine"
	"orrery/models"
)

// orderOf returns what a profile says of the only order of anna.
func orderOf(t *testing.T, e *engine.Engine) string {
	t.Helper()
	p, ok := e.Contact(nil, []byte("anna@example.com"), e.StreamTime())
	if !ok || len(p.Orders) != 1 {
		t.Fatalf("anna has %d orders", len(p.Orders))
	}
	o := &p.Orders[0]
	for i := range o.Items {
		o.Items[i].At = 0
	}
	return fmt.Sprintf("%v %v %s", o.Value, o.Cancelled, bought(o))
}

// What is read of an order, by the names that shops and platforms use.
func TestOrderLines(t *testing.T) {
	const product = `{"event":"product_upsert","id":"p","time":"2026-03-01T10:00:00Z","items":[{"item_id":"S","item_name":"Shoe","item_category":"Home > Shoes","item_brand":"Acme","price":9}]}`
	order := func(rest string) string {
		return `{"event":"purchase","id":"o","time":"2026-03-02T10:00:00Z","contact":"anna@example.com","order":"O1","currency":"EUR",` + rest + `}`
	}
	for name, c := range map[string]struct {
		lines []string
		want  string
	}{
		"all of it": {
			[]string{order(`"coupon":"SPRING","discount":"2.50","shipping":4.99,"tax":0,"items":[{"item_id":"S","price":10,"quantity":3,"discount":1.5,"coupon":"LINE","item_brand":"Other","item_category":"A","item_category2":"B"}]`)},
			`30.00 false [0 S*3 paid 30.00 off 4.50 by "LINE", Other in A > B] "SPRING" off 2.50, shipping 4.99, tax 0.00`},
		"nothing": {
			[]string{order(`"value":5,"items":[{"item_id":"S"}]`)},
			`5.00 false [0 S*1 paid ? off ? by "",  in ] "" off ?, shipping ?, tax ?`},
		"not what the catalogue has: that may come before or after": {
			[]string{product, order(`"items":[{"item_id":"S","price":10}]`)},
			`10.00 false [0 S*1 paid 10.00 off ? by "",  in ] "" off ?, shipping ?, tax ?`},
		"nor what it has afterwards": {
			[]string{product, order(`"items":[{"item_id":"S","price":10,"item_brand":"Acme","item_category":"Home>Shoes"}]`), strings.NewReplacer("Acme", "New", "Shoes", "Boots", `"p"`, `"q"`, "-01T", "-05T").Replace(product)},
			`10.00 false [0 S*1 paid 10.00 off ? by "", Acme in Home > Shoes] "" off ?, shipping ?, tax ?`},
		"several lines of a product": {
			[]string{order(`"coupon":["A","","B"],"items":[{"item_id":"S","price":10,"brand":"X"},{"item_id":"S","price":8,"quantity":2,"coupon":"C","discount":-1},{"item_id":"S","coupon":"D","brand":"Y"}]`)},
			`26.00 false [0 S*4 paid 26.00 off 2.00 by "C", X in ] "A,B" off ?, shipping ?, tax ?`},
		"what cannot be read, or stands for nothing": {
			[]string{order(`"value":5,"coupon":"(not set)","discount":"much","shipping":{},"tax":null,"items":[{"item_id":"S","coupon":"null","discount":[],"item_brand":null}]`)},
			`5.00 false [0 S*1 paid ? off ? by "",  in ] "" off ?, shipping ?, tax ?`},
		"refunds change nothing of it": {
			[]string{
				`{"event":"refund","id":"r","time":"2026-03-03T10:00:00Z","contact":"anna@example.com","order":"O1","value":4,"currency":"EUR"}`,
				order(`"tax":1,"items":[{"item_id":"S","price":10}]`),
				`{"event":"refund","id":"s","time":"2026-03-04T10:00:00Z","contact":"anna@example.com","order":"O1","value":1,"currency":"EUR"}`,
				`{"event":"refund","id":"n","time":"2026-03-04T10:00:00Z","contact":"anna@example.com","order":"N1","value":1,"currency":"EUR"}`},
			`5.00 false [0 S*1 paid 10.00 off ? by "",  in ] "" off ?, shipping ?, tax 1.00`},
		"nor a cancellation, nor a second copy": {
			[]string{
				order(`"tax":1,"items":[{"item_id":"S","price":10}]`),
				strings.Replace(order(`"tax":2,"items":[{"item_id":"S","price":11,"coupon":"C"}]`), `"o"`, `"o2"`, 1),
				`{"event":"cancel","id":"c","time":"2026-03-04T10:00:00Z","contact":"anna@example.com","order":"O1"}`},
			`10.00 true [0 S*1 paid 10.00 off ? by "",  in ] "" off ?, shipping ?, tax 1.00`},
	} {
		e := newEngine(t, engine.Config{})
		apply(e, decode(t, c.lines), 1)
		if got := orderOf(t, e); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
		again := newEngine(t, engine.Config{})
		for _, line := range told(t, e) {
			if err := take(again, line); err != nil {
				t.Fatal(err)
			}
		}
		if got := orderOf(t, again); got != c.want {
			t.Errorf("%s, after an import:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// An import made before orders said more than products and pieces is read as it was.
func TestFactsOfBefore(t *testing.T) {
	e := newEngine(t, engine.Config{})
	for _, line := range []string{
		`{"fact":"export","format":2}`,
		`{"fact":"contact","shop":"default","contact":"anna@example.com"}`,
		`{"fact":"order","shop":"default","time":1772445600000,"contact":"anna@example.com","order":"O1","value":"10.00","currency":"EUR","lines":[{"product":"S","quantity":2}]}`,
	} {
		if err := take(e, line); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := orderOf(t, e), `10.00 false [0 S*2 paid ? off ? by "",  in ] "" off ?, shipping ?, tax ?`; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// The coupons of an order go with whoever is erased, whether it comes before or after, also out of an export that was made before.
func TestErasedCoupons(t *testing.T) {
	const order = `{"event":"purchase","id":"o","time":"2026-03-02T10:00:00Z","contact":"anna@example.com","order":"O1","currency":"EUR","coupon":"ANNA10","tax":1,"items":[{"item_id":"S","price":10,"coupon":"ANNA-S"}]}`
	e := newEngine(t, engine.Config{})
	apply(e, decode(t, []string{order}), 1)
	before := told(t, e)
	if !slices.ContainsFunc(before, func(l string) bool { return strings.Contains(l, "ANNA10") && strings.Contains(l, "ANNA-S") }) {
		t.Fatalf("no coupon in\n%s", strings.Join(before, "\n"))
	}
	erased := erasure(e, models.Time(1772445600000)+models.Hour, "anna@example.com", "")
	late := strings.NewReplacer("O1", "O2", `"o"`, `"o2"`).Replace(order)
	apply(e, decode(t, []string{erased, late}), 1)
	after := strings.Join(told(t, e), "\n")
	if strings.Contains(after, "ANNA") || strings.Count(after, `"paid":"10.00"`) != 2 {
		t.Errorf("after the erasure:\n%s", after)
	}
	for _, line := range before {
		var f models.Fact
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatal(err)
		}
		if e.ScrubFact(&f) {
			for _, l := range f.Lines {
				if f.Coupon != "" || l.Coupon != "" || l.Paid == nil {
					t.Errorf("a scrubbed fact: %+v", f)
				}
			}
		}
	}
}
