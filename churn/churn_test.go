package churn

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"orrery/churn/btyd"
	"orrery/churn/forecast"
	"orrery/churn/rfm"
	"orrery/models"
)

// truth keeps orders by brute force.
type truth map[uint32]map[btyd.Day][]models.Money

func (t truth) key(contact uint32) btyd.Key {
	var days []btyd.Day
	for d := range t[contact] {
		days = append(days, d)
	}
	if len(days) == 0 {
		return btyd.Key{}
	}
	return btyd.Key{Days: uint32(len(days)), First: slices.Min(days), Last: slices.Max(days)}
}

// After purchases and cancellations in any order the state is that of a rebuild.
func TestAnyOrderIsARebuild(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, all := New(rfm.Rules{}), truth{}
		for range rapid.IntRange(1, 120).Draw(t, "orders") {
			contact := uint32(rapid.IntRange(0, 5).Draw(t, "contact"))
			day := btyd.Day(rapid.IntRange(100, 140).Draw(t, "day"))
			amount := models.Money(rapid.IntRange(1, 100).Draw(t, "amount")) * models.Micros
			if have := all[contact][day]; len(have) > 0 && rapid.Bool().Draw(t, "cancel") {
				c.Refund(contact, day, have[0], true)
				if all[contact][day] = have[1:]; len(have) == 1 {
					delete(all[contact], day)
				}
				continue
			}
			c.Purchase(contact, day, amount)
			if all[contact] == nil {
				all[contact] = map[btyd.Day][]models.Money{}
			}
			all[contact][day] = append(all[contact][day], amount)
		}
		rebuilt, table := btyd.NewCounts(), rfm.NewTable()
		for contact := range uint32(6) {
			want := all.key(contact)
			rebuilt.Move(btyd.Key{}, want)
			r, days, ok := c.read(contact, nil)
			if ok != (want.Days > 0) || r.key != want || len(days) != int(want.Days) || !slices.IsSorted(days) {
				t.Fatalf("contact %d: %+v with days %v, want %+v", contact, r.key, days, want)
			}
			if !ok {
				continue
			}
			var spent models.Money
			var orders uint32
			var gaps []float64
			for i, d := range days {
				for _, m := range all[contact][d] {
					spent += m
					orders++
				}
				if i > 0 {
					gaps = append(gaps, float64(d-days[i-1]))
				}
			}
			gap := 0.0
			if slices.Sort(gaps); len(gaps) > 0 {
				gap = (gaps[(len(gaps)-1)/2] + gaps[len(gaps)/2]) / 2
			}
			if r.spent != spent || r.orders != orders || r.gap != gap {
				t.Fatalf("contact %d: %v in %d orders, gap %v; want %v, %d, %v", contact, r.spent, r.orders, r.gap, spent, orders, gap)
			}
			table.Insert(rfm.Values{Last: want.Last, Orders: orders, Spent: spent})
		}
		same(t, c.Counts(), rebuilt)
		if c.RFM().Edges() != table.Edges() || c.RFM().Customers() != table.Customers() || c.Buyers() != int(table.Customers()) {
			t.Fatalf("edges %+v, want %+v", c.RFM().Edges(), table.Edges())
		}
	})
}

func same(t *rapid.T, got, want *btyd.Counts) {
	list := func(c *btyd.Counts) map[btyd.Key]uint32 {
		out := map[btyd.Key]uint32{}
		c.Each(func(k btyd.Key, n uint32) { out[k] = n })
		return out
	}
	if a, b := list(got), list(want); !reflect.DeepEqual(a, b) {
		t.Fatalf("counts %v, want %v", a, b)
	}
}

const start = 18000

// fill lets n customers buy over days, in the order of days, and returns what the change events said.
func fill(c *Customers, n, days int) {
	random := rand.New(rand.NewPCG(3, 4))
	type visit struct {
		contact uint32
		day     btyd.Day
	}
	var all []visit
	for contact := range uint32(n) {
		day := float64(random.IntN(days * 2 / 3))
		rate, drop := (0.3+random.ExpFloat64())/30, 0.5*random.Float64()
		for first := true; first || random.Float64() > drop; first = false {
			all = append(all, visit{contact, start + btyd.Day(day)})
			if day += 1 + random.ExpFloat64()/rate; day >= float64(days) {
				break
			}
		}
	}
	slices.SortStableFunc(all, func(a, b visit) int { return int(a.day) - int(b.day) })
	for _, v := range all {
		c.Purchase(v.contact, v.day, models.MoneyOf(10+90*random.Float64()))
	}
}

