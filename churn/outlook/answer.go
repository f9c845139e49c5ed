package outlook

import (
	"orrery/churn/intent"
	"orrery/models"
	"orrery/models/people"
	"slices"
)

// Of returns what is forecast of a person. Any goroutine may call it, with a reader of its own. session is what is shown
// of the running session, 0 without one: the days to come cannot be less likely than the next minutes. because says whether reasons are wanted.
func (h *Outlooks) Of(r *people.Reader, shop uint32, who people.Person, session float64, now models.Time, because bool) *models.Outlook {
	f := h.shops.Find(shop)
	if f == nil {
		return nil
	}
	seen := f.published.Load()
	out := &models.Outlook{Quality: seen.quality, Within: [2]float64{seen.quality[0].BaseRate, seen.quality[1].BaseRate}}
	for _, q := range seen.quality {
		if out.Gate == "" {
			out.Gate = q.Gate
		}
	}
	if out.Gate != "" {
		for i := range out.Within {
			out.Within[i] = max(out.Within[i], session)
		}
		return out
	}
	x := h.values(r, shop, who, now)
	intent.Rounded(x[:])
	curve := seen.model.Curve(x[:])
	for i, days := range days {
		raw := curve.Within(days)
		out.Within[i] = curve.AtLeast(session).Within(days)
		out.Bin[i] = intent.BinOf(&seen.records[i], seen.records[i].Bin(raw))
	}
	if because {
		out.Because = h.reasons(r, seen, &x, who, now)
	}
	return out
}

// Quality returns how the forecasts of a shop have done, and false before the first. Any goroutine may call it.
func (h *Outlooks) Quality(shop uint32) (q [2]models.IntentQuality, ok bool) {
	f := h.shops.Find(shop)
	if f == nil {
		return q, false
	}
	return f.published.Load().quality, true
}

// reasons returns what moves a forecast most.
func (h *Outlooks) reasons(r *people.Reader, seen *foreseen, x *[inputs]float64, who people.Person, now models.Time) (list []models.IntentReason) {
	weights := seen.model.Weights()
	for i, name := range inputNames {
		effect := weights[i] * (x[i] - seen.average[i])
		at := slices.IndexFunc(list, func(r models.IntentReason) bool { return r.Feature == name })
		if at < 0 {
			at = len(list)
			list = append(list, models.IntentReason{Feature: name})
		}
		list[at].Effect += effect
	}
	h.figures(r, who, now, list)
	return intent.Strongest(list)
}

// figures fills in the values of reasons as people count them.
func (h *Outlooks) figures(r *people.Reader, who people.Person, now models.Time, list []models.IntentReason) {
	s := r.Summary(who)
	second := now.Seconds()
	of := map[string]float64{
		inputNames[hzRecent]: intent.Since(s.LastBehaviour, second, models.Day), inputNames[hzSessions]: float64(s.Sessions),
		inputNames[hzEvents]: float64(s.Events), inputNames[hzAge]: intent.Since(s.FirstSeen, second, models.Day),
		inputNames[hzOrders]: float64(s.Orders), inputNames[hzLately]: intent.Since(s.LastPurchase.Seconds(), second, models.Day),
		inputNames[hzCart]: float64(s.CartLines), inputNames[hzViewed]: float64(s.Remembered), inputNames[hzViewedWeek]: viewedWithin(r, who, now-7*models.Day),
	}
	if s.Sessions <= 1 {
		of[inputNames[hzNewcomer]] = 1
	}
	if who.Contact != 0 {
		of[inputNames[hzKnown]] = 1
	}
	for i := range list {
		list[i].Value = of[list[i].Feature]
	}
}
