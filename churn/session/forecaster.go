package session

import (
	"fmt"
	"sync/atomic"

	"orrery/churn/intent"
	"orrery/models"
	"orrery/models/slab"
)

// When the model of a shop speaks in place of the base rate: with so many outcomes, so many buying sessions, and when its
// forecasts have been better than the base rate. Ten outcomes of the rarer kind for each of a handful of weights that
// matter is the classical rule (Peduzzi et al. 1996); the model's own shrinkage and that it must have won do the rest.
const (
	leastOutcomes = 1000
	leastBuying   = 30
)

// outcomeWeight is what an outcome counts for in learning: those of one session are not independent of each other.
const outcomeWeight = 0.5

// forecaster is what a shop has learned about purchases within sessions. One goroutine learns; any reads published.
type forecaster struct {
	model     *intent.Bayes
	record    intent.Record
	sums      [features + 1]float64 // of the inputs of all outcomes
	sessions  uint64
	buying    uint64
	asked     uint64 // forecasts made
	fresh     uint64 // outcomes since the last publication
	published atomic.Pointer[outlook]
}

// outlook is a forecaster as it was at some moment.
type outlook struct {
	model   *intent.Bayes
	record  intent.Record
	average [features + 1]float64
	quality models.IntentQuality
}

// The prior: nothing is known of a shop but that one session in fifty or so buys, and no feature is likely to move the
// odds more than threefold a unit.
const (
	priorBias, priorBiasDeviation = -3.9, 1.5
	priorDeviation                = 0.6
	priorRate, priorRateWeight    = 0.02, 50
)

func newForecaster() *forecaster {
	f := &forecaster{model: newBayes(features, priorBias)}
	f.publish()
	return f
}

// newBayes returns a model of so many inputs that has learned nothing: the bias is what log-odds are thought to be.
func newBayes(inputs int, bias float64) *intent.Bayes {
	mean, deviation := make([]float64, inputs+1), make([]float64, inputs+1)
	for i := range deviation {
		deviation[i] = priorDeviation
	}
	mean[0], deviation[0] = bias, priorBiasDeviation
	return intent.NewBayes(mean, deviation)
}

// base returns the share of purchases among the outcomes so far, drawn towards the prior while there are few.
func (f *forecaster) base() float64 {
	return (f.record.Positives + priorRate*priorRateWeight) / (f.record.N + priorRateWeight)
}

// gate returns why the model does not speak, empty where it does.
func (f *forecaster) gate() string {
	switch {
	case f.record.N < leastOutcomes:
		return fmt.Sprintf("base rate: so far only %.0f outcomes of the %d that the model needs", f.record.N, leastOutcomes)
	case f.buying < leastBuying:
		return fmt.Sprintf("base rate: so far only %d buying sessions of the %d that the model needs", f.buying, leastBuying)
	case f.record.Loss >= f.record.BaseLoss:
		return "base rate: so far the model's forecasts have not been better"
	}
	return ""
}

// open tells whether the model speaks.
func (f *forecaster) open() bool {
	return f.record.N >= leastOutcomes && f.buying >= leastBuying && f.record.Loss < f.record.BaseLoss
}

// learn takes what became of a forecast.
func (f *forecaster) learn(row *[features + 1]float64, p, base float64, bought bool) {
	f.record.Note(p, base, bought)
	for i, v := range row {
		f.sums[i] += v
	}
	f.model.Learn(row[:], bought, outcomeWeight)
	f.fresh++
}

// settled ends a session and publishes what was learned when it is 1 % of all or more.
func (f *forecaster) settled(bought bool) {
	f.sessions++
	if bought {
		f.buying++
	}
	if float64(f.fresh) >= f.record.N/100 {
		f.publish()
	}
}

func (f *forecaster) publish() {
	r := &f.record
	now := &outlook{model: f.model.Clone(), record: *r, quality: intent.QualityOf(r, f.sessions, f.buying, f.base(), f.gate())}
	for i, s := range f.sums {
		now.average[i] = s / max(1, r.N)
	}
	f.published.Store(now)
	f.fresh = 0
}

// forecasterWords is the size of a forecaster in a snapshot.
const forecasterWords = 5 + (features + 1) + (features+1)*(features+2) + intent.RecordWords

func (f *forecaster) freeze() slab.Numbers {
	n := slab.Numbers{1, f.sessions, f.buying, f.fresh, f.asked}
	n = intent.PutFloats(n, f.sums[:]...)
	n = intent.PutFloats(n, f.model.State()...)
	return intent.PutRecord(n, &f.record)
}

func thawForecaster(n slab.Numbers) *forecaster {
	f := newForecaster()
	f.sessions, f.buying = n[1], n[2]
	fresh := n[3]
	f.asked = n[4]
	n = intent.TakeFloats(n[5:], f.sums[:])
	state := make([]float64, (features+1)*(features+2))
	n = intent.TakeFloats(n, state)
	f.model.SetState(state)
	intent.TakeRecord(n, &f.record)
	f.publish()
	f.fresh = fresh
	return f
}
