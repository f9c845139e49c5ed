package people

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

// result is everything that a history amounts to.
type result struct {
	Sessions int
	Together map[string]int // pairs of products: sessions
	Before   map[string]int // product and order: 1
	Orders   int
	Buyers   int
	Revenue  map[uint32]models.Money
	Carts    map[string]string
	Viewed   map[string]string
	Bought   map[string]string
}

func newResult() result {
	return result{
		Together: map[string]int{}, Before: map[string]int{}, Revenue: map[uint32]models.Money{},
		Carts: map[string]string{}, Viewed: map[string]string{}, Bought: map[string]string{},
	}
}

func pairKey(a, b uint32) string { return fmt.Sprintf("%d+%d", min(a, b), max(a, b)) }

func contactID(c int) []byte { return fmt.Appendf(nil, "c%d", c) }
func visitorID(v int) []byte { return fmt.Appendf(nil, "v%d", v) }

// oracle works a history out as simply as can be: all events in a slice, nested loops, no state.
type oracle struct{ events []event }

func (o oracle) result() result {
	r := newResult()
	o.sessions(&r)
	o.joins(&r)
	o.money(&r)
	o.persons(&r)
	return r
}

func (o oracle) all(kinds ...string) (found []event) {
	for _, e := range o.events {
		if slices.Contains(kinds, e.kind) {
			found = append(found, e)
		}
	}
	return found
}

// visitors and contacts that occur.
func (o oracle) visitors() map[int]bool {
	found := map[int]bool{}
	for _, e := range o.events {
		found[e.visitor] = true
	}
	return found
}

func (o oracle) sessions(r *result) {
	for v := range o.visitors() {
		var session []event
		end := func() {
			if len(session) > 0 {
				r.Sessions++
			}
			seen := map[uint32]bool{}
			for _, e := range session {
				if e.kind == "view" {
					seen[e.item] = true
				}
			}
			for a := range seen {
				for b := range seen {
					if a < b {
						r.Together[pairKey(a, b)]++
					}
				}
			}
			session = nil
		}
		for _, e := range o.all("view", "add", "remove", "other") {
			if e.visitor != v {
				continue
			}
			if n := len(session); n > 0 && e.t-session[n-1].t > 30*models.Minute {
				end()
			}
			session = append(session, e)
		}
		end()
	}
}

// linked tells whether a contact ever logged in on a visitor.
func (o oracle) linked(v, c int) bool {
	for _, e := range o.events {
		if e.visitor == v && e.contact == c && c != 0 {
			return true
		}
	}
	return false
}

// orders returns the orders, each once.
func (o oracle) orders() (orders []event) {
	for _, e := range o.all("order") {
		if !slices.ContainsFunc(orders, func(x event) bool { return x.order == e.order }) {
			orders = append(orders, e)
		}
	}
	return orders
}

func (o oracle) cancelled(order event) bool {
	return slices.ContainsFunc(o.all("cancel"), func(e event) bool { return e.order == order.order })
}

// counts tells whether views of a visitor count for an order.
func (o oracle) counts(v int, order event) bool {
	if order.contact != 0 {
		return o.linked(v, order.contact)
	}
	if v == order.visitor {
		return true
	}
	for c := 1; c <= 9; c++ {
		if o.linked(v, c) && o.linked(order.visitor, c) {
			return true
		}
	}
	return false
}

func (o oracle) joins(r *result) {
	for _, order := range o.orders() {
		for _, view := range o.all("view") {
			if o.counts(view.visitor, order) && view.t <= order.t && order.t <= view.t+30*models.Day {
				r.Before[fmt.Sprintf("%d before %s", view.item, order.order)] = 1
			}
		}
	}
}

func (o oracle) money(r *result) {
	for _, e := range o.orders() {
		if !o.cancelled(e) {
			r.Orders++
			r.Revenue[e.currency] += e.amount
		}
	}
	for _, e := range o.all("refund") {
		// An order that never came has the currency of the first refund of it.
		currency := e.currency
		for _, x := range append(o.orders(), o.all("refund")...) {
			if x.order == e.order {
				currency = x.currency
				break
			}
		}
		if !o.cancelled(e) || currency != e.currency {
			r.Revenue[e.currency] -= e.amount
		}
	}
	maps.DeleteFunc(r.Revenue, func(_ uint32, m models.Money) bool { return m == 0 })
}

