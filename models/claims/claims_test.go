package claims

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

func frozen(t *testing.T, b *Book) *Book {
	t.Helper()
	var buf bytes.Buffer
	if _, err := b.Freeze().WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	again := New()
	if err := again.ReadVersion(&buf, 12); err != nil {
		t.Fatal(err)
	}
	return again
}

// state is what a book says, in an order of its own.
func (b *Book) state(now models.Time, orders uint64) string {
	var lines []string
	for order := range orders {
		for _, c := range b.Of(order, now) {
			lines = append(lines, fmt.Sprint(*c))
		}
	}
	for visitor := range uint64(5) {
		list := b.LentTo(visitor)
		lines = append(lines, fmt.Sprint(visitor, len(list)))
	}
	slices.Sort(lines)
	open, confirmed, expired, displaced := b.Counts()
	return fmt.Sprint(lines, open, confirmed, expired, displaced)
}

// TestAnyOrder: what is known of claims does not depend on the order in which they and their orders come, nor on restarts.
func TestAnyOrder(t *testing.T) {
	const orders = 6
	now := models.MinTime + 100*models.Day
	rapid.Check(t, func(rt *rapid.T) {
		var list []Claim
		for i := range rapid.IntRange(0, 20).Draw(rt, "claims") {
			list = append(list, Claim{
				Order: uint64(i % orders), Visitor: uint64(i / orders), Shop: uint32(i%orders) % 2,
				Time: now - models.Time(rapid.IntRange(0, 9).Draw(rt, "days"))*models.Day,
			})
		}
		come := rapid.SliceOfDistinct(rapid.Uint64Range(0, orders-1), rapid.ID).Draw(rt, "orders that come")
		fold := func(list []Claim, restart int) string {
			b := New()
			for i, c := range list {
				if i == restart {
					b = frozen(t, b)
				}
				if kept := b.Add(c, now); kept != nil && slices.Contains(come, c.Order) {
					b.Confirm(kept, uint32(c.Order)+1)
					b.Lend(kept)
				}
			}
			b.Advance(now)
			return b.state(now, orders)
		}
		want := fold(list, -1)
		shuffled := rapid.Permutation(list).Draw(rt, "permutation")
		if got := fold(shuffled, rapid.IntRange(0, 20).Draw(rt, "restart")); got != want {
			rt.Fatalf("%s, in their order %s", got, want)
		}
	})
}

func TestBounds(t *testing.T) {
	b, now := New(), models.MinTime+100*models.Day
	for i := range Most + 10 {
		b.Add(Claim{Order: uint64(i), Visitor: 1, Shop: 1, Time: now - models.Time(i)}, now) // the oldest come last
	}
	open, _, _, displaced := b.Counts()
	if open != Most || displaced != 10 || b.Of(0, now) == nil || b.Of(Most+5, now) != nil {
		t.Errorf("%d open, %d made room", open, displaced)
	}
	for v := range uint64(PerOrder + 3) {
		b.Add(Claim{Order: 1 << 40, Visitor: v, Shop: 2, Time: now}, now)
	}
	if n := len(b.Of(1<<40, now)); n != PerOrder {
		t.Errorf("%d claims of one order", n)
	}
	b.Advance(now + Keep + models.Day)
	if open, _, expired, _ := b.Counts(); open != 0 || expired != Most+PerOrder || len(b.byOrder) != 0 {
		t.Errorf("after a week: %d open, %d expired, %d orders", open, expired, len(b.byOrder))
	}
	if err := New().ReadVersion(bytes.NewReader(make([]byte, 3)), 11); err == nil {
		t.Error("half a head is read")
	}
}

// K6: who claims every order is lent to a few, so that what a view of his costs is bounded.
func TestLentIsBounded(t *testing.T) {
	b := New()
	lent := 0
	for i := range 10_000 {
		if c := b.Add(Claim{Order: uint64(i + 1), Visitor: 7, Time: models.MinTime, Shop: 1}, models.MinTime); b.Lend(c) {
			lent++
		}
	}
	if n := len(b.LentTo(7)); n != MaxLent || lent != MaxLent {
		t.Errorf("lent %d times, %d kept, want %d", lent, n, MaxLent)
	}
	if c := b.Add(Claim{Order: 1 << 40, Visitor: 8, Time: models.MinTime, Shop: 1}, models.MinTime); !b.Lend(c) {
		t.Error("another visitor is lent to none")
	}
}
