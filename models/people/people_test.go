package people

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

// What was viewed before an order does not even depend on the order of one visitor's views.
func TestLateViews(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := genHistory(t)
		for i := range h.streams {
			for k := range h.streams[i] {
				if h.streams[i][k].kind == "view" {
					h.streams[i][k].t = start + models.Time(rapid.IntRange(0, 100).Draw(t, "day"))*models.Day
				}
			}
		}
		f, want := newFold(), newResult()
		events := h.interleave(t)
		for _, e := range events {
			f.apply(e)
		}
		oracle{slices.Concat(h.streams...)}.joins(&want)
		if !maps.Equal(f.r.Before, want.Before) {
			t.Fatalf("the state says %v, want %v, after %v", f.r.Before, want.Before, events)
		}
	})
}

func state(t rapid.TB, p *People) []byte {
	var b bytes.Buffer
	if _, err := p.Freeze().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A snapshot anywhere, restored, goes on to the same state to the bit.
func TestRestoreGoesOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := genHistory(t).interleave(t)
		cut := rapid.IntRange(0, len(events)).Draw(t, "cut")
		a, b := newFold(), newFold()
		for _, e := range events[:cut] {
			a.apply(e)
		}
		if err := b.p.ReadVersion(bytes.NewReader(state(t, a.p)), 11); err != nil {
			t.Fatal(err)
		}
		for _, e := range events[cut:] {
			a.apply(e)
			b.apply(e)
		}
		if !bytes.Equal(state(t, a.p), state(t, b.p)) || a.p.Totals() != b.p.Totals() {
			t.Fatalf("restored after %d of %v, the state went another way", cut, events)
		}
	})
}

func TestSessions(t *testing.T) {
	p := New(Config{})
	v := p.Visitor(1, []byte("v"))
	f := func(minute models.Time, began bool, wantStart models.Time) {
		t.Helper()
		if got := p.Behave(v, start+minute*models.Minute); got != began {
			t.Errorf("minute %d: began %v", minute, got)
		}
		if got := p.SessionStart(v, start+minute*models.Minute); got != (start + wantStart*models.Minute).Seconds() {
			t.Errorf("minute %d: the session began at %d", minute, got)
		}
	}
	f(100, true, 100)
	f(130, false, 100)
	f(90, false, 90)  // late, but within the gap
	f(50, false, 90)  // too late to tell
	f(161, true, 161) // after the gap
	f(191, false, 161)
	if got := p.Totals().Sessions; got != 2 {
		t.Errorf("%d sessions", got)
	}
	if p.SessionStart(v, start+222*models.Minute) != 0 || p.SessionStart(0, start) != 0 {
		t.Error("a session runs on")
	}
	r := p.Reader()
	for range 100_000 - 2 {
		p.Behave(v, start+200*models.Minute)
	}
	if facts := r.Facts(Person{Visitor: v}); facts.Sessions != 2 {
		t.Errorf("%d sessions", facts.Sessions)
	}
}

func TestPace(t *testing.T) {
	f := func(want bool, pace int, gaps ...models.Time) {
		t.Helper()
		p := New(Config{BotPace: pace})
		v, now, caught := p.Visitor(1, []byte("v")), start, 0
		for i := range 2000 {
			p.Behave(v, now)
			if p.Paces(v, now) {
				p.Burst(v, now)
				caught++
			}
			now += gaps[i%len(gaps)]
		}
		if caught > 1 || p.IsBot(v) != (caught == 1) || p.IsBot(v) != want || p.Totals().Bots != uint64(caught) {
			t.Errorf("gaps %v: caught %d times", gaps, caught)
		}
	}
	f(true, 90, 0)
	f(true, 90, 600) // a hundred a minute
	f(false, 90, 700)
	f(true, 3, 15*models.Second)
	f(false, 4, 15*models.Second)
	f(false, 3, models.Second, models.Second, 16*models.Minute) // the same minute of sixteen, over and over
	f(false, 1, 16*models.Minute)
	f(true, 1000, 0) // 250 is the most
}

