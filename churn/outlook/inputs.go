package outlook

import (
	"math"
	"orrery/churn/intent"
	"orrery/models"
	"orrery/models/people"
)

// The inputs of a forecast.
const (
	hzRecent = iota
	hzSilence
	hzSessions
	hzEvents
	hzAge
	hzNewcomer
	hzKnown
	hzOrders
	hzLately
	hzSincePurchase
	hzCart
	hzViewed
	hzViewedWeek
	hzModel
	hzAlive
	hzBuy
	hzRunningLate
	hzRunning // what follows acts on the first day only
	hzSession
	hzCartNow
)

var inputNames = [inputs]string{
	hzRecent: "days since the newest activity", hzSilence: "days since the newest activity", hzSessions: "sessions so far",
	hzEvents: "events so far", hzAge: "days since first seen", hzNewcomer: "first session", hzKnown: "a known contact",
	hzOrders: "earlier orders", hzLately: "days since the last purchase", hzSincePurchase: "days since the last purchase",
	hzCart: "products in the cart", hzViewed: "products viewed", hzViewedWeek: "products viewed within 7 days",
	hzModel: "purchase history", hzAlive: "purchase history", hzBuy: "purchase history", hzRunningLate: "the running session",
	hzRunning: "the running session", hzSession: "the running session", hzCartNow: "products in the cart",
}

// values returns the inputs for a person at a moment.
func (h *Outlooks) values(r *people.Reader, shop uint32, who people.Person, t models.Time) (x [inputs]float64) {
	s := r.Summary(who)
	silent := max(0, intent.Since(s.LastBehaviour, t.Seconds(), models.Day))
	x[hzRecent], x[hzSilence] = 1/(1+silent), math.Log1p(silent)/3
	x[hzSessions], x[hzEvents] = math.Log1p(float64(s.Sessions)), math.Log1p(float64(s.Events))/3
	x[hzAge] = math.Log1p(max(0, intent.Since(s.FirstSeen, t.Seconds(), models.Day))) / 3
	if s.Sessions <= 1 {
		x[hzNewcomer] = 1
	}
	if who.Contact != 0 {
		x[hzKnown] = 1
	}
	x[hzOrders] = math.Log1p(float64(s.Orders))
	if s.LastPurchase != 0 {
		d := max(0, float64(t-s.LastPurchase)/float64(models.Day))
		x[hzLately], x[hzSincePurchase] = 1/(1+d), math.Log1p(d)/3
	}
	x[hzCart], x[hzViewed] = math.Log1p(float64(s.CartLines)), math.Log1p(float64(s.Remembered))/2
	x[hzViewedWeek] = math.Log1p(viewedWithin(r, who, t-7*models.Day)) / 2
	h.history(&x, shop, who, t)
	if running, p := h.running(r, shop, who, t); running {
		x[hzRunningLate], x[hzRunning], x[hzSession], x[hzCartNow] = (intent.Logit(p)+4)/3, 1, (intent.Logit(p)+4)/3, x[hzCart]
	}
	return x
}

// viewedWithin returns how many products a person has viewed since a moment.
func viewedWithin(r *people.Reader, who people.Person, from models.Time) (n float64) {
	for _, e := range r.Viewed(who) {
		if models.Time(e.Last)*models.Second > from {
			n++
		}
	}
	return n
}

// history sets what the purchase models say.
func (h *Outlooks) history(x *[inputs]float64, shop uint32, who people.Person, t models.Time) {
	if who.Contact == 0 {
		return
	}
	if s, ok := h.books.Score(shop, who.Contact, t); ok && s.Gate == "" {
		x[hzModel], x[hzAlive], x[hzBuy] = 1, s.Alive, (intent.Logit(s.Buy28)+3)/2
	}
}

// running returns the probability of a purchase within the running session, if one is.
func (h *Outlooks) running(r *people.Reader, shop uint32, who people.Person, t models.Time) (running bool, p float64) {
	r.EachVisitor(who, func(v uint32) {
		if q, ok := h.intents.Chance(shop, v, t); ok {
			running, p = true, max(p, q)
		}
	})
	return running, p
}
