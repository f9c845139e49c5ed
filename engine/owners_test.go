package engine

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
	"orrery/models/people"
)

// truth is what a history says about a contact's orders, worked out from all events at once.
type truth struct {
	orders []string // all of them
	live   int      // not cancelled
	bought int      // of these, what has not been given back as a whole
	spent  models.Money
}

// whose returns the contact that an order is of, "" for nobody.
func whose(e *Engine, all []*models.Event, sale *models.Event) string {
	if len(sale.Contact) > 0 {
		return string(sale.Contact)
	}
	rank := func(c string) uint64 {
		if c == "" {
			return 0
		}
		return people.KeyIn(1, e.m.People.ContactHash(e.m.People.Contact(1, []byte(c))))
	}
	var past, first *models.Event
	newer := func(a, b *models.Event) bool {
		return b == nil || a.Time > b.Time || a.Time == b.Time && rank(string(a.Contact)) > rank(string(b.Contact))
	}
	for _, ev := range all {
		if string(ev.Visitor) != string(sale.Visitor) || len(ev.Contact) == 0 && ev.Kind != models.Logout {
			continue
		}
		if ev.Time <= sale.Time && newer(ev, past) {
			past = ev
		}
		if first == nil || newer(first, ev) {
			first = ev
		}
	}
	switch {
	case past != nil:
		return string(past.Contact)
	case first != nil:
		return string(first.Contact)
	}
	return ""
}

func truths(e *Engine, all []*models.Event) (of map[string]truth, buyers int) {
	of = map[string]truth{}
	strangers := map[string]bool{}
	for _, sale := range all {
		if sale.Kind != models.Purchase {
			continue
		}
		given, cancelled := models.Money(0), false
		for _, ev := range all {
			if string(ev.Order) == string(sale.Order) {
				cancelled = cancelled || ev.Kind == models.Cancel
				if ev.Kind == models.Refund {
					given += ev.Value
				}
			}
		}
		c := whose(e, all, sale)
		x := of[c]
		x.orders = append(x.orders, string(sale.Order))
		if !cancelled {
			x.live++
			x.spent += max(0, sale.Value-given)
			if given == 0 || given < sale.Value {
				x.bought++
			}
			if c == "" {
				strangers[string(sale.Visitor)] = true
			}
		}
		of[c] = x
	}
	buyers = len(strangers)
	for c, x := range of {
		if c != "" && x.live > 0 {
			buyers++
		}
	}
	return of, buyers
}

// Every figure about a contact, in every answer, follows from the same orders: those that name the contact, and those of a
// browser that name nobody while the contact was on it, or was the first to be; however the events interleave, and after a restart.
func TestOneTruthAboutOrders(t *testing.T) {
	Alone(t)
	rapid.Check(t, func(t *rapid.T) {
		streams := genStreams(t)
		for v := range rapid.IntRange(0, 2).Draw(t, "logouts") {
			out := &models.Event{Kind: models.Logout, Name: []byte("logout"), Visitor: id("v", 1+v), Time: dayZero + models.Time(rapid.IntRange(0, 12).Draw(t, "half day"))*models.Day/2}
			// A logout before anybody is known of says nothing: it comes behind the first login.
			if i := slices.IndexFunc(streams, func(s []*models.Event) bool {
				return len(s) > 0 && s[0].Kind == models.Identify && string(s[0].Visitor) == string(out.Visitor)
			}); i >= 0 {
				streams[i] = append(streams[i], out)
			}
		}
		e := newTestEngine(nil)
		events := interleave(t, streams)
		cut := rapid.IntRange(0, len(events)).Draw(t, "restart")
		apply(e, events[:cut])
		again := newTestEngine(nil)
		for _, section := range e.Freeze() {
			var b bytes.Buffer
			if _, err := section.Data.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			if err := again.Restore(section.Name, section.Version, &b); err != nil {
				t.Fatal(err)
			}
		}
		e = again
		apply(e, events[cut:])
		want, buyers := truths(e, slices.Concat(streams...))
		if s := e.Stats(); s.Buyers != uint64(buyers) {
			t.Fatalf("%d buyers, want %d", s.Buyers, buyers)
		}
		exported := map[string]int32{}
		e.EachContact(nil, 0, dayZero, func(id []byte, p *models.Profile) bool {
			if p.Customer != nil {
				exported[string(id)] = int32(p.Customer.Orders)
			}
			return true
		})
		for c := 1; c <= 4; c++ {
			name := id("c", c)
			p, known := e.Contact(nil, name, dayZero)
			x := want[string(name)]
			if !known {
				if len(x.orders) > 0 {
					t.Fatalf("%s is not known", name)
				}
				continue
			}
			var listed []string
			for _, o := range p.Orders {
				listed = append(listed, o.Order)
			}
			slices.Sort(listed)
			slices.Sort(x.orders)
			who := people.Person{Contact: e.m.People.FindContact(1, name)}
			r := e.m.People.Reader()
			customer := int32(0)
			if p.Customer != nil {
				customer = int32(p.Customer.Orders)
			}
			got := fmt.Sprint(listed, p.OrderCount, p.Spent[euro], r.Summary(who).Orders, customer, exported[string(name)])
			if all := fmt.Sprint(x.orders, x.live, x.spent, x.live, x.bought, x.bought); got != all {
				t.Fatalf("%s: orders, count, spent, summary, customer, export are\n%s, want\n%s", name, got, all)
			}
		}
		for v := 1; v <= 4; v++ { // a browser's answer is that of whoever is on it
			visitor, _ := e.Visitor(nil, id("v", v), dayZero)
			if visitor.Contact == "" {
				continue
			}
			contact, _ := e.Contact(nil, []byte(visitor.Contact), dayZero)
			if visitor.OrderCount != contact.OrderCount || !maps.Equal(visitor.Spent, contact.Spent) {
				t.Fatalf("v%d: %d orders, of the contact %d", v, visitor.OrderCount, contact.OrderCount)
			}
		}
	})
}
