package engine_test

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
	"pgregory.net/rapid"

	"orrery/engine"
	"orrery/models"
)

// absence is the setting that most of these tests forget after, and longAbsence one after which no forecast waits for its outcome.
const (
	absence     = 20 * models.Day
	longAbsence = 60 * models.Day
)

func silentLine(kind string, v int, at models.Time, more string) string {
	return fmt.Sprintf(`{"event":%q,"id":"%s-%d-%d","shop":"s%d","visitor":"v%d","time":%q%s}`, kind, kind, v, at, v%2, v, at.Std().Format("2006-01-02T15:04:05Z"), more)
}

// visit is what one visitor did, as these tests look at it.
type visit struct {
	v      int
	at     models.Time
	line   string
	order  bool
	login  bool
	carted int // pieces of the one product that is put into carts
}

// genVisits makes up what visitors do within some months, most of whom come rarely.
func genVisits(t *rapid.T) (all []visit) {
	at := dayZero
	for range rapid.IntRange(1, 120).Draw(t, "events") {
		at += models.Time(rapid.SampledFrom([]int{1, 30, 1500, 20000}).Draw(t, "minutes")) * models.Minute
		x := visit{v: rapid.IntRange(0, 12).Draw(t, "visitor"), at: at}
		trust := rapid.SampledFrom([]string{"", `,"trust":"public"`}).Draw(t, "trust")
		item := fmt.Sprintf(`,"items":[{"item_id":"p%d"}]`, x.v)
		switch rapid.IntRange(0, 40).Draw(t, "kind") {
		case 0:
			x.order = true
			x.line = silentLine("purchase", x.v, at, fmt.Sprintf(`,"order":"o%d","value":5,"currency":"EUR"`, at)+item)
		case 1:
			x.login = true
			x.line = silentLine("identify", x.v, at, fmt.Sprintf(`,"contact":"c%d"`, x.v))
		case 2, 3:
			x.carted = 1
			x.line = silentLine("add_to_cart", x.v, at, trust+item)
		case 4, 5:
			x.carted = -1
			x.line = silentLine("remove_from_cart", x.v, at, trust+item)
		case 6:
			x.line = silentLine("page_view", x.v, at, trust)
		default:
			x.line = silentLine("view_item", x.v, at, trust+item)
		}
		all = append(all, x)
	}
	return all
}

// remembered is what is to be known of a visitor.
type remembered struct {
	first, last models.Time
	events      uint64
	kept        bool // order or login
	cart        int
}

// Who was away for longer than the setting, without order, login or cart, is somebody new, wherever the cursor was; nobody else is
// forgotten. The state does not depend on how events come in batches or on restarts.
func TestForgottenForSilence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := genVisits(t)
		cfg := engine.Config{Forget: longAbsence}
		var lines []string
		for _, x := range all {
			lines = append(lines, x.line)
		}
		whole, single, halves := silent(t, cfg), silent(t, cfg), silent(t, cfg)
		events := late(t, lines)
		apply(whole, events, 300)
		apply(single, events, 1)
		for cuts := rapid.IntRange(1, 3).Draw(t, "restarts"); cuts > 0; cuts-- {
			cut := rapid.IntRange(0, len(events)).Draw(t, "restart")
			apply(halves, events[:cut], 7)
			events = events[cut:]
			before := saved(t, halves)
			halves = silent(t, cfg)
			restored(t, halves, before)
		}
		apply(halves, events, 11)
		if a, b := sections(saved(t, whole)), sections(saved(t, single)); a != b {
			t.Fatalf("one by one: %s", difference(a, b))
		}
		if a, b := sections(saved(t, whole)), sections(saved(t, halves)); a != b {
			t.Fatalf("with restarts: %s", difference(a, b))
		}
		want, returned := expected(whole, all)
		s := whole.Stats()
		if s.ForgottenReturned != returned || s.Visitors != uint64(len(want))+returned {
			t.Fatalf("%d of %d visitors have returned, want %d of %d", s.ForgottenReturned, s.Visitors, returned, uint64(len(want))+returned)
		}
		sum := whole.ShopStats([]byte("s0")).ForgottenReturned + whole.ShopStats([]byte("s1")).ForgottenReturned
		if sum != returned {
			t.Fatalf("%d have returned to the two shops, want %d", sum, returned)
		}
		for v, x := range want {
			p, ok := whole.Visitor(fmt.Appendf(nil, "s%d", v%2), fmt.Appendf(nil, "v%d", v), whole.StreamTime())
			away := whole.StreamTime() - x.last
			switch {
			case !ok && (x.kept || x.cart > 0 || away <= longAbsence):
				t.Fatalf("v%d, away for %d h, has been forgotten: %+v", v, away/models.Hour, x)
			case ok && (p.FirstSeen != x.first || p.Events != x.events):
				t.Fatalf("of v%d %d events since %v are known, want %d since %v", v, p.Events, p.FirstSeen, x.events, x.first)
			}
		}
	})
}

