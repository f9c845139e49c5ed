package intent

import (
	"cmp"
	"math"
	"orrery/models"
	"slices"
)

// QualityOf returns a record as it is shown, with the sessions that its forecasts were of and those that bought.
func QualityOf(r *Record, sessions, buying uint64, base float64, gate string) models.IntentQuality {
	q := models.IntentQuality{
		Outcomes: uint64(r.N), Purchases: uint64(r.Positives), Sessions: sessions, Buying: buying, BaseRate: base,
		LogLoss: r.Loss / max(1, r.Weight), BaseLoss: r.BaseLoss / max(1, r.Weight), ECE: r.ECE(), Gate: gate,
	}
	for i := range r.Bins {
		q.Bins = append(q.Bins, BinOf(r, i))
	}
	return q
}

// BinOf returns a bin of a record as it is shown.
func BinOf(r *Record, i int) models.CalibrationBin {
	b := &r.Bins[i]
	n := max(1e-9, b.N)
	return models.CalibrationBin{Customers: int(b.N + 0.5), Predicted: b.Forecast / n, Observed: b.Outcome / n}
}

// MaxReasons is how many features an answer names.
const MaxReasons = 3

// Strongest returns the reasons that move a forecast most.
func Strongest(list []models.IntentReason) []models.IntentReason {
	slices.SortStableFunc(list, func(a, b models.IntentReason) int {
		return cmp.Compare(math.Abs(b.Effect), math.Abs(a.Effect))
	})
	return list[:MaxReasons]
}

// Since returns the time between two seconds in a unit, negative where there was no first.
func Since(from, to uint32, unit models.Time) float64 {
	if from == 0 {
		return -1
	}
	return max(0, float64(int64(to)-int64(from))*float64(models.Second)/float64(unit))
}
