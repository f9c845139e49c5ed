package intent

import "math"

// Record is how well forecasts have done that were made before their outcomes were known: log loss beside that of the
// base rate, and reliability by probability. Old forecasts fade. It is a value without pointers.
type Record struct {
	N, Positives   float64 // forecasts, not faded
	Weight         float64 // of what follows
	Loss, BaseLoss float64 // sums
	Bins           [RecordBins]RecordBin
}

// RecordBins is the number of bins of a Record.
const RecordBins = 10

// RecordBin is the forecasts between two edges: how many, the sum of what they said, and of what came.
type RecordBin struct{ N, Forecast, Outcome float64 }

// RecordEdges are the upper ends of all bins but the last. Purchases are rare, so they are spaced by odds.
var RecordEdges = [RecordBins - 1]float64{0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7}

// recordMemory is over how many forecasts the record fades to its e-th part.
const recordMemory = 20000

// Bin returns the bin of a probability.
func (r *Record) Bin(p float64) int {
	for i, edge := range RecordEdges {
		if p < edge {
			return i
		}
	}
	return RecordBins - 1
}

// Note takes a forecast, the base rate of the same moment, and what came.
func (r *Record) Note(p, base float64, y bool) {
	const fade = 1 - 1./recordMemory
	outcome := 0.0
	if y {
		outcome = 1
	}
	r.N++
	r.Positives += outcome
	r.Weight = r.Weight*fade + 1
	r.Loss = r.Loss*fade + LogLoss(p, y)
	r.BaseLoss = r.BaseLoss*fade + LogLoss(base, y)
	for i := range r.Bins {
		b := &r.Bins[i]
		b.N, b.Forecast, b.Outcome = b.N*fade, b.Forecast*fade, b.Outcome*fade
	}
	b := &r.Bins[r.Bin(p)]
	b.N, b.Forecast, b.Outcome = b.N+1, b.Forecast+p, b.Outcome+outcome
}

// ECE returns the expected calibration error over the bins.
func (r *Record) ECE() float64 {
	var sum float64
	for _, b := range r.Bins {
		sum += math.Abs(b.Forecast - b.Outcome)
	}
	return sum / max(1, r.Weight)
}

// LogLoss returns the loss of a forecast in nats.
func LogLoss(p float64, y bool) float64 {
	if !y {
		p = 1 - p
	}
	return -math.Log(max(1e-12, p))
}
