package serve

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"orrery/models"
)

// stored sends one event and returns it as the log has it.
func (r *rig) stored(t *testing.T, body string, headers ...string) *models.Event {
	t.Helper()
	r.fake.set(func() { r.fake.records = nil })
	if resp := r.do("POST", "/v1/events", body, headers...); resp.StatusCode() != 202 {
		t.Fatalf("%s: %d %s", body, resp.StatusCode(), resp.Body())
	}
	e := new(models.Event)
	if err := e.Decode(r.fake.taken()[0].Value, models.TimeOf(time.Now())); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestTrust: the log knows who said it, and a sender does not choose.
func TestTrust(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Write: "write-key-of-a-shop", Secret: "secret-key-of-a-shop"}}})
	claims := []string{``, `,"trust":"secret"`, `,"trust":"public","net":"00000000000000ff"`, `,"tr\u0075st":"signed"`, `,"trust":{"a":1}`}
	for _, claim := range claims {
		body := `{"event":"page_view","visitor":"v"` + claim + `}`
		if e := r.stored(t, body, "Authorization: Bearer write-key-of-a-shop"); e.Trust != models.Public || e.Net == 0 || e.Net == 0xff {
			t.Errorf("%s by the write key: trust %v, net %x", body, e.Trust, e.Net)
		}
		if e := r.stored(t, body, "Authorization: Bearer secret-key-of-a-shop"); e.Trust != models.Trusted || e.Net != 0 {
			t.Errorf("%s by the secret key: trust %v, net %x", body, e.Trust, e.Net)
		}
	}
	open := newRig(t, Config{})
	if e := open.stored(t, `{"event":"page_view","visitor":"v"}`); e.Trust != models.Trusted || e.Net != 0 {
		t.Errorf("without keys: trust %v, net %x", e.Trust, e.Net)
	}
}

// TestSentAt: a clock that is wrong is put right, and what is sent again is the same event.
func TestSentAt(t *testing.T) {
	r := newRig(t, Config{})
	now := models.TimeOf(time.Now())
	for _, off := range []models.Time{-30 * models.Day, -2 * models.Hour, 0, models.Hour, 23 * models.Hour, 800 * models.Day} {
		var first *models.Event
		for _, retry := range []models.Time{0, models.Minute} {
			body := fmt.Sprintf(`{"event":"page_view","visitor":"v","time":%d,"sent_at":%d}`, now+off-3*models.Second, now+off+retry)
			e := r.stored(t, body)
			ago := models.TimeOf(time.Now()) - e.Time - 3*models.Second
			if want := off == 0 || ago >= retry && ago <= retry+5*models.Second; !want {
				t.Errorf("a clock off by %d s: the event's time is %d ms off", off/models.Second, ago-retry)
			}
			if first == nil {
				first = &models.Event{ID: []byte(string(e.ID))}
			} else if first.IDHash() != e.IDHash() || len(e.ID) == 0 {
				t.Errorf("a clock off by %d s: sent again it is another event", off/models.Second)
			}
		}
	}
}

func TestNetworks(t *testing.T) {
	n, other := newNetworks([]Key{{Secret: "a"}}), newNetworks([]Key{{Secret: "b"}})
	of := func(a string) uint64 { return n.hash(netip.MustParseAddr(a)) }
	same := [][2]string{{"192.0.2.1", "192.0.2.200"}, {"::ffff:192.0.2.7", "192.0.2.1"}, {"2001:db8:1:2::1", "2001:db8:1:ffff::2"}, {"fe80::1%eth0", "fe80::2"}}
	for _, pair := range same {
		if of(pair[0]) != of(pair[1]) {
			t.Errorf("%s and %s are of two networks", pair[0], pair[1])
		}
	}
	if of("192.0.2.1") == of("192.0.3.1") || of("2001:db8:1::1") == of("2001:db8:2::1") || of("192.0.2.1") == other.hash(netip.MustParseAddr("192.0.2.1")) {
		t.Error("two networks, or two keys, have one hash")
	}
	if n.hash(netip.Addr{}) != 0 {
		t.Error("no address has a network")
	}
	if a := testing.AllocsPerRun(100, func() { n.hash(netip.MustParseAddr("192.0.2.1")) }); a != 0 {
		t.Errorf("%v allocations", a)
	}
}

// TestTrackerSaysWhenItSent: every event that the tracker sends carries its clock.
func TestTrackerSaysWhenItSent(t *testing.T) {
	r := newRig(t, Config{})
	if script := string(r.do("GET", "/t.js", "").Body()); !strings.Contains(script, "sent_at") {
		t.Error("t.js does not say sent_at")
	}
}
