package base

import (
	"orrery/churn"
	"orrery/churn/btyd"
	"orrery/models"
)

// Base is the customers of one shop, for whoever fits the models that forecasts are made of. Nothing here
// disturbs the applying goroutine.
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

// Content stands for all that the shop's customers have bought, see churn.Customers.Content.
func (c Base) Content() uint64 { return c.b.base.Content() }

// Models returns what forecasts are made of, nil before anything was learned.
func (c Base) Models() *churn.Models { return c.b.base.Models() }

// Fit learns from all purchases up to the stream's time; accepted says whether the outcome is to replace what is in use. It does so
// where Record of it is read from the log, here as everywhere. With a million customers it takes seconds. Calibration asks a
// fit of 28 days before.
func (c Base) Fit() (m *churn.Models, accepted bool) {
	day, orders := churn.DayOf(c.c.now()), c.Orders()
	m = c.b.base.Fit(day)
	m.Orders = orders
	if !c.b.base.Accept(m) {
		return m, false
	}
	if m.Gate == "" && day > calibrated {
		if before := c.b.base.Fit(day - calibrated); before.Gate == "" {
			m.Calibration = calibrate(c.b, before, day)
		}
	}
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
