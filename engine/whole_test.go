package engine_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"orrery/engine"
	"orrery/models"
	"orrery/models/people"
	"orrery/models/slab"
)

// world makes up the streams of a shop: pageviews and transactions by visitor, contacts, catalogue.
type world struct {
	streams [][]string // lines of each stream, in order
}

const (
	worldItems    = 60
	worldVisitors = 40
	worldContacts = 15
)

// newWorld makes up a week of a shop, the same for the same seed.
func newWorld(seed uint64, events int) world {
	r := rand.New(rand.NewPCG(seed, 1))
	w := world{streams: make([][]string, 2+2*worldVisitors)}
	clocks := make([]models.Time, len(w.streams))
	for i := range clocks {
		clocks[i] = dayZero
	}
	item := func() string { return fmt.Sprintf("i%d", int(worldItems*r.Float64()*r.Float64())) }
	put := func(stream int, format string, args ...any) {
		clocks[stream] += models.Time(r.ExpFloat64() * float64(7*models.Day) * float64(len(w.streams)) / float64(2*events))
		at := clocks[stream].Std().Format("2006-01-02T15:04:05.000Z")
		w.streams[stream] = append(w.streams[stream], fmt.Sprintf(`{"time":%q,`, at)+fmt.Sprintf(format, args...)+"}")
	}
	orders := 0
	for n := range events {
		v := r.IntN(worldVisitors)
		pages, sales := 2+2*v, 3+2*v
		who := fmt.Sprintf(`"visitor":"v%d"`, v)
		if v%5 == 0 { // an app: the contact is always there
			who += fmt.Sprintf(`,"contact":"c%d"`, v%worldContacts)
		}
		switch x := r.Float64(); {
		case n < worldItems || x < 0.02:
			put(0, `"event":"product_upsert","currency":"EUR","items":[{"item_id":"i%d","item_name":"Thing %d","price":%d,"item_category":"C%d > D%d"}]`, n%worldItems, n%worldItems, 5+r.IntN(20), n%4, n%3)
		case x < 0.03:
			put(0, `"event":"product_stock","items":[{"item_id":"%s","stock":%d}]`, item(), r.IntN(3))
		case x < 0.06:
			put(1, `"event":"identify","visitor":"v%d","contact":"c%d","n":%d`, v, v%worldContacts, n)
		case x < 0.16:
			orders++
			put(sales, `"event":"purchase",%s,"order":"O%d","currency":"EUR","shipping":"%d.50","coupon":["C%d","X"],"items":[{"item_id":"%s","price":%d,"item_brand":"B%d"},{"item_id":"%s","price":7,"quantity":2,"discount":1.25,"coupon":"L%d"}]`,
				who, orders, orders%4, orders%5, item(), 1+r.IntN(9), orders%3, item(), orders%7)
		case x < 0.18 && orders > 0:
			put(sales, `"event":%q,%s,"order":"O%d","value":1,"currency":"EUR"`, []string{"refund", "cancel"}[r.IntN(2)], who, 1+r.IntN(orders))
		case x < 0.26:
			put(pages, `"event":"add_to_cart",%s,"items":[{"item_id":"%s"}]`, who, item())
		case x < 0.3:
			put(pages, `"event":"page_view",%s`, who)
		case x < 0.34:
			put(1, `"event":"email_sent","contact":"c%d"`, v%worldContacts)
		default:
			put(pages, `"event":"view_item",%s,"items":[{"item_id":"%s"}]`, who, item())
		}
	}
	return w
}

// merged returns all events, in the order of time.
func (w world) merged() []string {
	all := slices.Concat(w.streams...)
	sort.SliceStable(all, func(i, j int) bool { return all[i][:40] < all[j][:40] })
	return all
}

// shuffled merges the streams in a random way; each keeps its order.
func (w world) shuffled(seed uint64) (all []string) {
	r := rand.New(rand.NewPCG(seed, 2))
	var turns []int
	for i, s := range w.streams {
		for range s {
			turns = append(turns, i)
		}
	}
	r.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
	at := make([]int, len(w.streams))
	for _, i := range turns {
		all = append(all, w.streams[i][at[i]])
		at[i]++
	}
	return all
}

