package engine

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"orrery/churn"
	"orrery/churn/base"
	"orrery/churn/rfm"
	"orrery/models"
	"orrery/models/people"
	"orrery/models/slab"
)

const (
	dayZero = 15_000 * models.Day // some day in 2011
	euro    = "EUR"
)

func newTestEngine(t testing.TB) *Engine {
	e, err := New(Config{People: people.Config{Logins: 64}}) // exactly: nothing is let go of
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func id(kind string, n int) []byte {
	if n == 0 {
		return nil
	}
	return fmt.Appendf(nil, "%s%d", kind, n)
}

func identify(v, c int, at models.Time) *models.Event {
	return &models.Event{Kind: models.Identify, Name: []byte("identify"), Visitor: id("v", v), Contact: id("c", c), Time: dayZero + at}
}

func order(kind models.Kind, number, v, c int, value models.Money, currency string, at models.Time) *models.Event {
	return &models.Event{
		Kind: kind, Name: []byte(kind.String()), Visitor: id("v", v), Contact: id("c", c), Order: id("O-", number),
		Value: value, HasValue: true, Currency: []byte(currency), Time: dayZero + at,
	}
}

// apply takes copies: the engine keeps nothing of an event, and a test uses it again.
func apply(e *Engine, events []*models.Event) {
	for _, ev := range events {
		clone := *ev
		e.Apply([]*models.Event{&clone})
	}
}

// evidence is what must not depend on the way in which events come.
func evidence(e *Engine) map[string]string {
	out := map[string]string{}
	e.EachContact(nil, 0, dayZero+400*models.Day, func(id []byte, p *models.Profile) bool {
		c := p.Customer
		if c == nil {
			return true
		}
		out[string(id)] = fmt.Sprintf("%d orders, %v, %d days, %d to %d, gap %v, %.4f", c.Orders, c.Spent, c.Days, c.First, c.Last, c.Gap, c.Percentile)
		return true
	})
	return out
}

// genStreams makes up what happens in a shop: streams that keep their order each and interleave in any way.
func genStreams(t *rapid.T) (streams [][]*models.Event) {
	visitors, contacts := rapid.IntRange(1, 4).Draw(t, "visitors"), rapid.IntRange(1, 4).Draw(t, "contacts")
	at := func() models.Time { return models.Time(rapid.IntRange(0, 12).Draw(t, "half day")) * models.Day / 2 }
	for v := range visitors {
		var logins []*models.Event
		for range rapid.IntRange(0, 4).Draw(t, "logins") {
			logins = append(logins, identify(v+1, rapid.IntRange(1, contacts).Draw(t, "contact"), at()))
		}
		streams = append(streams, logins)
	}
	for n := range rapid.IntRange(1, 8).Draw(t, "orders") {
		v, c := rapid.IntRange(1, visitors).Draw(t, "visitor"), 0
		if rapid.IntRange(0, 3).Draw(t, "named") == 0 {
			c = rapid.IntRange(1, contacts).Draw(t, "contact")
		}
		value := models.Money(rapid.IntRange(0, 20).Draw(t, "value")) * models.Micros
		streams = append(streams, []*models.Event{order(models.Purchase, n+1, v, c, value, euro, at())})
		for range rapid.IntRange(0, 2).Draw(t, "refunds") {
			part := models.Money(rapid.IntRange(1, 20).Draw(t, "refund")) * models.Micros
			streams = append(streams, []*models.Event{order(models.Refund, n+1, v, 0, part, euro, at())})
		}
		if rapid.IntRange(0, 5).Draw(t, "cancelled") == 0 {
			streams = append(streams, []*models.Event{order(models.Cancel, n+1, v, 0, 0, "", at())})
		}
	}
	return streams
}

// interleave merges streams in a drawn way.
func interleave(t *rapid.T, streams [][]*models.Event) (all []*models.Event) {
	left := slices.Clone(streams)
	for {
		left = slices.DeleteFunc(left, func(s []*models.Event) bool { return len(s) == 0 })
		if len(left) == 0 {
			return all
		}
		i := rapid.IntRange(0, len(left)-1).Draw(t, "next")
		all, left[i] = append(all, left[i][0]), left[i][1:]
	}
}

// batch works out who bought what from all events at once.
func batch(streams [][]*models.Event) map[string]struct {
	orders int
	spent  models.Money
} {
	type login struct {
		contact string
		at      models.Time
	}
	logins := map[string][]login{} // by visitor
	var sales []*models.Event
	refunds, cancelled := map[string]models.Money{}, map[string]bool{}
	for _, ev := range slices.Concat(streams...) {
		switch ev.Kind {
		case models.Purchase:
			sales = append(sales, ev)
		case models.Refund:
			refunds[string(ev.Order)] += ev.Value
		case models.Cancel:
			cancelled[string(ev.Order)] = true
		}
		if len(ev.Contact) == 0 {
			continue
		}
		v, c := string(ev.Visitor), string(ev.Contact)
		logins[v] = append(logins[v], login{c, ev.Time})
	}
	e := newTestEngine(nil)
	out := map[string]struct {
		orders int
		spent  models.Money
	}{}
	for _, s := range sales {
		net, given := s.Value-refunds[string(s.Order)], refunds[string(s.Order)]
		if cancelled[string(s.Order)] || given > 0 && net <= 0 {
			continue
		}
		whose := string(s.Contact)
		if whose == "" {
			rank := func(c string) uint64 {
				return people.KeyIn(1, e.m.People.ContactHash(e.m.People.Contact(1, []byte(c))))
			}
			var past, future *login
			for _, l := range logins[string(s.Visitor)] {
				if l.at <= s.Time && (past == nil || l.at > past.at || l.at == past.at && rank(l.contact) > rank(past.contact)) {
					past = &l
				}
				if l.at > s.Time && (future == nil || l.at < future.at || l.at == future.at && rank(l.contact) < rank(future.contact)) {
					future = &l
				}
			}
			switch {
			case past != nil:
				whose = past.contact
			case future != nil:
				whose = future.contact
			default:
				continue
			}
		}
		sum := out[whose]
		sum.orders++
		sum.spent += net
		out[whose] = sum
	}
	return out
}

// Whatever the interleaving of orders, refunds, cancellations and logins, every contact has the same orders, and those of
// a computation over all events at once.
func TestCustomersWhateverTheOrder(t *testing.T) {
	Alone(t)
	rapid.Check(t, func(t *rapid.T) {
		streams := genStreams(t)
		a, b := newTestEngine(nil), newTestEngine(nil)
		apply(a, interleave(t, streams))
		apply(b, interleave(t, streams))
		if x, y := evidence(a), evidence(b); !maps.Equal(x, y) {
			t.Fatalf("one way\n%v\nanother\n%v", x, y)
		}
		want := batch(streams)
		n := 0
		a.EachContact(nil, 0, dayZero, func(id []byte, p *models.Profile) bool {
			c := p.Customer
			w := want[string(id)]
			switch {
			case c == nil && w.orders > 0, c != nil && (int(c.Orders) != w.orders || c.Spent != w.spent):
				t.Fatalf("%s: %+v, computed %+v", id, c, w)
			case c != nil:
				n++
			}
			return true
		})
		if n != len(want) {
			t.Fatalf("%d buyers, computed %d", n, len(want))
		}
	})
}

// An order of a visitor counts from the login on, once, and stays with the one who was there.
func TestCustomersLogin(t *testing.T) {
	e := newTestEngine(t)
	orders := func(c int) uint32 {
		p, _ := e.Contact(nil, id("c", c), dayZero+20*models.Day)
		if p.Customer == nil {
			return 0
		}
		return p.Customer.Orders
	}
	steps := []struct {
		ev         *models.Event
		anna, bert uint32
	}{
		{order(models.Purchase, 1, 1, 0, 10, euro, models.Day), 0, 0},
		{identify(1, 1, 2*models.Day), 1, 0},
		{identify(1, 1, 3*models.Day), 1, 0},
		{order(models.Purchase, 2, 1, 0, 10, euro, 4*models.Day), 2, 0},
		{identify(1, 2, 5*models.Day), 2, 0},
		{order(models.Purchase, 3, 1, 0, 10, euro, 6*models.Day), 2, 1},
		{order(models.Purchase, 4, 1, 1, 10, euro, 7*models.Day), 3, 1},
		{order(models.Cancel, 3, 1, 0, 0, "", 8*models.Day), 3, 0},
		{order(models.Refund, 4, 1, 0, 10, euro, 9*models.Day), 2, 0},
		{order(models.Purchase, 2, 1, 2, 10, euro, 10*models.Day), 2, 0}, // the same order again
	}
	for i, s := range steps {
		apply(e, []*models.Event{s.ev})
		if a, b := orders(1), orders(2); a != s.anna || b != s.bert {
			t.Errorf("after step %d: %d and %d orders, want %d and %d", i, a, b, s.anna, s.bert)
		}
	}
}

// An order's amount that no order can have is the most that one can: sums must not overflow.
func TestHugeAmounts(t *testing.T) {
	f := func(want models.Money, items ...models.Item) {
		t.Helper()
		if got := (&models.Event{Items: items}).Amount(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	most := models.Item{Price: models.MaxPrice, Quantity: models.MaxQuantity}
	f(0)
	f(0, models.Item{Quantity: models.MaxQuantity})
	f(7*models.Micros, models.Item{Price: 2 * models.Micros, Quantity: 3}, models.Item{Price: models.Micros, Quantity: 1})
	f(models.MaxValue, models.Item{Price: models.MaxPrice, Quantity: 1000})
	f(models.MaxValue, models.Item{Price: models.MaxPrice, Quantity: 1000}, models.Item{Price: 1, Quantity: 1})
	f(models.MaxValue, most)
	f(models.MaxValue, most, most, most)
}

// Money in another currency than the shop's main one is left out and counted.
func TestCustomersForeignMoney(t *testing.T) {
	e := newTestEngine(t)
	apply(e, []*models.Event{
		order(models.Purchase, 1, 0, 1, 5*models.Micros, "", 0),
		order(models.Purchase, 2, 0, 1, 7*models.Micros, euro, 0),
		order(models.Purchase, 3, 0, 1, 9*models.Micros, "USD", models.Day),
	})
	p, _ := e.Contact(nil, id("c", 1), dayZero)
	if c := p.Customer; c == nil || c.Orders != 3 || c.Spent != 12*models.Micros || c.Currency != euro || c.Days != 2 {
		t.Errorf("got %+v", c)
	}
	if r, _ := e.RFM(nil, dayZero); r.Foreign != 1 || r.Customers != 1 {
		t.Errorf("got %+v", r)
	}
	apply(e, []*models.Event{order(models.Cancel, 3, 0, 1, 0, "", models.Day)})
	if r, _ := e.RFM(nil, dayZero); r.Foreign != 0 {
		t.Errorf("%d orders in other currencies after the only one was cancelled", r.Foreign)
	}
}

// crowd is a customer base that models can be learned from: some buy on in their own rhythm, some stop.
func crowd(n int) (events []*models.Event) {
	number := 0
	for c := 1; c <= n; c++ {
		rhythm := models.Time(5+c*7%40) * models.Day
		stops := 40 + c*13%400
		for at := models.Time(c*31%120) * models.Day; at < models.Time(min(400, stops+120))*models.Day; at += rhythm {
			number++
			events = append(events, order(models.Purchase, number, 0, c, models.Money(10+c%50)*models.Micros, euro, at))
		}
	}
	slices.SortStableFunc(events, func(a, b *models.Event) int { return int((a.Time - b.Time) / models.Second) })
	return events
}

// restored is the engine after a snapshot.
func restored(t testing.TB, e *Engine) *Engine {
	again := newTestEngine(t)
	for _, s := range e.Freeze() {
		restore(t, again, s)
	}
	return again
}

func restore(t testing.TB, e *Engine, s slab.Section) {
	var buf bytes.Buffer
	if _, err := s.Data.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	if err := e.Restore(s.Name, s.Version, io.Reader(&buf)); err != nil {
		t.Fatal(err)
	}
}

func TestCustomersSnapshot(t *testing.T) {
	e := newTestEngine(t)
	events := crowd(50)
	half := len(events) / 2
	apply(e, events[:half])
	apply(e, []*models.Event{order(models.Purchase, 100_000, 1, 0, 10, "USD", 0)})
	again := restored(t, e)
	x, next := e.CustomerChanges(1 << 20)
	y, nextAgain := again.CustomerChanges(1 << 20)
	if next != nextAgain || fmt.Sprint(x) != fmt.Sprint(y) || len(x) == 0 {
		t.Errorf("%d changes to %d, after a restore %d to %d", len(x), next, len(y), nextAgain)
	}
	rest := append(events[half:], identify(1, 3, 300*models.Day))
	apply(e, rest)
	apply(again, rest)
	if x, y := evidence(e), evidence(again); !maps.Equal(x, y) {
		t.Errorf("before\n%v\nafter\n%v", x, y)
	}
	if a, _ := e.RFM(nil, dayZero); a.Foreign != 1 {
		t.Errorf("%d foreign orders", a.Foreign)
	}
}

// refit has the models of the first shop's customers learned, and what was learned read from the log.
func refit(t testing.TB, e *Engine) (*churn.Models, bool) {
	t.Helper()
	base := e.CustomerBases()[0]
	m, accepted := base.Fit()
	if accepted {
		e.Apply([]*models.Event{recorded(t, e, base, m)})
	}
	return m, accepted
}

// recorded is the event that a record of what was learned is read as.
func recorded(t testing.TB, e *Engine, base base.Base, m *churn.Models) *models.Event {
	t.Helper()
	r, err := base.Record(m)
	if err != nil {
		t.Fatal(err)
	}
	ev := &models.Event{Kind: models.LearnedRecord, Shop: []byte(base.Shop()), Props: r.Value}
	if why := e.Admit(ev); why != nil {
		t.Fatal(why)
	}
	return ev
}

// Models are learned beside the writer, and from then on bands are told as the days go by without a purchase.
func TestCustomersForecast(t *testing.T) {
	Alone(t)
	e := newTestEngine(t)
	apply(e, crowd(700))
	before, _ := e.Contact(nil, id("c", 3), e.StreamTime())
	if before.Customer.Gate != "no fit yet" {
		t.Errorf("gate %q before the first fit", before.Customer.Gate)
	}
	base := e.CustomerBases()[0]
	m, accepted := refit(t, e)
	if m.Gate != "" || !accepted {
		t.Fatalf("accepted %v, gate %q", accepted, m.Gate)
	}
	if fit, _ := e.CustomerModels(nil); fit.Calibration == nil || base.Models().Content != base.Content() || base.Models().Orders != base.Orders() {
		t.Errorf("%+v", fit)
	}
	after, _ := e.Contact(nil, id("c", 3), e.StreamTime())
	if c := after.Customer; c.Gate != "" || !(c.Alive >= 0 && c.Alive <= 1 && c.Buy7 <= c.Buy28 && c.Buy28 <= 1 && c.Value >= 0) {
		t.Errorf("%+v", c)
	}
	report, ok := e.CustomerModels(nil)
	if !ok || report.Model == "" || len(report.Candidates) != 10 || report.Calibration == nil || len(report.Calibration.Bins) != 10 {
		t.Errorf("models: %+v", report)
	}
	sum := 0
	for _, b := range report.Calibration.Bins {
		sum += b.Customers
	}
	if sum != report.Calibration.Customers || report.Calibration.LogLoss >= report.Calibration.BaseLoss {
		t.Errorf("calibration: %+v", report.Calibration)
	}
	drain(e)
	var cooled int
	for day := 401; day < 700; day++ { // one stranger buys now and then, so that time goes on
		apply(e, []*models.Event{order(models.Purchase, 1_000_000+day, 0, 100_000, models.Micros, euro, models.Time(day)*models.Day)})
		for _, ch := range drain(e) {
			if ch.Forecast && ch.Band > ch.BandBefore {
				cooled++
			}
		}
	}
	if cooled < 100 {
		t.Errorf("%d times somebody cooled down in 300 days of silence of 700 customers", cooled)
	}
}

func drain(e *Engine) (all []models.CustomerChange) {
	for {
		list, next := e.CustomerChanges(100)
		e.ChangesAcknowledged(next)
		if len(list) == 0 {
			return all
		}
		all = append(all, list...)
	}
}

// Everybody may ask, and models be learned, while events are applied: for the race detector.
func TestCustomersBesideTheWriter(t *testing.T) {
	e := newTestEngine(t)
	events := crowd(300)
	apply(e, events[:len(events)/2])
	var readers sync.WaitGroup
	var stop atomic.Bool
	beside := func(f func()) {
		readers.Go(func() {
			for !stop.Load() {
				f()
			}
		})
	}
	beside(func() {
		e.EachContact(nil, 0, e.StreamTime(), func(_ []byte, p *models.Profile) bool {
			c := p.Customer
			if c != nil && (c.Orders == 0 || c.Score[0] == 0) {
				t.Errorf("torn: %+v", c)
			}
			return true
		})
	})
	beside(func() { e.RFM(nil, e.StreamTime()); e.CustomerModels(nil); e.Stats() })
	beside(func() { drain(e); e.Customers(base.Mark{}, 1000, e.StreamTime()) })
	beside(func() { e.CustomerBases()[0].Fit() })
	apply(e, events[len(events)/2:])
	stop.Store(true)
	readers.Wait()
}

// Whoever gives everything back is told to be in no segment any more, and is not among the customers.
func TestCustomersGone(t *testing.T) {
	e := newTestEngine(t)
	apply(e, []*models.Event{order(models.Purchase, 1, 0, 1, 10, euro, 0), order(models.Purchase, 2, 0, 2, 10, euro, 0)})
	if list, _, more := e.Customers(base.Mark{}, 10, dayZero); len(list) != 2 || more {
		t.Errorf("%d customers, more %v", len(list), more)
	}
	list, next, more := e.Customers(base.Mark{}, 1, dayZero)
	if len(list) != 1 || !more {
		t.Errorf("%d customers of one, more %v", len(list), more)
	}
	if list, _, more = e.Customers(next, 1, dayZero); len(list) != 1 || more {
		t.Errorf("then %d customers, more %v", len(list), more)
	}
	drain(e)
	apply(e, []*models.Event{order(models.Cancel, 1, 0, 1, 0, "", 0)})
	told := drain(e)
	if n := len(told); n == 0 || told[n-1].Segment != "" || string(told[n-1].Contact) != "c1" {
		t.Errorf("told %+v", told)
	}
	if list, _, _ := e.Customers(base.Mark{}, 10, dayZero); len(list) != 1 {
		t.Errorf("%d customers after one is gone", len(list))
	}
}

func BenchmarkCustomersSettle(b *testing.B) {
	e := newTestEngine(b)
	events := crowd(2000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		ev := *events[i%len(events)]
		ev.Order = fmt.Appendf(nil, "%d", i)
		e.Apply([]*models.Event{&ev})
	}
}

// profiles is what every contact's profile says as a customer.
func profiles(e *Engine, now models.Time) (all []string) {
	e.EachContact(nil, 0, now, func(id []byte, p *models.Profile) bool {
		c := p.Customer
		all = append(all, fmt.Sprintf("%s %+v", id, c))
		return true
	})
	return all
}

// bandsTold is the changes of churn bands that wait to be told. Those of segments are left out: when a contact is looked
// at whose scores others have moved is no part of a snapshot.
func bandsTold(e *Engine) (all []string) {
	for _, ch := range drain(e) {
		if ch.Band != ch.BandBefore {
			all = append(all, fmt.Sprintf("%s %d to %d: %v", ch.Contact, ch.BandBefore, ch.Band, ch.Alive))
		}
	}
	slices.Sort(all)
	return all
}

// A restart changes no answer: models, their record and what everybody's profile says are those before it, and so is what
// the days bring from then on.
func TestCustomersRestart(t *testing.T) {
	Alone(t)
	e := newTestEngine(t)
	apply(e, crowd(700))
	if m, accepted := refit(t, e); m.Gate != "" || !accepted {
		t.Fatalf("accepted %v, gate %q", accepted, m.Gate)
	}
	drain(e)
	again := restored(t, e)
	now := e.StreamTime() + 3*models.Day
	if x, y := profiles(e, now), profiles(again, now); !slices.Equal(x, y) || len(x) != 700 {
		t.Errorf("before\n%s\nafter\n%s", strings.Join(x[:2], "\n"), strings.Join(y[:2], "\n"))
	}
	x, _ := e.CustomerModels(nil)
	y, _ := again.CustomerModels(nil)
	if !reflect.DeepEqual(x, y) || x.Model == "" || x.Calibration == nil {
		t.Errorf("models before\n%+v\nafter\n%+v", x, y)
	}
	told := 0
	for day := 401; day < 500; day++ {
		buy := []*models.Event{order(models.Purchase, 1_000_000+day, 0, 100_000, models.Micros, euro, models.Time(day)*models.Day)}
		apply(e, buy)
		apply(again, buy)
		a, b := bandsTold(e), bandsTold(again)
		if !slices.Equal(a, b) {
			t.Fatalf("day %d: told %v, after a restart %v", day, a, b)
		}
		told += len(a)
	}
	if told < 100 {
		t.Errorf("%d changes told", told)
	}
	if m, accepted := refit(t, again); m.Gate != "" || m.Choice == nil {
		t.Errorf("accepted %v, gate %q after a restart", accepted, m.Gate)
	}
}

// A shop's own edges are what customers are scored by, and what the grid says.
func TestCustomersFixedEdges(t *testing.T) {
	e, err := New(Config{RFM: rfm.Rules{Recency: &[4]uint16{10, 20, 40, 80}, Frequency: &[4]uint32{2, 3, 5, 9}}})
	if err != nil {
		t.Fatal(err)
	}
	for c := 1; c <= 12; c++ {
		for n := range c {
			apply(e, []*models.Event{order(models.Purchase, 100*c+n, 0, c, models.Micros, euro, models.Time(n)*models.Day)})
		}
	}
	now := dayZero + 30*models.Day
	for c, want := range map[int][2]uint8{1: {3, 1}, 2: {3, 2}, 4: {3, 3}, 9: {3, 5}, 12: {4, 5}} {
		p, _ := e.Contact(nil, id("c", c), now)
		if s := p.Customer.Score; s[0] != want[0] || s[1] != want[1] {
			t.Errorf("contact %d: scores %v, want %v", c, s, want)
		}
	}
	if r, _ := e.RFM(nil, now); r.Recency != [4]int32{80, 40, 20, 10} || r.Frequency != [4]uint32{2, 3, 5, 9} {
		t.Errorf("%+v", r)
	}
}
