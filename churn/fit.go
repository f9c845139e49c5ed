package churn

import (
	"math"

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
// forecast.Choose) and the fit of spend. Whoever calls it hands the result to SetModels if Accept says so.
func (c *Customers) Fit(now btyd.Day) *Models { return c.fit(now, nil) }

// choiceDays is how long a choice stands; it falls when there are half as many buyers more.
const choiceDays = 7

// Refit is Fit without a new choice, as long as the last one stands: the model in use is fitted anew, warm, for a twentieth
// of the time.
func (c *Customers) Refit(now btyd.Day) *Models {
	old := c.models.Load()
	if old == nil || old.Choice == nil || now < old.Chosen || now >= old.Chosen+choiceDays || 2*c.Buyers() > 3*old.Of {
		return c.fit(now, nil)
	}
	return c.fit(now, old)
}

// fit learns with the choice of old models, or with a new one where they are nil.
func (c *Customers) fit(now btyd.Day, old *Models) *Models {
	m := &Models{Day: now}
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
	all := known.customers()
	m.Base.close()
	if m.Gate = gate.reason(now); m.Gate != "" {
		return m
	}
	opt := forecast.Options{Unit: Unit}
	var choice *forecast.Choice
	err := forecast.ErrShort
	if old != nil {
		choice, err = old.Choice.Refit(all, now, opt)
		m.Chosen, m.Of = old.Chosen, old.Of
	}
	if err != nil {
		choice, err = forecast.Choose(all, now, opt)
		m.Chosen, m.Of = now, gate.buyers
	}
	if err != nil {
		m.Gate = err.Error()
		return m
	}
	m.Choice, m.Forecast, m.Report = choice, choice.Forecaster, choice.Report
	var warm btyd.GammaGamma
	if old := c.models.Load(); old != nil {
		warm = old.Spend
	}
	if m.Spend, m.SpendFit, err = warm.Fit(spends); err != nil {
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

// tolerated is by how much a new fit may be worse in total over the last closed window: less than what a Poisson total of
// a thousand purchases scatters by.
const tolerated = 0.03

// Accept says whether m is to replace what is in use: on all purchases up to m.Day its likelihood is not lower than that
// of the old parameters, and its total over the last closed window not further off.
func (c *Customers) Accept(m *Models) bool {
	old := c.models.Load()
	if old == nil || old.Gate != "" || m.Gate != "" {
		return true
	}
	s := c.counts.Sample(m.Day, Unit)
	if m.Choice.Recent == old.Choice.Recent && s.LogLikelihood(m.Forecast.Model) < s.LogLikelihood(old.Forecast.Model)-0.5 {
		return false
	}
	return c.miss(m) <= c.miss(old)+tolerated
}

// miss is the relative error of a model's total over the 28 days before m.Day, had it been known at their start.
func (c *Customers) miss(m *Models) float64 {
	from := m.Day - baseDays
	var actual, expected float64
	for contact := range uint32(c.words.Len() / stride) {
		_, days, ok := c.read(contact, nil)
		k := forecast.KeyAt(days, from)
		if !ok || k.Days == 0 {
			continue
		}
		actual += float64(forecast.KeyAt(days, m.Day).Days - k.Days)
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