// A burst is a burst: what it has viewed is forgotten, and the person is one before and afterwards.
func TestBurst(t *testing.T) {
	p := New(Config{BotPace: 5})
	v, now := p.Visitor(1, []byte("v")), start/models.Minute*models.Minute
	view := func(item uint32) {
		p.Seen(v, now)
		p.Behave(v, now)
		if p.Paces(v, now) {
			p.Burst(v, now)
		}
		if !p.IsBot(v) {
			p.View(v, item, now)
		}
	}
	view(1)
	now += 10 * models.Minute
	for i := range uint32(20) {
		view(100 + i)
		now += models.Second
	}
	if !p.IsBot(v) || p.Totals().Bots != 1 {
		t.Fatal("no burst")
	}
	now += 2 * models.Minute
	view(2)
	r := p.Reader()
	if viewed := r.Viewed(Person{Visitor: v}); p.IsBot(v) || p.Totals().Bots != 0 || len(viewed) != 2 || viewed[0].ID != 2 || viewed[1].ID != 1 {
		t.Errorf("bot %v, viewed %v", p.IsBot(v), viewed)
	}
	for i := range uint32(20) {
		view(200 + i)
	}
	if p.MarkBot(v); p.Totals().Bots != 1 {
		t.Error("a burst of a crawler counts twice")
	}
	now += models.Hour
	view(3)
	if !p.IsBot(v) || p.Totals().Bots != 1 {
		t.Error("a declared crawler is one for good")
	}
}

func TestMarkBot(t *testing.T) {
	p := New(Config{})
	v := p.Visitor(1, []byte("v"))
	if p.IsBot(v) || !p.MarkBot(v) || p.MarkBot(v) || !p.IsBot(v) || p.Totals().Bots != 1 {
		t.Error("a visitor becomes a crawler once")
	}
}

// Past its bounds the state forgets what is oldest, and goes on being right about the rest.
func TestBounds(t *testing.T) {
	p := New(Config{History: 8, Members: 4})
	view := func(v string, item uint32, day models.Time) (pairs []Pair) {
		n := p.Visitor(1, []byte(v))
		p.Behave(n, start+day*models.Day)
		_, _, before := p.View(n, item, start+day*models.Day)
		return slices.Clone(before)
	}
	buy := func(v string, c uint32, id string, day models.Time) []Pair {
		viewed, _, fresh := p.Purchase(p.Visitor(1, []byte(v)), &Order{Hash: p.HashOf(1, []byte(id)), ID: []byte(id), Contact: c, Time: start + day*models.Day})
		if !fresh {
			t.Errorf("order %s is known", id)
		}
		return slices.Clone(viewed)
	}
	for item := range uint32(20) {
		view("many", item+1, models.Time(item)/4)
	}
	if got := buy("many", 0, "o1", 10); len(got) != 8 || got[0].Viewed <= 12 {
		t.Errorf("of 20 views %v are remembered", got)
	}
	// The first two of six devices had to make room: their views are not seen by the others' orders any more, but by
	// their own.
	c := p.Contact(1, []byte("anna"))
	for d := range 6 {
		device := fmt.Sprintf("d%d", d)
		view(device, uint32(d+1), 0)
		if got := p.Link(p.Visitor(1, []byte(device)), c, start+models.Time(d)*models.Hour); len(got) != 0 {
			t.Errorf("a login without orders gives %v", got)
		}
	}
	if got := buy("d5", c, "o2", 1); len(got) != 4 {
		t.Errorf("the views of four devices count, not %v", got)
	}
	if got := buy("d0", c, "o3", 1); len(got) != 5 {
		t.Errorf("those and its own count, not %v", got)
	}
	if got := view("d1", 9, 0); len(got) != 2 {
		t.Errorf("a device that is not remembered views before %v", got)
	}
	// A computer in a library: ten contacts, the first forgotten.
	for n := range 10 {
		p.Link(p.Visitor(1, []byte("library")), p.Contact(1, fmt.Appendf(nil, "reader %d", n)), start+models.Time(n)*models.Hour)
	}
	for n := range 10 {
		buy("elsewhere", p.Contact(1, fmt.Appendf(nil, "reader %d", n)), fmt.Sprintf("r%d", n), 2)
	}
	if got := view("library", 7, 1); len(got) != 9 {
		t.Errorf("the library's view comes before %d orders", len(got))
	}
	if again := p.Link(p.Visitor(1, []byte("library")), p.Contact(1, []byte("reader 5")), start+20*models.Hour); len(again) != 0 {
		t.Errorf("logging in again gives %v", again)
	}
	if who := p.Find(1, []byte("library"), nil); who.Contact != 0 {
		t.Error("a browser that so many have logged in on is somebody's")
	}
}

