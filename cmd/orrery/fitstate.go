package main

import (
	"fmt"
	"time"

	"orrery/churn/base"
	"orrery/models"
)

// fitStale is how many periods may pass without a look at all shops.
const fitStale = 3

// FitOf implements serve.Fits: it asks the state itself, so that it is never older than what was bought last.
func (f *fitter) FitOf(shop []byte) models.FitState {
	name := string(shop)
	if name == "" {
		name = models.DefaultShop
	}
	for _, base := range f.engine.CustomerBases() {
		if base.Shop() == name {
			return f.stateOf(base)
		}
	}
	return models.FitState{State: models.FitWaits, Reason: "no known contact has bought"}
}

// stateOf tells how the models of a shop stand to what has been bought.
func (f *fitter) stateOf(base base.Base) models.FitState {
	f.mu.Lock()
	var s fitState
	known := f.shops[base.Shop()]
	if known != nil {
		s = *known
	}
	f.mu.Unlock()
	m, content, orders := base.Models(), base.Content(), base.Orders()
	seen := uint64(0)
	if m != nil {
		seen = min(m.Orders, orders)
	}
	say := func(state, format string, args ...any) models.FitState {
		return models.FitState{State: state, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case s.fitting:
		return say(models.FitLearns, "%d orders are being learned from, %d of them new to the models in use", orders, orders-seen)
	case m != nil && m.Content == content && m.Gate != "":
		return say(models.FitGated, "all %d orders are known: %s", orders, m.Gate)
	case m != nil && m.Content == content:
		return say(models.FitCurrent, "learned from all %d orders", orders)
	case known == nil:
		return say(models.FitWaits, "learns when the log has been read")
	case s.failure != "":
		return say(models.FitFailed, "what was learned could not be written to the log: %s; it is tried again", s.failure)
	case s.fitted == content && s.refusal != "":
		return say(models.FitRefused, "%s", s.refusal)
	case s.fitted == content:
		return say(models.FitLearns, "learned from all %d orders; the record is on its way through the log", orders)
	case s.history:
		return say(models.FitWaits, "a history is being read: learns when it is quiet; %d of %d orders are new to the models in use", orders-seen, orders)
	case m == nil || grown(m.Orders, orders):
		return say(models.FitWaits, "%d of %d orders are new to the models in use: learns after a rest, where this instance speaks for the log", orders-seen, orders)
	case s.refusal != "":
		return say(models.FitRefused, "%s", s.refusal)
	}
	return say(models.FitCurrent, "%d of %d orders have come since: learned from with another day, or a twentieth more", orders-seen, orders)
}

// probe tells whether the models of customers are kept fresh: of all shops, that what has been bought is learned from.
func (f *fitter) probe() (ok bool, reason string) {
	looked := f.looked.Load()
	if looked == 0 {
		return false, "the models of customers are looked at when the log has been read"
	}
	past := time.Since(time.Unix(looked, 0)).Round(time.Second)
	if past > fitStale*f.every+time.Minute {
		return false, "the models of customers were last seen to " + past.String() + " ago"
	}
	behind, first, refusal := 0, "", ""
	for _, base := range f.engine.CustomerBases() {
		switch s := f.stateOf(base); s.State {
		case models.FitWaits, models.FitLearns, models.FitFailed:
			if behind++; first == "" {
				first = fmt.Sprintf("shop %s: %s", base.Shop(), s.Reason)
			}
		case models.FitRefused:
			refusal = fmt.Sprintf("shop %s: %s", base.Shop(), s.Reason)
		}
	}
	switch {
	case behind > 1:
		return false, fmt.Sprintf("the models of customers of %d shops are behind; %s", behind, first)
	case behind == 1:
		return false, "the models of customers are behind; " + first
	case refusal != "":
		return true, refusal
	}
	return true, "the models of customers are current"
}