// plain knows ids by unseeded hashes.
var plain = New(Config{})

// owner returns the contact that what names nobody on a visitor at a moment is of, 0 where it has none.
func (o oracle) owner(v int, t models.Time) int {
	var past, first event
	newer := func(a, b event) bool {
		return b.contact == 0 || a.t > b.t || a.t == b.t && plain.HashOf(0, contactID(a.contact)) > plain.HashOf(0, contactID(b.contact))
	}
	for _, e := range o.events {
		if e.visitor != v || e.contact == 0 {
			continue
		}
		if e.t <= t && newer(e, past) {
			past = e
		}
		if first.contact == 0 || !newer(e, first) {
			first = e
		}
	}
	if past.contact != 0 {
		return past.contact
	}
	return first.contact
}

// person returns who an order is of, "v1" or "c1".
func (o oracle) person(order event) string {
	if order.contact != 0 {
		return string(contactID(order.contact))
	}
	return o.self(order.visitor, order.t)
}

func (o oracle) self(v int, t models.Time) string {
	if c := o.owner(v, t); c != 0 {
		return string(contactID(c))
	}
	return string(visitorID(v))
}

func (o oracle) persons(r *result) {
	buyers, bought := map[string]bool{}, map[string][]uint32{}
	for _, e := range o.orders() {
		if !o.cancelled(e) {
			buyers[o.person(e)] = true
			bought[o.person(e)] = append(bought[o.person(e)], e.items...)
		}
	}
	r.Buyers = len(buyers)
	for who, items := range bought {
		r.Bought[who] = sorted(items)
	}
	viewed := map[string][]uint32{}
	persons := map[string]bool{}
	for v := range o.visitors() {
		for item := uint32(1); item <= 5; item++ {
			for _, span := range o.spans(v, item) {
				for _, who := range []string{o.self(v, span[0]), o.self(v, span[1])} {
					if !slices.Contains(viewed[who], item) {
						viewed[who] = append(viewed[who], item)
					}
				}
			}
		}
		for _, e := range o.events {
			if e.visitor == v {
				persons[o.self(v, e.t)] = true
			}
		}
	}
	for who := range persons {
		r.Viewed[who], r.Carts[who] = sorted(viewed[who]), o.cart(who)
	}
	maps.DeleteFunc(r.Bought, func(_, s string) bool { return s == "[]" })
	maps.DeleteFunc(r.Viewed, func(_, s string) bool { return s == "[]" })
	maps.DeleteFunc(r.Carts, func(_, s string) bool { return s == "map[]" })
}

// spans returns the intervals of views of a product without a gap longer than Window.
func (o oracle) spans(v int, item uint32) (spans [][2]models.Time) {
	for _, e := range o.all("view") {
		if e.visitor != v || e.item != item {
			continue
		}
		if n := len(spans); n > 0 && e.t-spans[n-1][1] <= 30*models.Day {
			spans[n-1][1] = e.t
			continue
		}
		spans = append(spans, [2]models.Time{e.t, e.t})
	}
	return spans
}

func sorted(items []uint32) string {
	items = slices.Clone(items)
	slices.Sort(items)
	return fmt.Sprint(items)
}

// cart returns what lies in a person's cart: on each device what the person put there after the own newest order; of a product on
// two devices what was put there last, of the same second the more.
func (o oracle) cart(who string) string {
	type line struct {
		t        models.Time
		quantity int
	}
	cart := map[uint32]line{}
	cutoff := models.Time(0)
	for _, e := range o.orders() {
		if o.person(e) == who {
			cutoff = max(cutoff, e.t)
		}
	}
	for v := 1; v <= 9; v++ {
		own := map[uint32]line{}
		for _, e := range o.all("add", "remove") {
			if e.visitor != v || e.t <= cutoff || o.self(v, e.t) != who {
				continue
			}
			by := int(e.quantity)
			if e.kind == "remove" {
				by = -by
			}
			own[e.item] = line{e.t, max(0, own[e.item].quantity+by)}
		}
		for item, l := range own {
			if had, ok := cart[item]; l.quantity > 0 && (!ok || l.t > had.t || l.t == had.t && l.quantity > had.quantity) {
				cart[item] = l
			}
		}
	}
	out := map[uint32]int{}
	for item, l := range cart {
		out[item] = l.quantity
	}
	return fmt.Sprint(out)
}