// Orders that come from the oldest to the newest, the other way round, or anyhow are the same chain.
func TestOrderChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := New(Config{})
		v := p.Visitor(1, []byte("v"))
		days := rapid.SliceOfN(rapid.IntRange(0, 50), 1, 30).Draw(t, "days")
		for i, day := range days {
			id := fmt.Appendf(nil, "o%d", i)
			p.Purchase(v, &Order{Hash: p.HashOf(1, id), ID: id, Time: start + models.Time(day)*models.Day, Lines: []Line{{uint32(day + 1), 2}}})
		}
		facts := p.Reader().Facts(Person{Visitor: v})
		slices.SortFunc(days, func(a, b int) int { return b - a })
		for i, o := range facts.Orders {
			if o.Time != start+models.Time(days[i])*models.Day || o.Lines[0] != (Line{uint32(days[i] + 1), 2}) {
				t.Fatalf("order %d is of %d with %v, want day %d", i, o.Time, o.Lines, days[i])
			}
		}
		if len(facts.Orders) != len(days) {
			t.Fatalf("%d orders, want %d", len(facts.Orders), len(days))
		}
	})
}

func TestIdentify(t *testing.T) {
	p := New(Config{})
	c := p.Contact(1, []byte("anna"))
	f := func(attributes string, day models.Time, want string) {
		t.Helper()
		p.Identify(c, []byte(attributes), start+day*models.Day)
		if got := p.Reader().Facts(Person{Contact: c}); string(got.Attributes) != want || string(got.ContactID) != "anna" {
			t.Errorf("%s is %s", got.ContactID, got.Attributes)
		}
	}
	f(`"a":1`, 5, `"a":1`)
	f(`"a":0`, 4, `"a":1`) // older
	f(``, 6, `"a":1`)
	f(`"a":2`, 7, `"a":2`)
	f(`"a":2`, 8, `"a":2`)
	for n := range 100_000 {
		p.Identify(c, fmt.Appendf(nil, `"a":%0100d`, n), start+9*models.Day)
	}
	if p.attributes.Bytes() > 4<<20 {
		t.Errorf("attributes that change for ever take %d bytes", p.attributes.Bytes())
	}
	if p.Contact(1, []byte("anna")) != c || p.Contact(2, []byte("anna")) == c || p.FindContact(3, []byte("anna")) != 0 {
		t.Error("contacts of two shops are mixed up")
	}
}

// Readers see each list in one piece while it grows and moves: products of the visitor asked about, none twice.
func TestReaders(t *testing.T) {
	const visitors = 40
	p := New(Config{History: 256})
	for v := range visitors {
		p.Visitor(1, visitorID(v))
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for n := range 2 {
		wg.Go(func() {
			r := p.Reader()
			for v := n; ; v = (v + 1) % visitors {
				select {
				case <-stop:
					return
				default:
				}
				who := p.Find(1, visitorID(v), contactID(v))
				seen := map[uint32]bool{}
				for _, e := range r.Viewed(who) {
					if int(e.ID/1000) != v || seen[e.ID] {
						t.Errorf("visitor %d viewed %d", v, e.ID)
						return
					}
					seen[e.ID] = true
				}
				for _, e := range r.Cart(who) {
					if int(e.ID/1000) != v {
						t.Errorf("visitor %d has %d in the cart", v, e.ID)
						return
					}
				}
				r.Bought(who, func(item uint32, _ models.Time) {
					if int(item/1000) != v {
						t.Errorf("visitor %d bought %d", v, item)
					}
				})
				r.Facts(who)
				_, _ = p.Totals(), p.SessionStart(who.Visitor, start)
				_, _, _ = p.Bytes()
			}
		})
	}
	for n := range 400 {
		for v := range visitors {
			number, now := p.Visitor(1, visitorID(v)), start+models.Time(n)*models.Second
			item := uint32(v*1000 + n%999)
			p.Seen(number, now)
			p.Behave(number, now)
			p.Paces(number, now)
			p.View(number, item, now)
			p.AddToCart(number, item, 1, now)
			if n%9 == 0 {
				c := p.Contact(1, contactID(v))
				p.Link(number, c, now)
				p.Identify(c, fmt.Appendf(nil, `"n":%d`, n), now)
				id := fmt.Appendf(nil, "%d-%d", v, n)
				p.Purchase(number, &Order{Hash: p.HashOf(1, id), ID: id, Time: now, Lines: []Line{{item, 1}}})
			}
		}
	}
	close(stop)
	wg.Wait()
}
