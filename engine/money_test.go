package engine_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/engine"
	"orrery/models"
)

// TestC15Refunds: a second refund takes what is left of its order, and the rest is counted apart.
func TestC15Refunds(t *testing.T) {
	r := newRightsRig(t, engine.Config{})
	r.must("secret", noon, `{"event":"purchase","contact":"a@x.example","order":"O1","value":33.83,"currency":"USD","items":[{"item_id":"A","price":16.13},{"item_id":"B","price":17.7}]}`)
	r.must("secret", noon, `{"event":"refund","contact":"a@x.example","order":"O1","value":16.13,"currency":"USD","items":[{"item_id":"A","price":16.13}]}`)
	r.must("secret", noon, `{"event":"refund","contact":"a@x.example","order":"O1","value":33.83,"currency":"USD"}`)
	p, _ := r.e.Contact(nil, []byte("a@x.example"), noon)
	st := r.e.Stats()
	if p.Orders[0].Value != 0 || p.Spent["USD"] != 0 || st.Revenue["USD"] != 0 {
		t.Errorf("order %v, spent %v, revenue %v", p.Orders[0].Value, p.Spent, st.Revenue)
	}
	if st.OverRefunds != 1 || st.OverRefunded["USD"] != 16_130_000 || len(st.OverRefunded) != 1 {
		t.Errorf("%d orders are refunded beyond their value, by %v", st.OverRefunds, st.OverRefunded)
	}
	r.must("secret", noon, `{"event":"cancel","contact":"a@x.example","order":"O1"}`)
	if st := r.e.Stats(); st.OverRefunds != 0 || len(st.OverRefunded) != 0 || st.Revenue["USD"] != 0 {
		t.Errorf("cancelled: %d, %v, revenue %v", st.OverRefunds, st.OverRefunded, st.Revenue)
	}
}

// TestF9Sums: no sum wraps around, and what made it too large can be taken back.
func TestF9Sums(t *testing.T) {
	r := newRightsRig(t, engine.Config{})
	for i := range 40 {
		r.must("secret", noon, `{"event":"purchase","visitor":"v","contact":"c","order":"m%d","value":1e12,"currency":"EUR"}`, i)
	}
	check := func(revenue models.Money) {
		t.Helper()
		p, _ := r.e.Contact(nil, []byte("c"), noon)
		if st := r.e.Stats(); st.Revenue["EUR"] != revenue || p.Spent["EUR"] != revenue || p.Customer != nil && p.Customer.Spent < 0 {
			t.Errorf("revenue %v, spent %v, want %v", st.Revenue, p.Spent, revenue)
		}
	}
	check(math.MaxInt64)
	again := newEngine(t, engine.Config{})
	restore(t, again, save(t, r.e))
	r.e = again
	check(math.MaxInt64)
	for i := 5; i < 40; i++ {
		r.must("secret", noon, `{"event":"cancel","contact":"c","order":"m%d"}`, i)
	}
	check(5e18)
}

// TestConflicts: one id twice is one order, unless both the contact and the value are others.
func TestConflicts(t *testing.T) {
	f := func(orders uint64, conflicts uint64, revenue models.Money, purchases ...string) {
		t.Helper()
		for range 2 {
			r := newRightsRig(t, engine.Config{})
			for i, p := range purchases {
				r.must("secret", noon+models.Time(i)*models.Minute, `{"event":"purchase","order":"O",%s,"currency":"EUR"}`, p)
			}
			st := r.e.Stats()
			if st.Orders != orders || st.OrderConflicts != conflicts || st.Revenue["EUR"] != revenue*models.Micros {
				t.Errorf("%v: %d orders, %d conflicts, revenue %v", purchases, st.Orders, st.OrderConflicts, st.Revenue)
			}
			slices.Reverse(purchases)
		}
	}
	f(1, 0, 20, `"contact":"a","value":20`, `"contact":"a","value":20`)
	f(1, 0, 20, `"contact":"a","value":20`, `"visitor":"v","value":20`)
	f(1, 0, 20, `"contact":"a","value":20`, `"contact":"b","value":20`) // a mistyped address
	f(2, 1, 50, `"contact":"a","value":20`, `"contact":"b","value":30`)
	f(2, 1, 50, `"contact":"a","value":20`, `"contact":"b","value":30`, `"contact":"b","value":30`, `"contact":"a","value":20`)
	f(3, 2, 90, `"contact":"a","value":20`, `"contact":"b","value":30`, `"contact":"c","value":40`)

	r := newRightsRig(t, engine.Config{})
	r.must("secret", noon, `{"event":"purchase","order":"O","contact":"a","value":20,"currency":"EUR"}`)
	r.must("secret", noon, `{"event":"purchase","order":"O","contact":"b","value":30,"currency":"EUR"}`)
	r.must("secret", noon, `{"event":"refund","order":"O","contact":"b","value":30,"currency":"EUR"}`)
	if st := r.e.Stats(); st.Revenue["EUR"] != 20*models.Micros || st.OrderConflictValue["EUR"] != 30*models.Micros || st.OverRefunds != 0 {
		t.Errorf("a refund of the second one: %v, %v", st.Revenue, st.OrderConflictValue)
	}
}

// TestRefundsInAnyOrder: money after refunds and cancellations does not depend on what comes first.
func TestRefundsInAnyOrder(t *testing.T) {
	engine.Alone(t)
	rapid.Check(t, func(rt *rapid.T) {
		var events []string
		for i := range rapid.IntRange(1, 3).Draw(rt, "orders") {
			events = append(events, fmt.Sprintf(`{"event":"purchase","contact":"c","order":"O%d","value":%d,"currency":"EUR"}`, i, rapid.IntRange(0, 9).Draw(rt, "value")))
			for range rapid.IntRange(0, 3).Draw(rt, "refunds") {
				events = append(events, fmt.Sprintf(`{"event":"refund","contact":"c","order":"O%d","value":%d,"currency":"EUR"}`, i, rapid.IntRange(0, 9).Draw(rt, "refund")))
			}
			if rapid.IntRange(0, 3).Draw(rt, "cancelled") == 0 {
				events = append(events, fmt.Sprintf(`{"event":"cancel","contact":"c","order":"O%d"}`, i))
			}
		}
		sums := func(list []string) string {
			r := newRightsRig(t, engine.Config{})
			for _, e := range list {
				r.must("secret", noon, `%s`, e)
			}
			st := r.e.Stats()
			if st.Revenue["EUR"] < 0 {
				rt.Fatalf("revenue %v", st.Revenue)
			}
			return fmt.Sprint(st.Revenue, st.OverRefunds, st.OverRefunded, st.Orders)
		}
		if got, want := sums(rapid.Permutation(events).Draw(rt, "order")), sums(events); got != want {
			rt.Fatalf("%s, in their order %s", got, want)
		}
	})
}
