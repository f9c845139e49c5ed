// Package calibration holds the figures by which forecasts of events and of amounts are judged: log loss, Brier score,
// AUC, calibration error and the reliability table for probabilities; absolute, squared and total error for amounts.
package calibration

import (
	"cmp"
	"math"
	"slices"
)

// Definitions says in a sentence each what the figures mean, to be printed next to them.
var Definitions = map[string]string{
	"mae":     "mean absolute error per customer",
	"rmse":    "root of the mean squared error per customer",
	"corr":    "Pearson correlation of forecast and outcome over customers",
	"bias":    "sum of forecasts / sum of outcomes - 1",
	"logloss": "mean of -ln(probability given to what happened)",
	"brier":   "mean squared difference of probability and outcome (1 or 0)",
	"auc":     "chance that a random positive is scored above a random negative, ties count half",
	"ece":     "expected calibration error, 10 bins of equal count: mean over cases of |mean outcome - mean probability| of their bin",
	"prauc":   "average precision: mean over positives of the precision at their score",
}

// Probabilities are forecasts of an event with their outcomes.
type Probabilities struct {
	P []float64
	Y []bool
}

// Add appends a forecast and its outcome.
func (f *Probabilities) Add(p float64, y bool) { f.P, f.Y = append(f.P, p), append(f.Y, y) }

// least keeps one impossible event from making the log loss infinite.
const least = 1e-12

// Losses returns the log loss of each case.
func (f Probabilities) Losses() []float64 {
	out := make([]float64, len(f.P))
	for i, p := range f.P {
		if !f.Y[i] {
			p = 1 - p
		}
		out[i] = -math.Log(max(p, least))
	}
	return out
}

// LogLoss returns the mean log loss in nats.
func (f Probabilities) LogLoss() float64 { return Mean(f.Losses()) }

// Brier returns the mean squared error.
func (f Probabilities) Brier() float64 {
	var sum float64
	for i, p := range f.P {
		if f.Y[i] {
			p = 1 - p
		}
		sum += p * p
	}
	return sum / float64(len(f.P))
}

// Base returns the share of positives.
func (f Probabilities) Base() float64 {
	n := 0
	for _, y := range f.Y {
		if y {
			n++
		}
	}
	return float64(n) / float64(len(f.Y))
}

// order returns the cases by rising probability, in the order given where equal.
func (f Probabilities) order() []int {
	idx := make([]int, len(f.P))
	for i := range idx {
		idx[i] = i
	}
	slices.SortStableFunc(idx, func(a, b int) int { return cmp.Compare(f.P[a], f.P[b]) })
	return idx
}

// AUC returns the area under the ROC curve; NaN where all outcomes are the same.
func (f Probabilities) AUC() float64 {
	idx := f.order()
	var wins, negatives, positives float64
	for i := 0; i < len(idx); {
		var neg, pos float64
		j := i
		for ; j < len(idx) && f.P[idx[j]] == f.P[idx[i]]; j++ {
			if f.Y[idx[j]] {
				pos++
			} else {
				neg++
			}
		}
		wins += pos * (negatives + neg/2)
		negatives, positives, i = negatives+neg, positives+pos, j
	}
	return wins / (negatives * positives)
}

// PRAUC returns the average precision; cases with equal scores share one threshold.
func (f Probabilities) PRAUC() float64 {
	idx := f.order()
	var sum, positives, seen float64
	for i := len(idx); i > 0; {
		j, pos := i, 0.0
		for ; j > 0 && f.P[idx[j-1]] == f.P[idx[i-1]]; j-- {
			if f.Y[idx[j-1]] {
				pos++
			}
		}
		positives, seen = positives+pos, seen+float64(i-j)
		sum += pos * positives / seen
		i = j
	}
	return sum / positives
}

// Bin is a row of a reliability table.
type Bin struct {
	N        int     `json:"n"`
	Forecast float64 `json:"forecast"` // mean probability
	Outcome  float64 `json:"outcome"`  // share of positives
}

// Reliability returns the table over bins of equal count, by rising probability. Cases with equal probabilities that
// fall into two bins bring the same share of positives to both, so the table does not depend on the order of the cases.
func (f Probabilities) Reliability(bins int) []Bin {
	idx := f.order()
	share := f.shares(idx)
	var table []Bin
	for b := range bins {
		from, to := b*len(idx)/bins, (b+1)*len(idx)/bins
		if from == to {
			continue
		}
		bin := Bin{N: to - from}
		for i := from; i < to; i++ {
			bin.Forecast += f.P[idx[i]] / float64(bin.N)
			bin.Outcome += share[i] / float64(bin.N)
		}
		table = append(table, bin)
	}
	return table
}

// shares returns, in the order of idx, the share of positives among the cases with the same probability.
func (f Probabilities) shares(idx []int) []float64 {
	out := make([]float64, len(idx))
	for i := 0; i < len(idx); {
		j, pos := i, 0.0
		for ; j < len(idx) && f.P[idx[j]] == f.P[idx[i]]; j++ {
			if f.Y[idx[j]] {
				pos++
			}
		}
		for k := i; k < j; k++ {
			out[k] = pos / float64(j-i)
		}
		i = j
	}
	return out
}

// ECE returns the expected calibration error over bins of equal count.
func (f Probabilities) ECE(bins int) float64 {
	var sum float64
	for _, b := range f.Reliability(bins) {
		sum += float64(b.N) * math.Abs(b.Outcome-b.Forecast)
	}
	return sum / float64(len(f.P))
}

// Amounts are forecasts of a number with their outcomes.
type Amounts struct{ Forecast, Outcome []float64 }

// Add appends a forecast and its outcome.
func (f *Amounts) Add(forecast, outcome float64) {
	f.Forecast, f.Outcome = append(f.Forecast, forecast), append(f.Outcome, outcome)
}

// Errors returns the absolute error of each case.
func (f Amounts) Errors() []float64 {
	out := make([]float64, len(f.Forecast))
	for i, v := range f.Forecast {
		out[i] = math.Abs(v - f.Outcome[i])
	}
	return out
}

// MAE returns the mean absolute error.
func (f Amounts) MAE() float64 { return Mean(f.Errors()) }

// RMSE returns the root of the mean squared error.
func (f Amounts) RMSE() float64 {
	var sum float64
	for _, e := range f.Errors() {
		sum += e * e
	}
	return math.Sqrt(sum / float64(len(f.Forecast)))
}

// Bias returns the relative error of the total.
func (f Amounts) Bias() float64 { return Mean(f.Forecast)/Mean(f.Outcome) - 1 }

// Corr returns the Pearson correlation.
func (f Amounts) Corr() float64 {
	mx, my := Mean(f.Forecast), Mean(f.Outcome)
	var xx, yy, xy float64
	for i := range f.Forecast {
		x, y := f.Forecast[i]-mx, f.Outcome[i]-my
		xx, yy, xy = xx+x*x, yy+y*y, xy+x*y
	}
	return xy / math.Sqrt(xx*yy)
}

// Mean returns the arithmetic mean.
func Mean(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
