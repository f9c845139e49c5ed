package outlook

import (
	"fmt"
	"testing"

	"orrery/churn/session"
	"orrery/models"
	"orrery/models/people"
)

// A shop has as many pending forecasts as the README's memory is reckoned with, and not one more; what found no room is counted, and
// other shops have theirs.
func TestPendingAreBounded(t *testing.T) {
	p := people.New(people.Config{})
	h := New(p, session.New(p, nil), nil)
	f := func(shop uint32, pending uint64, lost uint64) {
		t.Helper()
		h.pace(shop).pending = pending
		for n := range 1000 { // one event in eight
			ev := &models.Event{ID: fmt.Appendf(nil, "%d/%d/%d", shop, pending, n), Time: 20_000 * models.Day}
			if chance := ev.IDHash() * 0xd6e8feb86659fd93; (chance>>40)%8 == 0 && chance>>8&0xffff < 0x8000 { // and is made after a silence
				h.Behave(shop, uint32(1000*shop)+uint32(n)+1, ev)
				break
			}
		}
		if h.Dropped() != lost {
			t.Errorf("shop %d with %d pending forecasts: %d dropped, want %d", shop, pending, h.Dropped(), lost)
		}
	}
	f(1, 1<<18-1, 0)
	f(1, 1<<18, 1)
	f(2, 0, 1)
}
