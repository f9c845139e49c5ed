package contacts

import (
	"math"

	"orrery/bench/calibration"
	"orrery/churn/btyd"
	"orrery/churn/forecast"
)

// baselines judges what needs no model: the past rate, the past count, and the rule that practice uses, "no purchase
// for so many days means gone" (Wuebben, von Wangenheim 2008).
func (r *run) baselines(res *Result) {
	var rate, count calibration.Amounts
	for i, h := range r.histories {
		past := 0.0
		if h.T > 0 {
			past = h.X * r.horizon / h.T
		}
		rate.Add(past, r.future[i])
		count.Add(h.X, r.future[i])
	}
	res.Baselines = append(res.Baselines,
		ModelResult{Model: "past rate (x t / T)", Holdout: judged(rate)},
		ModelResult{Model: "past count (x)", Holdout: judged(count)},
		r.hiatus())
}

// hiatus is the rule with what it takes to compare it fairly: the days are those that divided a closed window of the
// calibration best (its last half, or as long as the holdout), and each side gets the share of buyers and the mean number
// of purchases that it had there.
func (r *run) hiatus() ModelResult {
	start := r.end
	for _, k := range r.keys {
		start = min(start, k.First)
	}
	window := min(r.until-r.end, (r.end-start)/2)
	split := r.end - window
	best, bestLoss := side{}, math.Inf(1)
	for days := btyd.Day(7); days < r.end-start; days += 7 {
		s := r.divide(split, days)
		if s.loss < bestLoss {
			best, bestLoss = s, s.loss
		}
	}
	var expected calibration.Amounts
	var buys calibration.Probabilities
	longer := float64(r.until-r.end) / float64(window)
	for i, k := range r.keys {
		side := 0
		if r.end-k.Last > best.days {
			side = 1
		}
		p := 1 - math.Pow(1-best.share[side], longer)
		expected.Add(best.mean[side]*longer, r.future[i])
		buys.Add(p, r.future[i] > 0)
	}
	row := ModelResult{Model: "hiatus", Holdout: judged(expected), Params: map[string]float64{"days": float64(best.days)}}
	row.Holdout.probabilities(buys)
	return row
}

// side is a division of the customers at split: who bought within days before it, and who did not.
type side struct {
	days  btyd.Day
	share [2]float64 // who bought between split and the end
	mean  [2]float64
	loss  float64
}

func (r *run) divide(split, days btyd.Day) side {
	s := side{days: days}
	var n, buyers, bought [2]float64
	for _, known := range r.known {
		k := forecast.KeyAt(known, split)
		if k.Days == 0 {
			continue
		}
		i := 0
		if split-k.Last > days {
			i = 1
		}
		n[i]++
		if later := float64(len(known) - int(k.Days)); later > 0 {
			buyers[i]++
			bought[i] += later
		}
	}
	for i := range n {
		s.share[i] = (buyers[i] + 0.5) / (n[i] + 1)
		s.mean[i] = bought[i] / max(n[i], 1)
		s.loss -= buyers[i]*math.Log(s.share[i]) + (n[i]-buyers[i])*math.Log1p(-s.share[i])
	}
	return s
}
