package serve

import (
	"fmt"
	"strings"
	"testing"

	"orrery/models"
)

// F13: an event is refused by its index where the log would never take it, what a server adds included, and its neighbours
// are taken. Every record that is taken fits the log, and is understood by whoever reads it.
func TestF13LargeEvents(t *testing.T) {
	shop := strings.Repeat("<", models.MaxShop) // each byte takes six as JSON
	r := newRig(t, Config{Keys: []Key{{Shop: shop, Write: "w", Secret: "s"}}})
	for _, size := range []int{models.MaxSent - 1, models.MaxSent, models.MaxSent + 1, 995_905, 1_000_000, 1_048_576, 1_048_577} {
		head := `{"event":"page_view","visitor":"` + strings.Repeat("v", models.MaxID) + `","x":"`
		large := head + strings.Repeat("y", size-len(head)-2) + `"}`
		before := len(r.fake.taken())
		want := `{"accepted":2,"rejected":[]}`
		if size > models.MaxSent {
			want = fmt.Sprintf(`{"accepted":1,"rejected":[{"index":0,"code":"too_large","message":"the event has more than %d bytes"}]}`, models.MaxSent)
		}
		r.expect("POST", "/v1/events", "["+large+","+viewEvent+"]", 202, want, "Authorization: Bearer s", "User-Agent: Googlebot/2.1")
		for i, rec := range r.fake.taken()[before:] {
			var e models.Event
			if n := len(rec.Key) + len(rec.Value); n > models.MaxAppend {
				t.Errorf("event of %d bytes: record %d has %d bytes: more than the log takes", size, i, n)
			} else if err := e.Decode(rec.Value, 1); err != nil || string(e.Shop) != shop {
				t.Errorf("event of %d bytes: record %d: %v", size, i, err)
			}
		}
	}
	r.fake.set(func() { r.fake.logErr = models.ErrTooLarge })
	r.expect("POST", "/v1/events", viewEvent, 413, `{"error":{"code":"too_large","message":"an event is larger than the log takes: nothing was taken"}}`, "Authorization: Bearer s")
}
