package contacts

import (
	"orrery/bench/calibration"
	"orrery/churn/btyd"
	"orrery/churn/forecast"
)

// spend fits Gamma-Gamma to the repeat purchases of the calibration period and judges the expected spend per purchase of
// those who bought in the holdout, and the revenue of everybody.
func (r *run) spend(res *Result, all map[string]forecast.Forecaster) {
	var spends []btyd.Spend
	for i, c := range r.customers {
		spends = append(spends, repeats(c, r.keys[i]))
	}
	m, rep, err := btyd.GammaGamma{}.Fit(spends)
	if err != nil {
		return // no money in the file: nothing to judge
	}
	s := &Spend{Params: map[string]float64{"p": m.P, "q": m.Q, "v": m.V}, LL: rep.LL,
		RevenueMAE: map[string]float64{}, Revenue: map[string]float64{}, Bias: map[string]float64{}}
	var mean, constant calibration.Amounts
	revenue := make(map[string]*calibration.Amounts)
	for i, c := range r.customers {
		var got float64
		for d := int(r.keys[i].Days); d < len(c.days) && c.days[d] <= r.until; d++ {
			got += c.spent[d]
		}
		s.Total += got
		e := m.Expect(spends[i].X, spends[i].Z)
		if r.future[i] > 0 {
			mean.Add(e, got/r.future[i])
			constant.Add(m.Mean(), got/r.future[i])
		}
		for name, f := range all {
			if revenue[name] == nil {
				revenue[name] = &calibration.Amounts{}
			}
			revenue[name].Add(f.Expect(r.histories[i], r.horizon)*e, got)
		}
	}
	s.Buyers, s.MAE, s.RMSE, s.Corr = len(mean.Outcome), mean.MAE(), mean.RMSE(), mean.Corr()
	s.MAEConst = constant.MAE()
	for name, a := range revenue {
		s.RevenueMAE[name], s.Revenue[name], s.Bias[name] = a.MAE(), a.Corr(), a.Bias()
	}
	res.Spend = s
}

// repeats returns the mean spend of a customer's repeat purchase days in calibration.
func repeats(c customer, k btyd.Key) btyd.Spend {
	s := btyd.Spend{X: float64(k.Days - 1), N: 1}
	for d := 1; d < int(k.Days); d++ {
		s.Z += c.spent[d] / s.X
	}
	return s
}