func fitted(t *testing.T, customers int) (*Customers, btyd.Day) {
	t.Helper()
	c := New(rfm.Rules{})
	const days = 400
	fill(c, customers, days)
	now := btyd.Day(start + days)
	m := c.Fit(now)
	if m.Gate != "" || !c.Accept(m) {
		t.Fatalf("no model: %s", m.Gate)
	}
	c.SetModels(m)
	return c, now
}

func TestScores(t *testing.T) {
	c, now := fitted(t, 2000)
	t.Log(c.Models().Choice.Why)
	for contact := range uint32(2000) {
		s, ok := c.Score(contact, now)
		if !ok || s.Gate != "" {
			t.Fatalf("contact %d: %v, %q", contact, ok, s.Gate)
		}
		if !(s.Alive >= 0 && s.Alive <= 1 && s.Buy7 <= s.Buy28 && s.Buy28 <= s.Alive+1e-12 && s.Year >= 0 && s.Value >= 0 && s.Order > 0) {
			t.Fatalf("contact %d: %+v", contact, s)
		}
		later, _ := c.Score(contact, now+60)
		if later.Alive > s.Alive+1e-12 || math.Abs(later.Late-s.Late-60) > 1e-9 {
			t.Fatalf("contact %d: %+v, 60 days later %+v", contact, s, later)
		}
	}
	if _, ok := c.Score(5000, now); ok {
		t.Error("scored who never bought")
	}
	if same := c.Fit(now); !c.Accept(same) {
		t.Error("the same fit was refused")
	}
	worse := *c.Models()
	worse.Forecast.Factor *= 3
	if c.Accept(&worse) {
		t.Error("a fit with three times the total was accepted")
	}
	seen, more := *c.Models(), worse // as many buyers, with a tenth more orders
	seen.Orders, more.Orders = 5000, 5500
	c.SetModels(&seen)
	if !c.Accept(&more) {
		t.Error("a fit of many more orders was refused for the score of one that has not seen them")
	}
	if more.Orders = 5010; c.Accept(&more) {
		t.Error("a fit with three times the total was accepted for ten orders")
	}
}

// A fit follows from what was bought: not from the numbers of customers, from the order in which it came, or from earlier fits.
func TestFitFollowsFromPurchases(t *testing.T) {
	c, now := fitted(t, 1000)
	type order struct {
		contact uint32
		day     btyd.Day
	}
	var all []order
	for contact := range uint32(1000) {
		for _, day := range c.Days(contact, nil) {
			all = append(all, order{contact, day})
		}
	}
	amount := func(o order) models.Money {
		return models.Money(o.contact*7919%50_000+uint32(o.day)) * models.Micros / 100
	}
	bases := [3]*Customers{}
	random := rand.New(rand.NewPCG(3, 4))
	for i := range bases {
		bases[i] = New(rfm.Rules{})
		number := random.Perm(1000)
		random.Shuffle(len(all), func(a, b int) { all[a], all[b] = all[b], all[a] })
		slices.SortStableFunc(all, func(a, b order) int { return int(a.day/90) - int(b.day/90) }) // roughly as it was
		for _, o := range all {
			bases[i].Purchase(uint32(number[o.contact]), o.day, amount(o))
		}
		if i == 2 {
			bases[i].SetModels(c.Models())
			bases[i].Purchase(1000, now, models.Micros)
			bases[i].Refund(1000, now, models.Micros, true)
		}
		if bases[i].Content() != bases[0].Content() || bases[i].Content() == c.Content() {
			t.Fatalf("base %d: content %x, not %x", i, bases[i].Content(), bases[0].Content())
		}
	}
	want, _ := bases[0].Fit(now).Encode()
	for i, b := range bases[1:] {
		if got, _ := b.Fit(now).Encode(); !bytes.Equal(got, want) {
			t.Errorf("base %d: other models", i+1)
		}
	}
}

func TestGates(t *testing.T) {
	c := New(rfm.Rules{})
	c.Purchase(0, start, models.Micros)
	if s, _ := c.Score(0, start); s.Gate != "no fit yet" {
		t.Errorf("%q", s.Gate)
	}
	fill(c, 300, 400)
	m := c.Fit(start + 400)
	c.SetModels(m)
	s, _ := c.Score(0, start+400)
	if m.Gate != "fewer than 500 buyers" || s.Gate != m.Gate || s.Buy7 >= s.Buy28 || s.Buy28 <= 0 || s.Alive != 0 {
		t.Errorf("%q: %+v", m.Gate, s)
	}
	fill(c, 900, 100)
	if m := c.Fit(start + 100); m.Gate != "less than 180 days of purchases" {
		t.Errorf("%q", m.Gate)
	}
	if m := c.Fit(start + 600); m.Gate != "no purchase within 30 days" {
		t.Errorf("%q", m.Gate)
	}
}

