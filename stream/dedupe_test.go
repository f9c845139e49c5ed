package stream

import (
	"bytes"
	"testing"

	"orrery/models"
	"orrery/models/intern"
)

// TestIDsOfStrangers: F3g of the attack report. An id that somebody guesses is not used up for the shop.
func TestIDsOfStrangers(t *testing.T) {
	key := func(record string) uint64 {
		var e models.Event
		if err := e.Decode([]byte(record), models.MinTime); err != nil {
			t.Fatal(err)
		}
		return dedupeKey(&e)
	}
	s := newSeen(100, intern.Seed{})
	for _, id := range []string{"order-1001", "order-1002", "~00000000000000f3", "~0000000000000000"} {
		body := `{"event":"purchase","visitor":"v","value":1,"id":"` + id + `"`
		if !s.add(key(body+`,"trust":"public"}`)) || !s.add(key(body+`}`)) {
			t.Errorf("%s: the shop's id is the stranger's", id)
		}
		if s.add(key(body+`,"trust":"signed"}`)) || s.add(key(body+`,"trust":"secret"}`)) {
			t.Errorf("%s: sent again it is new", id)
		}
	}
}

// TestSeenOfBefore: sets that were written without the bit know the shop's ids still.
func TestSeenOfBefore(t *testing.T) {
	old := newSeen(100, intern.Seed{})
	hashes := []uint64{1, 2 << 40, 3 << 40, 1<<63 | 1}
	for _, h := range hashes {
		old.sets[0].add(h, h)
	}
	var file bytes.Buffer
	frozen := old.freeze()
	if _, err := frozen.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	frozen.close()
	s := newSeen(100, intern.Seed{})
	if err := s.restore(&file, 1); err != nil {
		t.Fatal(err)
	}
	for _, h := range hashes {
		if s.add(h &^ publicID) {
			t.Errorf("%x is not known", h)
		}
		if h != 1 && !s.add(h|publicID) {
			t.Errorf("%x of a stranger is known", h)
		}
	}
}