// expected works out whom a state is to know, and how many have come back as somebody new.
func expected(e *engine.Engine, all []visit) (want map[int]remembered, returned uint64) {
	want = map[int]remembered{}
	for _, x := range all {
		r, known := want[x.v]
		second := x.at / models.Second * models.Second
		switch {
		case !known:
			r = remembered{first: second}
		case x.at-r.last > longAbsence && !r.kept && r.cart == 0:
			returned++
			r = remembered{first: second}
		}
		r.last, r.events, r.kept = second, r.events+1, r.kept || x.order || x.login
		r.cart = max(0, r.cart+x.carted)
		if x.order {
			r.cart = 0
		}
		want[x.v] = r
	}
	return want, returned
}

func silent(t rapid.TB, cfg engine.Config) *engine.Engine {
	e, err := engine.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	e.Seed(0x5eed)
	return e
}

// late decodes events as records of their own moments.
func late(t rapid.TB, lines []string) (events []*models.Event) {
	for _, line := range lines {
		ev := new(models.Event)
		err := ev.Decode([]byte(line), dayZero+4000*models.Day)
		if err == nil {
			err = ev.Decode([]byte(line), ev.Time)
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		events = append(events, ev)
	}
	return events
}

func restored(t rapid.TB, e *engine.Engine, sections map[string][]byte) {
	for name, b := range sections {
		section, version, _ := strings.Cut(name, "/")
		if err := e.Restore(section, uint16(number(version)), strings.NewReader(string(b))); err != nil {
			t.Fatal(err)
		}
	}
}

// sections writes the hashes of a snapshot's sections, but for customers, see same, and for the catalogue, whose arrays may have room for a
// product more.
func sections(all map[string][]byte) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !strings.HasPrefix(name, "customers/") && !strings.HasPrefix(name, "catalogue/") && !strings.HasPrefix(name, "offers/") {
			fmt.Fprintf(&b, "%s %d %x\n", name, len(all[name]), xxhash.Sum64(all[name]))
		}
	}
	return b.String()
}

