package base

import "testing"

// The ring keeps the newest changes and counts what nobody fetched in time.
func TestChangesRing(t *testing.T) {
	r := newChanges()
	for i := range uint32(maxChanges + 10) {
		r.note(change{contact: i, band: noBand})
	}
	list, next := r.pending(1 << 30)
	if len(list) != maxChanges-1 || list[0].contact != 11 || next != maxChanges+10 || r.Lost() != 11 {
		t.Errorf("%d changes from %d on, next %d, %d lost", len(list), list[0].contact, next, r.Lost())
	}
	if again, _ := r.pending(1 << 30); len(again) != len(list) || r.Lost() != 11 { // nobody has taken them
		t.Errorf("%d changes at the second time, %d lost", len(again), r.Lost())
	}
	r.Acknowledge(next)
	if list, _ := r.pending(10); len(list) != 0 {
		t.Errorf("%d changes after all were told", len(list))
	}
}
