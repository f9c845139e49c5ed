package churn

import (
	"cmp"
	"math"
	"slices"

	"orrery/churn/btyd"
	"orrery/churn/forecast"
	"orrery/models"
)

// Unit is the models' unit of time, in days.
const Unit = 7

// Minimum of data below which no model's answer is given but the base rate of the customer's cell.
const (
	MinBuyers = 500
	MinSpan   = 180 // days from the first purchase to now
	MinRecent = 30  // days within which somebody has bought
	MinLoyal  = 50  // customers with three purchase days or more
)

// Models is what was learned from the whole customer base at one moment. It is immutable.
type Models struct {
	Day      btyd.Day // of the fit
	Forecast forecast.Forecaster
	Report   btyd.Report
	Choice   *forecast.Choice // how the model was chosen
	Chosen   btyd.Day         // and when
	Of       int              // from how many buyers
	Content  uint64           // what of: see Customers.Content; 0 of versions that did not say
	Orders   uint64           // of how many orders, as whoever fits counts them
	Spend    btyd.GammaGamma
	SpendFit btyd.Report
	Base     Base
	Gate     string // why models are not used; empty where they are

	// Calibration says how an earlier fit has done since; nil where nobody has looked.
	Calibration *models.Calibration

	rhythms *rhythms // nil before SetModels
}

// Base is the share of customers that bought within the 28 days before the fit, by what was known of them at their start:
// repeats (0, 1, 2, more) and days since the last purchase (up to 30, 90, 180, more).
type Base struct {
	Share [4][4]float64
	N     [4][4]int
	All   float64
}

const baseDays = 28

func cell(k btyd.Key, day btyd.Day) (x, recency int) {
	x = int(min(k.Days-1, 3))
	for _, edge := range []btyd.Day{30, 90, 180} {
		if day-k.Last > edge {
			recency++
		}
	}
	return x, recency
}

// thin is how many customers a cell needs to speak for itself.
const thin = 30

// Buy returns the base rate of a purchase within a number of days, by the constant hazard of the cell, or of all where that
// is thin, and the number of customers that it rests on.
func (b *Base) Buy(k btyd.Key, now btyd.Day, days float64) (p float64, n int) {
	x, recency := cell(k, now)
	p, n = b.Share[x][recency], b.N[x][recency]
	if n < thin {
		p, n = b.All, b.Customers()
	}
	return 1 - math.Pow(1-p, days/baseDays), n
}

// Customers returns how many the base rate of all rests on.
func (b *Base) Customers() (n int) {
	for x := range b.N {
		for r := range b.N[x] {
			n += b.N[x][r]
		}
	}
	return n
}

// Fit learns from all purchases up to a day, beside the writer: a scan of the contacts, the choice of a model (see
// forecast.Choose) and the fit of spend. The outcome follows from what has been bought alone: not from the order in which it
// came, nor from earlier fits. Whoever calls it asks Accept.
func (c *Customers) Fit(now btyd.Day) *Models {
	m := &Models{Day: now, Content: c.Content()}
	var known ledger
	var spends []btyd.Spend
	var gate census
	var buf []btyd.Day
	n := uint32(c.words.Len() / stride)
	for contact := range n {
		r, days, ok := c.read(contact, buf[:0])
		buf = days
		if !ok || r.key.First > now {
			continue
		}
		gate.add(r.key, now)
		m.Base.add(days, now)
		if int(r.key.Days) == len(days) { // who has forgotten days cannot be replayed
			known.add(days)
		}
		if x := float64(r.key.Days - 1); x > 0 && r.first > 0 && r.spent > r.first {
			spends = append(spends, btyd.Spend{X: x, Z: (r.spent - r.first).Float() / x, N: 1})
		}
	}
	m.Base.close()
	m.Of = gate.buyers
	if m.Gate = gate.reason(now); m.Gate != "" {
		return m
	}
	// Sums of floating-point numbers depend on their order, and the trials on who is left out.
	all := known.customers()
	slices.SortFunc(all, slices.Compare)
	slices.SortFunc(spends, func(a, b btyd.Spend) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.Z, b.Z)) })
	choice, err := forecast.Choose(all, now, forecast.Options{Unit: Unit})
	if err != nil {
		m.Gate = err.Error()
		return m
	}
	m.Choice, m.Chosen, m.Forecast, m.Report = choice, now, choice.Forecaster, choice.Report
	if m.Spend, m.SpendFit, err = (btyd.GammaGamma{}).Fit(spends); err != nil {
		m.Spend = btyd.GammaGamma{}
	}
	return m
}