func decode(t testing.TB, lines []string) (events []*models.Event) {
	for _, line := range lines {
		e := new(models.Event)
		if err := e.Decode([]byte(line), dayZero+400*models.Day); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		events = append(events, e)
	}
	return events
}

// exactly is an engine that forgets nothing.
var exactly = engine.Config{NoDecay: true, Neighbours: 4096, People: people.Config{History: 1024, Members: 64}}

func newEngine(t testing.TB, cfg engine.Config) *engine.Engine {
	e, err := engine.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// digest is everything that can be asked of an engine about a world, the order of a frame's items included.
func digest(t testing.TB, e *engine.Engine, now models.Time) string {
	var b strings.Builder
	var f models.Frame
	ask := func(q models.FrameQuery) {
		q.Now, q.N = now, 12
		if err := e.Frame(&q, &f); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s %s %s:", q.Frame, q.Visitor, q.Contact, q.Products)
		for _, it := range f.Items {
			fmt.Fprintf(&b, " %s/%s/%d/%s/%g/%+v", it.Product.ID, it.Recipe, it.Step, it.Evidence.ID, it.Evidence.Count, it.Social)
		}
		b.WriteString("\n")
	}
	for _, name := range e.Frames() {
		for i := range worldItems {
			if i%7 == 0 {
				ask(models.FrameQuery{Frame: []byte(name), Visitor: fmt.Appendf(nil, "v%d", i%worldVisitors), Products: [][]byte{fmt.Appendf(nil, "i%d", i)}})
			}
		}
		ask(models.FrameQuery{Frame: []byte(name), Contact: []byte("c5"), Category: []byte("C1 > D1")})
		ask(models.FrameQuery{Frame: []byte(name), Visitor: []byte("nobody")})
	}
	b.WriteString(factsTold(e, now, true))
	return b.String()
}

// factsTold is what must be the same however the streams interleave; but for the segments of customers, which change late on
// purpose and so depend on the way.
func factsTold(e *engine.Engine, now models.Time, customers bool) string {
	var b strings.Builder
	s := e.Stats()
	s.Bytes = nil
	fmt.Fprintf(&b, "%+v\n", s)
	profile := func(kind string, p models.Profile, ok bool) {
		if !customers {
			p.Customer = nil
		}
		fmt.Fprintf(&b, "%s %v %q %s %d %v %d %d %v %s %v %+v\n", kind, ok, p.Contact, p.Attributes, p.Visitors, p.LastSeen, p.Sessions, p.Events, p.Bot, touches(p.Viewed), touches(p.Cart), p.Customer)
		for _, o := range p.Orders {
			fmt.Fprintf(&b, "  %s %v %v %s %v %s\n", o.Order, o.At, o.Value, o.Currency, o.Cancelled, bought(&o))
		}
	}
	for v := range worldVisitors {
		p, ok := e.Visitor(nil, fmt.Appendf(nil, "v%d", v), now)
		profile(fmt.Sprintf("v%d", v), p, ok)
	}
	for c := range worldContacts {
		p, ok := e.Contact(nil, fmt.Appendf(nil, "c%d", c), now)
		profile(fmt.Sprintf("c%d", c), p, ok)
	}
	return b.String()
}

// touches writes the items of a history; of the same second in no order of their own.
func touches(list []models.ItemTouch) string {
	var parts []string
	for _, t := range list {
		parts = append(parts, fmt.Sprintf("%d %s*%d", t.At, t.ID, t.Quantity))
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}

// lines returns the products of an order.
func lines(o *models.OrderTouch) (list []models.ItemTouch) {
	for _, l := range o.Items {
		list = append(list, l.ItemTouch)
	}
	return list
}

// bought writes all that is known of an order beside its value.
func bought(o *models.OrderTouch) string {
	sum := func(m *models.Money) string {
		if m == nil {
			return "?"
		}
		return m.String()
	}
	var parts []string
	for _, l := range o.Items {
		parts = append(parts, fmt.Sprintf("%d %s*%d paid %s off %s by %q, %s in %s", l.At, l.ID, l.Quantity, sum(l.Paid), sum(l.Discount), l.Coupon, l.Brand, l.Category))
	}
	sort.Strings(parts)
	return fmt.Sprintf("[%s] %q off %s, shipping %s, tax %s", strings.Join(parts, ", "), o.Coupon, sum(o.Discount), sum(o.Shipping), sum(o.Tax))
}

// evidence is the counts of all pairs, products without a feed included.
func evidence(t testing.TB, e *engine.Engine, now models.Time) string {
	var lines []string
	var f models.Frame
	for _, recipe := range []string{"viewed_together", "bought_after_viewing"} {
		for i := range worldItems {
			q := models.FrameQuery{Frame: []byte(recipe), Products: [][]byte{fmt.Appendf(nil, "i%d", i)}, N: 100, Now: now}
			if err := e.Frame(&q, &f); err != nil {
				t.Fatal(err)
			}
			for _, it := range f.Items {
				lines = append(lines, fmt.Sprintf("%s i%d %s %g\n", recipe, i, it.Product.ID, it.Evidence.Count))
			}
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "")
}

func apply(e *engine.Engine, events []*models.Event, size int) {
	for batch := range slices.Chunk(events, size) {
		e.Apply(batch)
	}
}

func save(t testing.TB, e *engine.Engine) map[string][]byte {
	saved := map[string][]byte{}
	for _, s := range e.Freeze() {
		var b bytes.Buffer
		if _, err := s.Data.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		saved[fmt.Sprintf("%s/%d", s.Name, s.Version)] = b.Bytes()
	}
	return saved
}

// restore restores all sections at the same time.
func restore(t testing.TB, e *engine.Engine, saved map[string][]byte) {
	t.Helper()
	var wg sync.WaitGroup
	for key, b := range saved {
		wg.Go(func() {
			name, version, _ := strings.Cut(key, "/")
			r := bytes.NewReader(b)
			if err := e.Restore(name, uint16(number(version)), r); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if r.Len() > 0 {
				t.Errorf("%s: %d bytes are left over", name, r.Len())
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// same compares two engines: every section of their snapshots to the bit, and what they answer. Answers are compared
// after a restore of both, since learners publish their newest weights only now and then.
func same(t testing.TB, what string, a, b *engine.Engine, now models.Time) {
	t.Helper()
	one, other := save(t, a), save(t, b)
	for name := range one {
		// Customers look at some scores that are due with every batch: when they get to which depends on batches, and only in a
		// world as small as this one what they answer does not.
		if !bytes.Equal(one[name], other[name]) && !strings.HasPrefix(name, "customers/") {
			t.Errorf("%s: section %s differs", what, name)
		}
	}
	fresh := func(saved map[string][]byte) string {
		e := newEngine(t, engine.Config{})
		restore(t, e, saved)
		return digest(t, e, now)
	}
	if want, got := fresh(one), fresh(other); got != want {
		t.Errorf("%s: the answers differ:\n%s", what, difference(want, got))
	}
}

// A snapshot at any point, restored, and the rest of the log give the state of an uninterrupted run.
func TestRestoreAnywhere(t *testing.T) {
	events := decode(t, newWorld(1, 3000).merged())
	now := events[len(events)-1].Time
	whole := newEngine(t, engine.Config{})
	apply(whole, events, 64)
	cuts := []int{0, 64, 640, 1600, 2944, len(events)}
	if engine.Racing {
		cuts = cuts[3:4]
	}
	for _, cut := range cuts {
		a, b := newEngine(t, engine.Config{}), newEngine(t, engine.Config{})
		apply(a, events[:cut], 64)
		saved := save(t, a)
		apply(a, events[cut:], 64) // the snapshot is of the moment
		restore(t, b, saved)
		apply(b, events[cut:], 64)
		same(t, fmt.Sprintf("restored after %d of %d events", cut, len(events)), whole, b, now)
		if t.Failed() {
			return
		}
	}
}

// How events are cut into batches does not matter.
func TestBatchSizes(t *testing.T) {
	events := decode(t, newWorld(2, 2000).merged())
	now := events[len(events)-1].Time
	whole := newEngine(t, engine.Config{})
	apply(whole, events, len(events))
	sizes := []int{256, 7, 1}
	if engine.Racing {
		sizes = sizes[:1] // shorter ones are one goroutine's
	}
	for _, size := range sizes {
		e := newEngine(t, engine.Config{})
		apply(e, events, size)
		same(t, fmt.Sprintf("in batches of %d", size), whole, e, now)
		if t.Failed() {
			return
		}
	}
}

// Looking ahead, and doing half of the work on another goroutine, changes nothing, to the bit, in whatever batches it is done.
func TestLookAhead(t *testing.T) {
	events := decode(t, newWorld(6, 4000).merged())
	sizes := []int{256, 64, 3}
	if engine.Racing {
		sizes = sizes[:1] // shorter ones are one goroutine's
	}
	for _, size := range sizes {
		ahead, blind := newEngine(t, engine.Config{}), newEngine(t, engine.Config{})
		for batch := range slices.Chunk(events, size) {
			ahead.Apply(batch)
			blind.ApplyBlind(batch)
		}
		got, want := save(t, ahead), save(t, blind)
		for name := range want {
			if !bytes.Equal(got[name], want[name]) {
				t.Errorf("in batches of %d: section %s differs", size, name)
			}
		}
	}
}

// However the streams interleave, profiles, counters and the evidence of all pairs are the same.
func TestInterleavings(t *testing.T) {
	engine.Alone(t)
	for seed := range uint64(3) {
		w := newWorld(3+seed, 2500)
		want, wantPairs := "", ""
		for n := range uint64(4) {
			lines := w.merged()
			if n > 0 {
				lines = w.shuffled(n)
			}
			e := newEngine(t, exactly)
			events := decode(t, lines)
			apply(e, events, 100)
			now := dayZero + 30*models.Day
			got, pairs := factsTold(e, now, false), evidence(t, e, now)
			if n == 0 {
				want, wantPairs = got, pairs
			}
			if got != want {
				t.Errorf("world %d, interleaving %d: the facts differ:\n%s", seed, n, difference(want, got))
			}
			if pairs != wantPairs {
				t.Errorf("world %d, interleaving %d: the evidence differs:\n%s", seed, n, difference(wantPairs, pairs))
			}
		}
	}
}

// One goroutine applies, one saves, several ask for everything.
func TestEverythingAtOnce(t *testing.T) {
	events := decode(t, newWorld(9, 1500).merged())
	e := newEngine(t, engine.Config{})
	stop := make(chan struct{})
	frozen := make(chan []slab.Section)
	var wg sync.WaitGroup
	wg.Go(func() {
		for sections := range frozen {
			for _, s := range sections {
				if _, err := s.Data.WriteTo(io.Discard); err != nil {
					t.Error(err)
				}
			}
			frozen <- nil
		}
	})
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					now := e.StreamTime()
					digest(t, e, now)
					e.Social(nil, []byte("i1"), []byte("v1"), now)
				}
			}
		})
	}
	saving := false
	for n := 0; len(events) > 0; n++ {
		size := 16
		if n%4 == 3 { // large enough that another goroutine helps
			size = 256
		}
		size = min(size, len(events))
		e.Apply(events[:size])
		events = events[size:]
		if saving {
			select {
			case <-frozen:
				saving = false
			default:
			}
		}
		if !saving && n%8 == 0 {
			frozen <- e.Freeze()
			saving = true
		}
	}
	if saving {
		<-frozen
	}
	close(frozen)
	close(stop)
	wg.Wait()
}

// A frame allocates nothing once its answerer is warm.
func TestFrameAllocations(t *testing.T) {
	engine.Alone(t)
	events := decode(t, newWorld(4, 4000).merged())
	e := newEngine(t, engine.Config{})
	apply(e, events, 64)
	for _, name := range e.Frames() {
		var f models.Frame
		q := models.FrameQuery{
			Frame: []byte(name), Visitor: []byte("v7"), Contact: []byte("c5"), Products: [][]byte{[]byte("i3")}, Exclude: [][]byte{[]byte("i9")},
			Category: []byte("C1 > D1"), Now: events[len(events)-1].Time,
		}
		if got := testing.AllocsPerRun(200, func() {
			if err := e.Frame(&q, &f); err != nil {
				t.Fatal(err)
			}
		}); got != 0 {
			t.Errorf("frame %s allocates %g times", name, got)
		}
	}
}