// A visitor with an order, a login, something in the cart, or a forecast under way stays however long the others are away; whoever is
// forgotten answers to nothing, and is in no section, by id or by what ids are known by.
func TestForgottenLeavesNothing(t *testing.T) {
	e := silent(t, engine.Config{Forget: 24 * models.Hour})
	kinds := map[int][]string{ // of visitor 0 to 4, what keeps them; 5 has taken it out again; the others passed by
		0: {"purchase", `,"order":"o1","value":5,"currency":"EUR","items":[{"item_id":"p"}]`}, 1: {"identify", `,"contact":"c@example.org"`},
		2: {"add_to_cart", `,"items":[{"item_id":"p"}]`}, 5: {"add_to_cart", `,"items":[{"item_id":"p"}]`},
	}
	var lines []string
	const visitors = 400
	for v := range visitors {
		at := dayZero + models.Time(v)*models.Minute
		for k := range 3 {
			lines = append(lines, silentLine("view_item", v, at+models.Time(k)*models.Second, fmt.Sprintf(`,"items":[{"item_id":"p%d"}]`, k)))
		}
		if more := kinds[v]; more != nil {
			lines = append(lines, silentLine(more[0], v, at+5*models.Second, more[1]))
		}
		if v == 5 {
			lines = append(lines, silentLine("remove_from_cart", v, at+6*models.Second, `,"items":[{"item_id":"p"}]`))
		}
	}
	apply(e, late(t, lines), 64)
	known := func(v int) bool {
		_, ok := e.Visitor(fmt.Appendf(nil, "s%d", v%2), fmt.Appendf(nil, "v%d", v), e.StreamTime())
		return ok
	}
	pass := func(from, days int) {
		var lines []string
		for hour := range 24 * days {
			lines = append(lines, silentLine("page_view", 99_998, dayZero+models.Time(24*from+hour)*models.Hour, ""))
		}
		apply(e, late(t, lines), 16)
	}
	pass(1, 4)
	waiting, gone := 0, []string{}
	for v := range visitors {
		switch ok := known(v); {
		case kinds[v] != nil && v != 5:
			if !ok {
				t.Errorf("v%d, who has done a %s, has been forgotten", v, kinds[v][0])
			}
		case ok: // a forecast of what is bought within days
			waiting++
		default:
			gone = append(gone, fmt.Sprint("v", v))
		}
	}
	if waiting == 0 || len(gone) < visitors/8 {
		t.Fatalf("%d of %d have a forecast under way and %d are forgotten", waiting, visitors, len(gone))
	}
	pass(5, 70)
	for v := range visitors {
		if ok := known(v); ok != (kinds[v] != nil && v != 5) {
			t.Errorf("v%d is known: %t, when all forecasts are over", v, ok)
		}
	}
	if s := e.Stats(); s.Visitors != visitors+1 || s.Sessions < visitors {
		t.Errorf("%d visitors and %d sessions are counted", s.Visitors, s.Sessions)
	}
	all := saved(t, e)
	for _, v := range []int{6, 7, 8, 150, 399} {
		shop, id := fmt.Appendf(nil, "s%d", v%2), fmt.Sprint("v", v)
		for name, data := range all {
			for what, key := range e.KeysOf(shop, []byte(id)) {
				if strings.Contains(string(data), string(binary.LittleEndian.AppendUint64(nil, key))) {
					t.Errorf("section %s holds the %s of %s", name, what, id)
				}
			}
		}
		var f, never models.Frame
		for _, name := range e.Frames() {
			q := models.FrameQuery{Frame: []byte(name), Shop: shop, Visitor: []byte(id), N: 10, Now: e.StreamTime()}
			if err := e.Frame(&q, &f); err != nil {
				t.Fatal(err)
			}
			a := fmt.Sprintf("%+v", f.Items)
			q.Visitor = []byte("never there")
			if err := e.Frame(&q, &never); err != nil {
				t.Fatal(err)
			}
			if b := fmt.Sprintf("%+v", never.Items); a != b {
				t.Errorf("frame %s of %s, who is forgotten, is %s\nnot %s", name, id, a, b)
			}
		}
		if in, ok := e.Intent(shop, []byte(id), e.StreamTime()); ok {
			t.Errorf("%s has a forecast: %+v", id, in)
		}
		if slices.Contains(e.RecentVisitors(shop, 100), id) {
			t.Errorf("%s is told among the newest visitors", id)
		}
	}
}

// The names of those who are forgotten and of those who are erased meet: whoever is erased after having been forgotten is not known to have been.
func TestErasedAfterForgotten(t *testing.T) {
	e := silent(t, engine.Config{Forget: absence})
	apply(e, late(t, []string{silentLine("view_item", 2, dayZero, `,"items":[{"item_id":"p"}]`), silentLine("view_item", 4, dayZero, `,"items":[{"item_id":"p"}]`)}), 1)
	for day := range 60 {
		apply(e, late(t, []string{silentLine("page_view", 6, dayZero+models.Time(day)*models.Day, "")}), 1)
	}
	erase := strings.Replace(erasure(e, dayZero+60*models.Day, "", "v2"), `"event":"erasure"`, `"event":"erasure","shop":"s0"`, 1)
	apply(e, late(t, []string{erase}), 1)
	for v := 2; v <= 4; v += 2 {
		apply(e, late(t, []string{silentLine("page_view", v, dayZero+61*models.Day, "")}), 1)
	}
	if s := e.Stats(); s.ForgottenReturned != 1 {
		t.Errorf("%d have returned, want the one who was not erased", s.ForgottenReturned)
	}
	if _, ok := e.Visitor([]byte("s0"), []byte("v2"), e.StreamTime()); ok {
		t.Error("who was erased has come back")
	}
}