// fold applies events to the state and adds up what it says.
type fold struct {
	p *People
	r result
}

func newFold() *fold {
	return &fold{p: New(Config{Logins: maxLogins}), r: newResult()} // exactly as the oracle
}

func (f *fold) before(pairs []Pair) {
	for _, p := range pairs {
		f.r.Before[fmt.Sprintf("%d before %s", p.Viewed, f.p.orderFacts(p.Order).ID)]++
	}
}

func (f *fold) money(changes []Change) {
	for _, c := range changes {
		f.r.Revenue[c.Currency] += c.Amount
	}
}

func (f *fold) apply(e event) {
	p := f.p
	v, c := p.Visitor(1, visitorID(e.visitor)), uint32(0)
	if e.contact != 0 {
		c = p.Contact(1, contactID(e.contact))
		f.before(p.Link(v, c, e.t))
	}
	p.Seen(v, e.t)
	order := p.HashOf(1, []byte(e.order))
	switch e.kind {
	case "view", "add", "remove", "other":
		p.Behave(v, e.t)
	}
	switch e.kind {
	case "view":
		first, session, before := p.View(v, e.item, e.t)
		for _, other := range session {
			if !first {
				panic("pairs of a later view")
			}
			f.r.Together[pairKey(e.item, other)]++
		}
		f.before(before)
	case "add":
		p.AddToCart(v, e.item, e.quantity, e.t)
	case "remove":
		p.RemoveFromCart(v, e.item, e.quantity, e.t)
	case "order":
		o := Order{Hash: order, ID: []byte(e.order), Contact: c, Time: e.t, Value: e.amount, Currency: e.currency}
		for _, item := range e.items {
			o.Lines = append(o.Lines, Line{Item: item, Quantity: 1})
		}
		viewed, changes, _ := p.Purchase(v, &o)
		f.before(viewed)
		f.money(changes)
	case "refund":
		f.money(p.Refund(order, e.amount, e.currency, 0))
	case "cancel":
		f.money(p.Cancel(order))
	}
}

// result returns what the state and its answers amount to.
func (f *fold) result() result {
	t := f.p.Totals()
	f.r.Sessions, f.r.Orders, f.r.Buyers = int(t.Sessions), int(t.Orders), int(t.Buyers)
	r := f.p.Reader()
	for n := 1; n <= 9; n++ {
		f.ask(r, string(contactID(n)), f.p.Find(1, nil, contactID(n)))
		if who := f.p.Find(1, visitorID(n), nil); who.Contact == 0 {
			f.ask(r, string(visitorID(n)), who)
		}
	}
	maps.DeleteFunc(f.r.Revenue, func(_ uint32, m models.Money) bool { return m == 0 })
	return f.r
}

func (f *fold) ask(r *Reader, name string, who Person) {
	if who == (Person{}) {
		return
	}
	var items []uint32
	r.Bought(who, func(item uint32, _ models.Time) { items = append(items, item) })
	if len(items) > 0 {
		f.r.Bought[name] = sorted(items)
	}
	items = items[:0]
	for _, e := range r.Viewed(who) {
		items = append(items, e.ID)
	}
	if len(items) > 0 {
		f.r.Viewed[name] = sorted(items)
	}
	cart := map[uint32]int{}
	for _, e := range r.Cart(who) {
		cart[e.ID] = int(e.Aux)
	}
	if len(cart) > 0 {
		f.r.Carts[name] = fmt.Sprint(cart)
	}
}

func (r result) String() string {
	return fmt.Sprintf("sessions %d, together %v\nbefore %v\norders %d, buyers %d, revenue %v\ncarts %v\nviewed %v\nbought %v",
		r.Sessions, r.Together, r.Before, r.Orders, r.Buyers, r.Revenue, r.Carts, r.Viewed, r.Bought)
}

// Whatever way the topics interleave, everything that the state says is what the events say together.
func TestEveryInterleaving(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := genHistory(t)
		var want string
		for n := range 3 {
			events := h.interleave(t)
			f := newFold()
			for _, e := range events {
				f.apply(e)
			}
			if n == 0 {
				want = oracle{slices.Concat(h.streams...)}.result().String()
			}
			if got := f.result().String(); got != want {
				t.Fatalf("the state says\n%s\nwant\n%s\nafter%v", got, want, events)
			}
		}
	})
}
