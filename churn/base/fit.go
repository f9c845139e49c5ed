package base

import (
	"orrery/churn"
	"orrery/churn/btyd"
	"orrery/models"
)

// Base is the customers of one shop, for whoever fits the models that forecasts are made of. Nothing here
// disturbs the applying goroutine; one goroutine calls Refit at a time.
type Base struct {
	c *Customers
	b *book
}

// Bases returns the shops in which a known contact has bought.
func (c *Customers) Bases() (all []Base) {
	for _, b := range c.shops.All() {
		if b != nil && b.base.Buyers() > 0 {
			all = append(all, Base{c, b})
		}
	}
	return all
}

// Shop returns the shop's name.
func (c Base) Shop() string { return string(c.c.names.Shop(c.b.shop)) }

// Orders returns how many orders of known contacts count.
func (c Base) Orders() uint64 { return c.b.sums.Load(sumOrders) }

// calibrated is how many days of the past the calibration is about.
const calibrated = 28

// Behind returns how many customers the newest fit has not reached.
func (c Base) Behind() int { return c.b.base.Behind() }

// Refit learns from all purchases up to now and, if the outcome is not worse than what is in use, makes it what forecasts
// are made of. With a million customers it takes seconds where a model is chosen, once a week or so, and half a second
// else. The calibration is that of the choice.
func (c Base) Refit(now models.Time) (m *churn.Models, accepted bool) {
	day := churn.DayOf(now)
	old := c.b.base.Models()
	m = c.b.base.Refit(day)
	if !c.b.base.Accept(m) {
		return m, false
	}
	switch {
	case m.Gate != "" || day <= calibrated:
	case old != nil && old.Calibration != nil && m.Chosen == old.Chosen && m.Of == old.Of:
		m.Calibration = old.Calibration
	default:
		if before := c.b.base.Fit(day - calibrated); before.Gate == "" {
			m.Calibration = calibrate(c.b, before, day)
		}
	}
	c.b.base.SetModels(m)
	return m, true
}

// Models returns what forecasts of a shop's customers are made of, and false where nobody has bought.
func (c *Customers) Models(shop uint32) (out models.CustomerModels, ok bool) {
	if shop == 0 {
		return out, false
	}
	b := c.shops.Find(shop)
	if b == nil {
		return out, false
	}
	out.Shop, out.Customers, out.Gate = string(c.names.Shop(shop)), uint32(b.base.Buyers()), "no fit yet"
	m := b.base.Models()
	if m == nil {
		return out, true
	}
	out.Gate, out.Fitted, out.BaseRate, out.BaseOf, out.Calibration = m.Gate, timeOf(m.Day), m.Base.All, m.Base.Customers(), m.Calibration
	if m.Gate == "" {
		describe(&out, m)
	}
	return out, true
}

func describe(out *models.CustomerModels, m *churn.Models) {
	out.Model, out.Params, out.LogLikelihood = m.Forecast.Model.Name(), params(m.Forecast.Model.Params()), m.Report.LL
	out.Recent, out.Why, out.Factor = m.Choice.Recent, m.Choice.Why, m.Forecast.Factor
	if m.Spend.Q > 0 {
		out.Spend, out.SpendLL = params(m.Spend.Params()), m.SpendFit.LL
	}
	for _, c := range m.Choice.Candidates {
		tried := models.ModelCandidate{Model: c.Name, Recent: c.Recent, LogScore: c.LogScore}
		for _, w := range c.Windows {
			tried.Windows = append(tried.Windows, models.ClosedWindow{From: timeOf(w.From), To: timeOf(m.Chosen), Actual: w.Actual, Expected: w.Expected})
		}
		out.Candidates = append(out.Candidates, tried)
	}
}

func params(list []btyd.Param) (out []models.Param) {
	for _, p := range list {
		out = append(out, models.Param{Name: p.Name, Value: p.Value})
	}
	return out
}
