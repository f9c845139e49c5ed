package serve

import (
	"strings"
	"sync/atomic"
	"testing"

	"orrery/models"
)

// memory is a Room that knows visitors whose ids begin with "old".
type memory struct{ full atomic.Bool }

func (m *memory) Full() bool { return m.full.Load() }

func (m *memory) Knows(shop []byte, e *models.Event) bool {
	return string(shop) == "north" && strings.HasPrefix(string(e.Visitor), "old")
}

// While there is no memory, the public key's new names are refused by index, what is known goes on, and so do the shop's own
// servers; a request of new names only is to be sent again.
func TestNoRoom(t *testing.T) {
	room := new(memory)
	r := newRig(t, Config{Keys: []Key{{Shop: "north", Write: "w", Secret: "s"}, {Operator: "op"}}})
	r.server.deps.Room = room
	f := func(key, visitors string, status int, want string) {
		t.Helper()
		var events []string
		for _, v := range strings.Fields(visitors) {
			events = append(events, `{"event":"page_view","visitor":"`+v+`"}`)
		}
		r.expect("POST", "/v1/events", "["+strings.Join(events, ",")+"]", status, want, "Authorization: Bearer "+key)
	}
	f("w", "new1 old1", 202, `{"accepted":2,"rejected":[]}`)
	room.full.Store(true)
	f("w", "new1 old1", 202, `{"accepted":1,"rejected":[{"index":0,"code":"ceiling","message":"`+noRoom.Reason+`"}]}`)
	f("w", "new1 new2", 503, `{"error":{"code":"ceiling","message":"`+noRoom.Reason+`: send them again later"}}`)
	f("s", "new1 new2", 202, `{"accepted":2,"rejected":[]}`)
	if body := string(r.do("GET", "/metrics", "", "Authorization: Bearer op").Body()); !strings.Contains(body, `orrery_dropped_total{what="event",why="ceiling"} 3`) {
		t.Error("refused events are not counted")
	}
	room.full.Store(false)
	f("w", "new1", 202, accepted1)
}
