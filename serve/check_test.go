package serve

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What the parts of the process know of themselves is told by name everywhere, and takes readiness away only where it is
// said to be fatal.
func TestChecksAreNamed(t *testing.T) {
	var full, stuck atomic.Bool
	r := newRig(t, Config{},
		Check{Name: "disk", Probe: func() (bool, string) { return !full.Load(), "no space left" }},
		Check{Name: "state", Probe: func() (bool, string) { return !stuck.Load(), "" }, Fatal: true})
	hub := newHub(r.server) // of its own: nobody else writes to it
	defer hub.ticker.Stop()
	tick := hub.scopes[""]
	f := func(code int, want ...string) {
		t.Helper()
		r.expect("GET", "/readyz", "", code, "")
		page := string(r.do("GET", "/readyz?verbose", "").Body()) + string(r.do("GET", "/metrics", "").Body())
		page += string(tick.appendTick(nil, &sample{at: time.Now()}))
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s is missing in %s", w, page)
			}
		}
	}
	f(200, `{"name":"disk","ok":true,"fatal":false,`, `{"name":"state","ok":true,"fatal":true,"reason":"ok"}`, `orrery_check{name="disk"} 1`,
		`orrery_check{name="caught_up"} 1`, "\norrery_ready 1\n", `"failing":[]`)
	full.Store(true)
	const disk = `{"name":"disk","ok":false,"fatal":false,"reason":"no space left"}`
	f(200, disk, `orrery_check{name="disk"} 0`, `orrery_check{name="state"} 1`, "\norrery_ready 1\n", `"failing":[`+disk+`]`)
	stuck.Store(true)
	f(503, `orrery_check{name="state"} 0`, "\norrery_ready 0\n", `{"name":"state","ok":false,"fatal":true,`)
}
