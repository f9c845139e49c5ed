package churn

import (
	"math"
	"sync/atomic"

	"orrery/churn/btyd"
	"orrery/churn/rfm"
	"orrery/models"
)

// Score is everything that purchases say about a contact at one moment, with its evidence.
type Score struct {
	// Evidence.
	First, Last btyd.Day
	Days        uint32 // distinct purchase days
	Orders      uint32
	Spent       models.Money
	Gap         float64 // median days between purchases; 0 with less than two

	RFM         rfm.Scores // of this moment
	Percentiles rfm.Percentiles

	// Forecast. Where Gate is not empty Buy7 and Buy28 are base rates of BaseN customers, and nothing else is known.
	Gate  string
	BaseN int
	Alive float64 // probability of being a customer still
	Buy7  float64 // probability of a purchase within 7 days
	Buy28 float64
	Year  float64 // expected purchase days within 365 days
	Order float64 // expected amount of the next purchase day, in units of currency
	Value float64 // expected spend within 365 days
	Next  float64 // days from now by which the next purchase has come with probability 1/2; +Inf where it may never
	Late  float64 // days past the personal rhythm: past the 80 % quantile of the gap if still a customer; negative before
}

// lateQuantile is the quantile of a customer's own predictive gap beyond which silence is unusual.
const lateQuantile = 0.8

// Score scores a contact on a day. ok is false for who has not bought. It costs about a microsecond, and three with
// Pareto/NBD.
func (c *Customers) Score(contact uint32, now btyd.Day) (s Score, ok bool) {
	r, ok := c.head(contact)
	if !ok {
		return s, false
	}
	now = max(now, r.key.Last)
	v := r.values()
	p := c.table.Percentiles(v)
	s = Score{First: r.key.First, Last: r.key.Last, Days: r.key.Days, Orders: r.orders, Spent: r.spent,
		Gap: r.gap, RFM: c.rules.At(p, v, now), Percentiles: p}
	m := c.models.Load()
	if m == nil {
		s.Gate = "no fit yet"
		return s, true
	}
	if s.Gate = m.Gate; s.Gate != "" {
		s.Buy7, _ = m.Base.Buy(r.key, now, 7)
		s.Buy28, s.BaseN = m.Base.Buy(r.key, now, 28)
		return s, true
	}
	s.forecast(m, &r, now)
	return s, true
}

func (s *Score) forecast(m *Models, r *record, now btyd.Day) {
	o := m.Forecast.At(r.key.At(now, Unit))
	s.Alive = o.Alive()
	s.Buy7, s.Buy28 = o.Buy(7./Unit), o.Buy(28./Unit)
	s.Year = o.Expect(365. / Unit)
	s.Order = m.order(r)
	s.Value = s.Year * s.Order
	s.Next = o.Next(0.5) * Unit
	s.Late = float64(now-r.key.Last) - m.rhythm(r.key)
}

// order returns the expected amount of a purchase day.
func (m *Models) order(r *record) float64 {
	if m.Spend.Q <= 1 {
		return r.spent.Float() / float64(r.key.Days)
	}
	x := float64(r.key.Days - 1)
	switch {
	case x == 0 || r.spent <= r.first:
		return m.Spend.Mean()
	case r.first <= 0: // not known: see remove
		return m.Spend.Expect(x, r.spent.Float()/(x+1))
	}
	return m.Spend.Expect(x, (r.spent-r.first).Float()/x)
}

// rhythm returns the days within which a customer who is still one comes back with probability lateQuantile, seen from
// the last purchase.
func (m *Models) rhythm(k btyd.Key) float64 {
	h := k.At(k.Last, Unit)
	if geo, ok := m.Forecast.Model.(btyd.BetaGeo); ok && geo.K <= 1 || m.rhythms == nil || k.Days > math.MaxUint16 {
		return m.Forecast.Model.NextAlive(h, lateQuantile) * Unit
	}
	// It depends on no more than the number of purchases and the days between first and last, so most customers share
	// theirs with others.
	name := k.Days<<16 | uint32(k.Last-k.First)
	cell := &m.rhythms[name*0x9e3779b1>>(32-rhythmBits)]
	if word := cell.Load(); uint32(word>>32) == name {
		return float64(math.Float32frombits(uint32(word)))
	}
	days := float32(m.Forecast.Model.NextAlive(h, lateQuantile) * Unit)
	cell.Store(uint64(name)<<32 | uint64(math.Float32bits(days)))
	return float64(days)
}

// rhythms remembers rhythm, where no closed form gives it: a word a cell, its name<<32 | the days as a float32.
type rhythms [1 << rhythmBits]atomic.Uint64

const rhythmBits = 14

// Segment returns the segment of a contact on a day by the scores of this moment, without hysteresis: so it follows from
// what was bought and from nothing else. NoSegment for who has not bought.
func (c *Customers) Segment(contact uint32, now btyd.Day) rfm.Segment {
	r, ok := c.head(contact)
	if !ok {
		return rfm.NoSegment
	}
	return c.rules.Score(c.table, r.values(), now).Segment()
}

// State returns what changes are told of: the settled segment of a contact, and the probability of being a customer still
// on a day, negative where no model speaks. ok is false for who has not bought. It costs a fraction of Score.
func (c *Customers) State(contact uint32, now btyd.Day) (segment rfm.Segment, alive float64, ok bool) {
	r, ok := c.head(contact)
	if !ok {
		return 0, -1, false
	}
	alive = -1
	if m := c.models.Load(); m != nil && m.Gate == "" {
		alive = m.Forecast.Alive(r.key.At(max(now, r.key.Last), Unit))
	}
	return r.scores.Segment(), alive, true
}

// Days returns the known purchase days of a contact, ascending, appended to buf.
func (c *Customers) Days(contact uint32, buf []btyd.Day) []btyd.Day {
	_, days, _ := c.read(contact, buf)
	return days
}

// crossing returns the first day on which the probability of being a customer lies below level, if nothing is bought
// until then; never where there is none.
func (m *Models) crossing(k btyd.Key, level float64) btyd.Day {
	t := m.Forecast.Crossing(k.At(k.Last, Unit), level) * Unit
	if math.IsInf(t, 1) || float64(k.First)+t >= never {
		return never
	}
	return k.First + btyd.Day(math.Ceil(t))
}

const never = math.MaxUint16
