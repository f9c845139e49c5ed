package outlook

import (
	"fmt"
	"math"
	"orrery/churn/intent"
	"orrery/models"
	"orrery/models/slab"
	"sync/atomic"
)

// model is what a shop has learned. One goroutine learns; any reads published.
type model struct {
	model     *intent.Hazard
	records   [2]intent.Record // within 7 and 28 days
	sums      [inputs]float64
	noted     float64 // forecasts made
	fresh     uint64
	published atomic.Pointer[foreseen]
}

type foreseen struct {
	model   *intent.Hazard
	records [2]intent.Record
	average [inputs]float64
	quality [2]models.IntentQuality
}

var days = [2]float64{7, 28}

// stages is the period that ends at 7 and at 28 days.
var stages = [2]int{2, 4}

// The prior: of a shop that nothing is known of, one visitor in fifty buys within 28 days.
var (
	priorHazard  = intent.Curve{0.004, 0.004, 0.004, 0.005, 0.006}
	priorHorizon = [2]float64{0.012, 0.023}
)

const priorDeviation = 0.6

func newModel() *model {
	f := &model{model: intent.NewHazard(inputs, horizonEarly, priorHazard, priorDeviation)}
	f.publish()
	return f
}

// base returns the share of purchases within 7 or 28 days among the outcomes so far, drawn towards the prior while they
// are few.
func (f *model) base(i int) float64 {
	const weight = 50
	return (f.records[i].Positives + priorHorizon[i]*weight) / (f.records[i].N + weight)
}

// When the model of a shop speaks in place of the base rates.
const (
	leastHorizon       = 500
	leastHorizonBuying = 30
)

func (f *model) gate(i int) string {
	r, days := &f.records[i], days[i]
	switch {
	case r.N < leastHorizon:
		return fmt.Sprintf("base rate: so far only %.0f outcomes within %.0f days of the %d that the model needs", r.N, days, leastHorizon)
	case r.Positives < leastHorizonBuying:
		return fmt.Sprintf("base rate: so far only %.0f purchases within %.0f days of the %d that the model needs", r.Positives, days, leastHorizonBuying)
	case r.Loss >= r.BaseLoss:
		return fmt.Sprintf("base rate: so far the model's forecasts within %.0f days have not been better", days)
	}
	return ""
}

func (f *model) publish() {
	now := &foreseen{model: f.model.Clone(), records: f.records}
	for i := range f.records {
		r := &f.records[i]
		now.quality[i] = intent.QualityOf(r, uint64(r.N), uint64(r.Positives), f.base(i), f.gate(i))
	}
	for i, s := range f.sums {
		now.average[i] = s / max(1, f.records[1].N)
	}
	f.published.Store(now)
	f.fresh = 0
}

// foresightWords is the size of what a shop has learned, in a snapshot.
var foresightWords = 3 + inputs + len(newModel().model.State()) + 2*intent.RecordWords

func (f *model) freeze() slab.Numbers {
	n := slab.Numbers{1, math.Float64bits(f.noted), f.fresh}
	n = intent.PutFloats(n, f.sums[:]...)
	n = intent.PutFloats(n, f.model.State()...)
	for i := range f.records {
		n = intent.PutRecord(n, &f.records[i])
	}
	return n
}

func thawForesight(n slab.Numbers) *model {
	f := newModel()
	f.noted = math.Float64frombits(n[1])
	fresh := n[2]
	n = intent.TakeFloats(n[3:], f.sums[:])
	state := make([]float64, len(f.model.State()))
	n = intent.TakeFloats(n, state)
	f.model.SetState(state)
	for i := range f.records {
		n = intent.TakeRecord(n, &f.records[i])
	}
	f.publish()
	f.fresh = fresh
	return f
}
