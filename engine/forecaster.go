package engine

import (
	"fmt"
	"math"
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
	now := &outlook{model: f.model.Clone(), record: *r, quality: qualityOf(r, f.sessions, f.buying, f.base(), f.gate())}
	for i, s := range f.sums {
		now.average[i] = s / max(1, r.N)
	}
	f.published.Store(now)
	f.fresh = 0
}

// qualityOf returns a record as it is shown, with the sessions that its forecasts were of and those that bought.
func qualityOf(r *intent.Record, sessions, buying uint64, base float64, gate string) models.IntentQuality {
	q := models.IntentQuality{
		Outcomes: uint64(r.N), Purchases: uint64(r.Positives), Sessions: sessions, Buying: buying, BaseRate: base,
		LogLoss: r.Loss / max(1, r.Weight), BaseLoss: r.BaseLoss / max(1, r.Weight), ECE: r.ECE(), Gate: gate,
	}
	for i := range r.Bins {
		q.Bins = append(q.Bins, binOf(r, i))
	}
	return q
}

// binOf returns a bin of a record as it is shown.
func binOf(r *intent.Record, i int) models.CalibrationBin {
	b := &r.Bins[i]
	n := max(1e-9, b.N)
	return models.CalibrationBin{Customers: int(b.N + 0.5), Predicted: b.Forecast / n, Observed: b.Outcome / n}
}

// recordWords is the size of a record in a snapshot.
const recordWords = 5 + 3*intent.RecordBins

func putFloats(n slab.Numbers, list ...float64) slab.Numbers {
	for _, x := range list {
		n = append(n, math.Float64bits(x))
	}
	return n
}

// takeFloats fills a list from the head of n and returns the rest.
func takeFloats(n slab.Numbers, list []float64) slab.Numbers {
	for i := range list {
		list[i] = math.Float64frombits(n[i])
	}
	return n[len(list):]
}

func putRecord(n slab.Numbers, r *intent.Record) slab.Numbers {
	n = putFloats(n, r.N, r.Positives, r.Weight, r.Loss, r.BaseLoss)
	for _, b := range r.Bins {
		n = putFloats(n, b.N, b.Forecast, b.Outcome)
	}
	return n
}

func takeRecord(n slab.Numbers, r *intent.Record) slab.Numbers {
	var list [recordWords]float64
	n = takeFloats(n, list[:])
	*r = intent.Record{N: list[0], Positives: list[1], Weight: list[2], Loss: list[3], BaseLoss: list[4]}
	for i := range r.Bins {
		b := list[5+3*i:]
		r.Bins[i] = intent.RecordBin{N: b[0], Forecast: b[1], Outcome: b[2]}
	}
	return n
}

// forecasterWords is the size of a forecaster in a snapshot.
const forecasterWords = 5 + (features + 1) + (features+1)*(features+2) + recordWords

func (f *forecaster) freeze() slab.Numbers {
	n := slab.Numbers{1, f.sessions, f.buying, f.fresh, f.asked}
	n = putFloats(n, f.sums[:]...)
	n = putFloats(n, f.model.State()...)
	return putRecord(n, &f.record)
}

func thawForecaster(n slab.Numbers) *forecaster {
	f := newForecaster()
	f.sessions, f.buying = n[1], n[2]
	fresh := n[3]
	f.asked = n[4]
	n = takeFloats(n[5:], f.sums[:])
	state := make([]float64, (features+1)*(features+2))
	n = takeFloats(n, state)
	f.model.SetState(state)
	takeRecord(n, &f.record)
	f.publish()
	f.fresh = fresh
	return f
}