// A base rate says whom it rests on: the customers alike, or all where these are few.
func TestBaseRate(t *testing.T) {
	b := Base{All: 0.1}
	b.N[0][0], b.Share[0][0], b.N[2][1], b.Share[2][1] = 100, 0.2, 5, 0.9
	f := func(k btyd.Key, p float64, n int) {
		t.Helper()
		if got, of := b.Buy(k, start+50, baseDays); math.Abs(got-p) > 1e-12 || of != n {
			t.Errorf("%+v: %v of %d, want %v of %d", k, got, of, p, n)
		}
	}
	f(btyd.Key{Days: 1, First: start + 40, Last: start + 40}, 0.2, 100)
	f(btyd.Key{Days: 3, First: start, Last: start + 10}, 0.1, 105)
}

// What a customer will spend does not depend on whether an order that is cancelled by now came first.
func TestOrderValueAfterCancellation(t *testing.T) {
	c := New(rfm.Rules{})
	c.SetModels(&Models{Day: start + 30, Spend: btyd.GammaGamma{P: 6, Q: 4, V: 15}, Forecast: fixed})
	for contact := range uint32(2) {
		if contact == 0 {
			c.Purchase(contact, start, 10*models.Micros)
		}
		c.Purchase(contact, start+10, 10*models.Micros)
		c.Purchase(contact, start+20, 10*models.Micros)
	}
	c.Refund(0, start, 10*models.Micros, true)
	got, _ := c.Score(0, start+30)
	if want, _ := c.Score(1, start+30); got.Order != want.Order {
		t.Errorf("an order of %v is expected, and %v of who never had the first", got.Order, want.Order)
	}
}

func TestSnapshot(t *testing.T) {
	c, now := fitted(t, 700)
	var b bytes.Buffer
	frozen := c.Freeze()
	for contact := range uint32(300) { // what comes after belongs to the next snapshot
		c.Purchase(contact, now, models.Micros)
	}
	if _, err := frozen.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	raw := slices.Clone(b.Bytes())
	d := New(rfm.Rules{})
	if _, err := d.ReadFrom(&b); err != nil {
		t.Fatal(err)
	}
	old, _ := fitted(t, 700)
	for contact := range uint32(700) {
		got, _ := d.Score(contact, now)
		want, _ := old.Score(contact, now)
		if got != want && !(math.IsInf(got.Next, 1) && math.IsInf(want.Next, 1)) {
			t.Fatalf("contact %d: %+v, want %+v", contact, got, want)
		}
	}
	got, first := d.Grid(now)
	want, since := old.Grid(now)
	if got != want || first != since || d.Buyers() != old.Buyers() || d.Content() != old.Content() {
		t.Errorf("grid %v, want %v", got, want)
	}
	for cut := 0; cut < len(raw); cut += 1 + len(raw)/50 {
		if _, err := New(rfm.Rules{}).ReadFrom(bytes.NewReader(raw[:cut])); err == nil {
			t.Fatalf("%d of %d bytes were accepted", cut, len(raw))
		}
	}
}

// Changes of bands come on the day on which polling everybody every day would have found them.
func TestCrossingsNeedNoPolling(t *testing.T) {
	c, now := fitted(t, 800)
	c.Reschedule(now)
	c.Changes()
	random := rand.New(rand.NewPCG(5, 6))
	bands := make([]uint8, 800)
	m := c.Models()
	for contact := range bands {
		bands[contact] = m.band(c.load(uint32(contact)).key, now)
	}
	total := 0
	for day := now + 1; day < now+300; day++ {
		told := map[uint32]uint8{}
		note := func(changes []Change) {
			for _, ch := range changes {
				if !ch.Segment {
					told[ch.Contact] = ch.ToBand
				}
			}
		}
		c.Dawn(day)
		note(c.Changes())
		for range 3 {
			c.Purchase(uint32(random.IntN(800)), day, models.Micros)
		}
		note(c.Changes())
		for contact := range bands {
			want := m.band(c.load(uint32(contact)).key, day)
			if got, changed := told[uint32(contact)]; changed != (want != bands[contact]) && !(changed && got == want) || changed && got != want {
				t.Fatalf("day %d, contact %d: band %d to %d, told %v %d", day, contact, bands[contact], want, changed, got)
			}
			if want != bands[contact] {
				total++
			}
			bands[contact] = want
		}
	}
	if total < 100 {
		t.Errorf("%d changes only", total)
	}
}

