package contacts

import (
	"time"

	"orrery/bench/calibration"
	"orrery/churn/btyd"
	"orrery/churn/forecast"
)

// judge compares a forecaster with the holdout period.
func (r *run) judge(f forecast.Forecaster) ModelResult {
	row := ModelResult{Model: f.Model.Name(), Params: params(f.Model)}
	var expected calibration.Amounts
	var buys calibration.Probabilities
	took := make([]float64, len(r.histories))
	for i, h := range r.histories {
		start := time.Now()
		e, p := f.Expect(h, r.horizon), f.Buy(h, r.horizon)
		f.Alive(h)
		took[i] = time.Since(start).Seconds() * 1e6
		expected.Add(e, r.future[i])
		buys.Add(p, r.future[i] > 0)
	}
	row.Holdout = judged(expected)
	row.Holdout.probabilities(buys)
	var whole calibration.Amounts
	for i, n := range f.Whole(r.histories, r.horizon) {
		whole.Add(float64(n), r.future[i])
	}
	row.Holdout.MAEWhole = whole.MAE()
	for i, h := range r.histories {
		row.Holdout.ImpliedExpected += f.Error(h, r.horizon, expected.Forecast[i]) / float64(len(r.histories))
		row.Holdout.ImpliedWhole += f.Error(h, r.horizon, whole.Forecast[i]) / float64(len(r.histories))
	}
	row.Holdout.whole = whole
	row.Windows = r.windows(func(h btyd.History, t float64) float64 { return f.Buy(h, t) })
	row.Query = quantiles(took)
	return row
}

func params(m btyd.Model) map[string]float64 {
	out := make(map[string]float64)
	for _, p := range m.Params() {
		out[p.Name] = p.Value
	}
	return out
}

// judged compares amounts.
func judged(a calibration.Amounts) Holdout {
	h := Holdout{N: len(a.Outcome), MAE: a.MAE(), MAEExpected: a.MAE(), RMSE: a.RMSE(), Corr: a.Corr(), Bias: a.Bias()}
	for _, v := range a.Forecast {
		h.Total += v
	}
	h.errors = a.Errors()
	h.MAEInterval = calibration.Bootstrap(h.errors)
	return h
}

func (h *Holdout) probabilities(p calibration.Probabilities) {
	h.LogLoss, h.Brier, h.AUC, h.ECE = p.LogLoss(), p.Brier(), p.AUC(), p.ECE(10)
	h.Reliability = p.Reliability(10)
	h.losses = p.Losses()
}

// wholeNumbers makes the whole-number forecast the one that counts.
func (h *Holdout) wholeNumbers() {
	h.MAE, h.Bias, h.Total = h.whole.MAE(), h.whole.Bias(), 0
	for _, v := range h.whole.Forecast {
		h.Total += v
	}
	h.MAEInterval = calibration.Bootstrap(h.whole.Errors())
}

func (h *Holdout) against(base []float64) {
	in := calibration.Bootstrap(calibration.Paired(h.losses, base))
	h.LogLossGain = &in
}

// windows judges P(buy) over 7, 28 and 90 days, as far as the holdout reaches.
func (r *run) windows(buy func(h btyd.History, t float64) float64) []WindowScore {
	var out []WindowScore
	for _, days := range []int{7, 28, 90} {
		if days > int(r.until-r.end) {
			break
		}
		var p calibration.Probabilities
		for i, h := range r.histories {
			later := forecast.KeyAt(r.customers[i].days, r.end+btyd.Day(days))
			p.Add(buy(h, float64(days)/r.unit), later.Days > r.keys[i].Days)
		}
		out = append(out, WindowScore{days, p.Base(), p.Brier(), p.LogLoss(), p.AUC(), p.ECE(10)})
	}
	return out
}
