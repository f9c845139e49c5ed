package people

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

// chainOf returns the times of an owner's orders as the chain has them.
func chainOf(p *People, who owner) (times []models.Time) {
	for order := p.newestOrder(who); order != 0; order = p.orders.older(order) {
		times = append(times, p.orders.time(order))
	}
	return times
}

// A chain is sorted from the newest to the oldest, whatever order they came in, how long it is, and where a restart lies.
func TestChainIsSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := New(Config{})
		v := p.Visitor(1, []byte("v"))
		var want []models.Time
		n := rapid.IntRange(1, 900).Draw(t, "orders")
		kind := rapid.SampledFrom([]string{"falling", "rising", "any"}).Draw(t, "kind")
		restart := rapid.IntRange(0, 2*n).Draw(t, "restart")
		any := rapid.Uint32Range(0, 400)
		for i := range n {
			at := models.Time(i)
			switch kind {
			case "falling":
				at = models.Time(n - i/2)
			case "any":
				at = models.Time(any.Draw(t, "at"))
			}
			at = start + at*models.Second
			p.Purchase(v, &Order{Hash: uint64(i + 1), Time: at})
			want = append(want, at)
			if i == restart {
				var b bytes.Buffer
				if _, err := p.Freeze().WriteTo(&b); err != nil {
					t.Fatal(err)
				}
				p = New(Config{})
				if err := p.ReadVersion(&b, 11); err != nil {
					t.Fatal(err)
				}
			}
		}
		slices.Sort(want)
		slices.Reverse(want)
		if got := chainOf(p, visitorOwner(v)); !slices.Equal(got, want) {
			t.Fatalf("%d orders stand as %v, want %v", n, got, want)
		}
	})
}

// F12: an order with an earlier time than all before it costs no more with 100,000 of them than with a hundred.
func TestF12FallingOrders(t *testing.T) {
	const orders = 100_000
	for _, contact := range []bool{false, true} {
		p := New(Config{})
		v, c := p.Visitor(1, []byte("v")), uint32(0)
		if contact {
			c = p.Contact(1, []byte("c"))
			p.Link(v, c, start)
		}
		most := 0
		for i := range orders {
			p.steps = 0
			id := fmt.Appendf(nil, "o%d", i)
			p.Purchase(v, &Order{Hash: p.HashOf(1, id), ID: id, Contact: c, Time: start + models.Time(orders-i)*models.Second})
			most = max(most, p.steps)
		}
		if most > 2*shortWalk {
			t.Errorf("an order of a contact %t took %d steps, want %d at most", contact, most, 2*shortWalk)
		}
	}
}
