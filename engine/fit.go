package engine

import (
	"orrery/churn"
	"orrery/churn/btyd"
	"orrery/models"
)

// CustomerBase is the customers of one shop, for whoever fits the models that forecasts are made of. Nothing here
// disturbs the applying goroutine; one goroutine calls Refit at a time.
type CustomerBase struct {
	e *Engine
	b *book
}

// CustomerBases returns the shops in which a known contact has bought.
func (e *Engine) CustomerBases() (all []CustomerBase) {
	for _, b := range e.customers.shops.All() {
		if b != nil && b.base.Buyers() > 0 {
			all = append(all, CustomerBase{e, b})
		}
	}
	return all
}

// Shop returns the shop's name.
func (c CustomerBase) Shop() string { return string(c.e.shops.Name(c.b.shop)) }

// Orders returns how many orders of known contacts count.
func (c CustomerBase) Orders() uint64 { return c.b.sums.Load(sumOrders) }

// calibrated is how many days of the past the calibration is about.
const calibrated = 28

// Refit learns from all purchases up to now and, if the outcome is not worse than what is in use, makes it what forecasts
// are made of. With a million customers it takes seconds where a model is chosen, once a week or so, and half a second
// else. The calibration is that of the choice.
func (c CustomerBase) Refit(now models.Time) (m *churn.Models, accepted bool) {
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

// CustomerModels returns what forecasts of a shop's customers are made of, and false where nobody has bought
// and no session has been looked into.
func (e *Engine) CustomerModels(shop []byte) (out models.CustomerModels, ok bool) {
	number := e.findShop(shop)
	b := e.customers.shops.Find(number)
	quality, sessions := e.IntentQuality(shop)
	defer func() { e.behaviourModels(number, &out) }()
	if number == 0 || b == nil && !sessions {
		return out, false
	}
	out = models.CustomerModels{Shop: string(e.shops.Name(number)), Gate: "no known contact has bought"}
	if sessions {
		out.Intent = &quality
	}
	if b == nil {
		return out, true
	}
	out.Customers, out.Gate = uint32(b.base.Buyers()), "no fit yet"
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

// behaviourModels fills in how forecasts from behaviour have done.
func (e *Engine) behaviourModels(shop uint32, out *models.CustomerModels) {
	if f := e.horizon.shops.Find(shop); f != nil {
		quality := f.published.Load().quality
		out.Outlook = quality[:]
	}
	if q, ok := e.intents.ProductQuality(shop); ok {
		out.Product = &q
	}
	if q := e.category.Quality(shop); q.Outcomes > 0 {
		out.Shelf = &q
	}
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