// ledger collects the days of many customers in one piece of memory.
type ledger struct {
	days []btyd.Day
	ends []int
}

func (l *ledger) add(days []btyd.Day) {
	l.days = append(l.days, days...)
	l.ends = append(l.ends, len(l.days))
}

func (l *ledger) customers() [][]btyd.Day {
	out := make([][]btyd.Day, len(l.ends))
	from := 0
	for i, to := range l.ends {
		out[i], from = l.days[from:to:to], to
	}
	return out
}

// Models returns what scores are made of, nil before the first SetModels.
func (c *Customers) Models() *Models { return c.models.Load() }

// SetModels makes m what scores are made of.
func (c *Customers) SetModels(m *Models) {
	if m != nil && m.Gate == "" && m.rhythms == nil {
		m.rhythms = new(rhythms)
	}
	c.models.Store(m)
}

// tolerated is by how much a new fit may be worse in total over the window that both have seen: less than what a Poisson total
// of a thousand purchases scatters by.
const tolerated = 0.03

// more is by how much the customers or their orders have to have grown that a new fit is taken whatever the old one's score.
const more = 1.05

// Accept says whether m is to replace what is in use. Over the last 28 days that both have seen, its total is not further off than
// that of the old one; one that has seen many more customers is not measured by what those few did.
func (c *Customers) Accept(m *Models) bool {
	old := c.models.Load()
	if old == nil || old.Gate != "" || m.Gate != "" || float64(m.Of) >= more*float64(old.Of) {
		return true
	}
	if old.Orders > 0 && float64(m.Orders) >= more*float64(old.Orders) {
		return true
	}
	end := min(m.Day, old.Day)
	return c.miss(m, end) <= c.miss(old, end)+tolerated
}

// miss is the relative error of a model's total over the 28 days before end, had it been known at their start.
func (c *Customers) miss(m *Models, end btyd.Day) float64 {
	from := end - min(baseDays, end)
	var actual, expected float64
	for contact := range uint32(c.words.Len() / stride) {
		_, days, ok := c.read(contact, nil)
		k := forecast.KeyAt(days, from)
		if !ok || k.Days == 0 {
			continue
		}
		actual += float64(forecast.KeyAt(days, end).Days - k.Days)
		expected += m.Forecast.Expect(k.At(from, Unit), float64(baseDays)/Unit)
	}
	return math.Abs(expected-actual) / max(actual, 1)
}

func (b *Base) add(days []btyd.Day, now btyd.Day) {
	if now < baseDays {
		return
	}
	k := forecast.KeyAt(days, now-baseDays)
	if k.Days == 0 {
		return
	}
	x, recency := cell(k, now-baseDays)
	b.N[x][recency]++
	if forecast.KeyAt(days, now).Days > k.Days {
		b.Share[x][recency]++
	}
}

// close turns counts into shares, each with one customer of the base rate added.
func (b *Base) close() {
	var bought float64
	for x := range b.Share {
		for r := range b.Share[x] {
			bought += b.Share[x][r]
		}
	}
	b.All = bought / max(float64(b.Customers()), 1)
	for x := range b.N {
		for r := range b.N[x] {
			b.Share[x][r] = (b.Share[x][r] + b.All) / (float64(b.N[x][r]) + 1)
		}
	}
}

// census counts what the minimum of data is about.
type census struct {
	buyers, loyal int
	first, last   btyd.Day
}

func (c *census) add(k btyd.Key, now btyd.Day) {
	if c.buyers == 0 || k.First < c.first {
		c.first = k.First
	}
	c.buyers++
	c.last = max(c.last, min(k.Last, now))
	if k.Days >= 3 {
		c.loyal++
	}
}

func (c *census) reason(now btyd.Day) string {
	switch {
	case c.buyers < MinBuyers:
		return "fewer than 500 buyers"
	case int(now)-int(c.first) < MinSpan:
		return "less than 180 days of purchases"
	case int(now)-int(c.last) > MinRecent:
		return "no purchase within 30 days"
	case c.loyal < MinLoyal:
		return "fewer than 50 customers with three purchases"
	}
	return ""
}