// Old events that are brought in late keep their visitors until the cursor has been there twice: their orders may be on the way.
func TestForgottenNotWhileBroughtIn(t *testing.T) {
	e := silent(t, engine.Config{Forget: absence})
	apply(e, late(t, []string{silentLine("page_view", 1, dayZero+300*models.Day, "")}), 1)
	var lines []string
	for v := 2; v < 40; v++ {
		lines = append(lines, silentLine("view_item", v, dayZero+models.Time(v)*models.Hour, `,"items":[{"item_id":"p"}]`))
	}
	apply(e, late(t, lines), 8)
	after := func(day int) (known int) {
		apply(e, late(t, []string{silentLine("page_view", 1, dayZero+models.Time(300+day)*models.Day, "")}), 1)
		for v := 2; v < 40; v++ {
			if _, ok := e.Visitor(fmt.Appendf(nil, "s%d", v%2), fmt.Appendf(nil, "v%d", v), e.StreamTime()); ok {
				known++
			}
		}
		return known
	}
	if n := after(2); n != 38 {
		t.Errorf("%d of 38 are known while the cursor goes around first", n)
	}
	n := 0
	for day := 3; day < 10; day++ {
		n = after(day)
	}
	if n > 12 { // those of whom a forecast waits
		t.Errorf("%d of 38 are known after it has been around twice", n)
	}
}

// Ever new visitors take no more memory than those of the time that they are remembered for.
func TestForgettingIsFlat(t *testing.T) {
	engine.Alone(t)
	for _, trust := range []string{"", `,"trust":"public"`} {
		e := silent(t, engine.Config{Forget: absence})
		const perDay, days = 150, 300
		var bytes [2]map[string]uint64
		sum := func() (m map[string]uint64) {
			m = map[string]uint64{}
			for name, n := range e.Stats().Bytes {
				if name != "sessions" && name != "session_rankers" && name != "silence" { // rings that fill up, whoever comes; tables with a bound of their own: see TestDeparted
					m[name] = n
				}
			}
			return m
		}
		v := 0
		for day := range days {
			var lines []string
			for i := range perDay {
				at := dayZero + models.Time(day)*models.Day + models.Time(i)*models.Day/perDay
				for k := range 3 {
					lines = append(lines, silentLine("view_item", v, at+models.Time(k)*models.Minute, trust+fmt.Sprintf(`,"items":[{"item_id":"p%d"}]`, (v*7+k*13)%97)))
				}
				v++
			}
			apply(e, late(t, lines), 256)
			if day == days/2 {
				bytes[0] = sum()
			}
		}
		bytes[1] = sum()
		for name, n := range bytes[1] {
			if n > bytes[0][name]+bytes[0][name]/50+64<<10 { // a table of names that moves is there twice
				t.Errorf("%q: %s takes %d B after %d days and took %d after half of them", trust, name, n, days, bytes[0][name])
			}
		}
		s := e.Stats()
		if s.Visitors != uint64(v) || s.ForgottenReturned != 0 {
			t.Errorf("%d visitors are counted of %d, %d of them twice", s.Visitors, v, s.ForgottenReturned)
		}
		for _, d := range s.Dropped {
			if d.Why == "silent" && d.N < uint64(v)/2 {
				t.Errorf("%d of %d are forgotten", d.N, v)
			}
		}
		if slots := engine.Slots(e); slots > perDay*50+4096+perDay*60 {
			t.Errorf("%d numbers have been used for %d visitors", slots, v)
		}
	}
}
