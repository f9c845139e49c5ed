package base

import (
	"cmp"
	"math"
	"slices"

	"orrery/churn"
	"orrery/churn/btyd"
	"orrery/churn/forecast"
	"orrery/models"
)

// calibrationBins is the number of bins of a reliability plot.
const calibrationBins = 10

// outcome is a forecast and what came.
type outcome struct {
	p, base float64
	bought  float64
}

// calibrate asks a fit of some days ago about everybody who was a customer then, and compares with what came until day.
func calibrate(b *book, before *churn.Models, day btyd.Day) *models.Calibration {
	var all []outcome
	var buf [churn.MaxDays]btyd.Day
	for number := range uint32(b.contacts.Len()) {
		days := b.base.Days(number, buf[:0])
		k := forecast.KeyAt(days, before.Day)
		if k.Days == 0 {
			continue
		}
		o := outcome{p: before.Forecast.Buy(k.At(before.Day, churn.Unit), float64(day-before.Day)/churn.Unit)}
		o.base, _ = before.Base.Buy(k, before.Day, float64(day-before.Day))
		if forecast.KeyAt(days, day).Days > k.Days {
			o.bought = 1
		}
		all = append(all, o)
	}
	if len(all) < calibrationBins {
		return nil
	}
	// In an order of their own: sums of floating-point numbers depend on it.
	slices.SortFunc(all, func(a, b outcome) int {
		return cmp.Or(cmp.Compare(a.p, b.p), cmp.Compare(a.base, b.base), cmp.Compare(a.bought, b.bought))
	})
	c := &models.Calibration{From: timeOf(before.Day), Days: int(day - before.Day), Model: before.Forecast.Model.Name(), Customers: len(all)}
	for _, o := range all {
		c.LogLoss += logLoss(o.p, o.bought) / float64(len(all))
		c.BaseLoss += logLoss(o.base, o.bought) / float64(len(all))
	}
	reliability(c, all)
	return c
}

// reliability puts forecasts, in their order, into bins of equal counts.
func reliability(c *models.Calibration, all []outcome) {
	for i := range calibrationBins {
		part := all[i*len(all)/calibrationBins : (i+1)*len(all)/calibrationBins]
		bin := models.CalibrationBin{Customers: len(part)}
		for _, o := range part {
			bin.Predicted += o.p / float64(len(part))
			bin.Observed += o.bought / float64(len(part))
		}
		c.ECE += math.Abs(bin.Predicted-bin.Observed) * float64(len(part)) / float64(len(all))
		c.Bins = append(c.Bins, bin)
	}
}

func logLoss(p, y float64) float64 {
	p = min(1-1e-9, max(1e-9, p))
	return -y*math.Log(p) - (1-y)*math.Log(1-p)
}