func TestSegmentsChange(t *testing.T) {
	c := New(rfm.Rules{})
	fill(c, 1000, 300)
	c.Dawn(start + 300)
	// Everybody but contact 0 buys twice more: 0 sinks without an event of its own, on the day after.
	for round := range 2 {
		for contact := uint32(1); contact < 1000; contact++ {
			c.Purchase(contact, start+310+btyd.Day(round), models.Micros*50)
		}
	}
	c.Changes()
	before, _, _ := c.State(0, start+311)
	c.Dawn(start + 312)
	after, _, _ := c.State(0, start+312)
	score, _ := c.Score(0, start+312)
	if after != rfm.Hibernating || score.RFM.R != 1 {
		t.Errorf("from %v to %v", before, after)
	}
	found := false
	for _, ch := range c.Changes() {
		found = found || ch.Contact == 0 && ch.Segment && ch.To == rfm.Hibernating
	}
	if !found && before != after {
		t.Error("nobody was told")
	}
}

// The grid is the sum of the scores that Score gives, at any moment and by any rules.
func TestGridIsTheSumOfScores(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := New(rfm.Rules{})
		if rapid.Bool().Draw(t, "fixed") {
			c = New(rfm.Rules{Recency: &[4]uint16{5, 20, 40, 80}})
		}
		for range rapid.IntRange(1, 60).Draw(t, "orders") {
			contact, day := rapid.Uint32Range(0, 20).Draw(t, "contact"), start+btyd.Day(rapid.IntRange(0, 60).Draw(t, "day"))
			if rapid.IntRange(0, 5).Draw(t, "refund") == 0 {
				c.Refund(contact, day, models.Micros, true)
			} else {
				c.Purchase(contact, day, models.Micros)
			}
			now := start + btyd.Day(rapid.IntRange(0, 90).Draw(t, "now"))
			var want [rfm.Levels][rfm.Levels]uint32
			for contact := range uint32(21) {
				if s, ok := c.Score(contact, now); ok {
					want[s.RFM.R-1][s.RFM.F-1]++
				}
			}
			if got, _ := c.Grid(now); got != want {
				t.Fatalf("grid %v, want %v", got, want)
			}
		}
	})
}

func TestHeavyBuyer(t *testing.T) {
	c := New(rfm.Rules{})
	for d := range btyd.Day(500) {
		c.Purchase(0, start+2*d, models.Micros)
	}
	s, _ := c.Score(0, start+1000)
	if s.Days != 500 || s.First != start || s.Last != start+998 || s.Gap != 2 || len(c.Days(0, nil)) != MaxDays {
		t.Errorf("%+v", s)
	}
	c.Refund(0, start+998, models.Micros, true)
	if s, _ = c.Score(0, start+1000); s.Days != 499 || s.Last != start+996 {
		t.Errorf("%+v", s)
	}
}

// Readers and the fit run beside the writer: for the race detector, and a reader must never see half a purchase.
func TestReadersBesideWriter(t *testing.T) {
	c, now := fitted(t, 600)
	var group sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		group.Go(func() {
			for i := uint32(0); ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				r, days, ok := c.read(i%600, nil)
				if ok && (len(days) != int(r.key.Days) || days[0] != r.key.First || days[len(days)-1] != r.key.Last) {
					t.Errorf("half a purchase: %+v %v", r.key, days)
					return
				}
				c.Score(i%600, now)
			}
		})
	}
	group.Go(func() { c.Fit(now) })
	for i := range 3000 {
		c.Purchase(uint32(i%600), now+btyd.Day(i/600), models.Micros)
		if i%3 == 0 {
			c.Refund(uint32(i%600), now+btyd.Day(i/600), models.Micros, true)
		}
		c.Dawn(now + btyd.Day(i/600))
	}
	close(stop)
	group.Wait()
}

func BenchmarkPurchase(b *testing.B) {
	c := New(rfm.Rules{})
	fill(c, 50_000, 700)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Purchase(uint32(i*7919%50_000), start+700+btyd.Day(i/50_000), models.Micros)
	}
}

func BenchmarkScoreContact(b *testing.B) {
	c := New(rfm.Rules{})
	fill(c, 100_000, 700)
	c.SetModels(&Models{Day: start + 700, Spend: btyd.GammaGamma{P: 6, Q: 4, V: 15}, Forecast: fixed})
	b.ReportAllocs()
	b.ReportMetric(float64(c.Bytes())/100_000, "bytes/contact")
	for i := 0; b.Loop(); i++ {
		c.Score(uint32(i*7919%100_000), start+700)
	}
}

var fixed = forecast.Forecaster{Model: btyd.BetaGeo{R: 0.525, Alpha: 6.183, A: 0.891, B: 1.614, Modified: true}, Factor: 1.05}
