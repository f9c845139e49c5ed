package contacts

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"orrery/bench/calibration"
	"orrery/churn/btyd"
	"orrery/churn/forecast"
)

// run is a log, cut.
type run struct {
	unit       float64
	end, until btyd.Day
	horizon    float64
	customers  []customer // with a purchase in calibration
	keys       []btyd.Key
	histories  []btyd.History
	known      [][]btyd.Day // days in calibration
	future     []float64    // purchase days in holdout
	sample     *btyd.Sample
}

// Run backtests a log.
func Run(c Config) (*Result, error) {
	l, err := readLog(c)
	if err != nil {
		return nil, err
	}
	r, err := cut(l, c)
	if err != nil {
		return nil, err
	}
	res := &Result{Command: c.Command, Definitions: calibration.Definitions, Dataset: r.describe(l, c)}
	forecasters, err := r.models(res, c)
	if err != nil {
		return nil, err
	}
	r.baselines(res)
	r.byRepeats(res, forecasters)
	if l.valued {
		r.spend(res, forecasters)
	}
	base := res.Models[0].Holdout.losses
	for i := range res.Models {
		res.Models[i].Holdout.against(base)
	}
	res.Default.Holdout.against(base)
	return res, nil
}

func cut(l *log, c Config) (*run, error) {
	r := &run{unit: c.Unit, end: dayOf(c.CalibrationEnd), until: dayOf(c.HoldoutEnd)}
	if r.unit <= 0 {
		r.unit = 7
	}
	if r.until <= r.end {
		return nil, fmt.Errorf("cannot backtest: the holdout ends on %s, the calibration on %s",
			c.HoldoutEnd.Format(time.DateOnly), c.CalibrationEnd.Format(time.DateOnly))
	}
	r.horizon = float64(r.until-r.end) / r.unit
	counts := btyd.NewCounts()
	for _, cu := range l.customers {
		k := forecast.KeyAt(cu.days, r.end)
		if k.Days == 0 {
			continue
		}
		counts.Move(btyd.Key{}, k)
		r.customers, r.keys = append(r.customers, cu), append(r.keys, k)
		r.histories = append(r.histories, k.At(r.end, r.unit))
		r.known = append(r.known, cu.days[:k.Days])
		r.future = append(r.future, float64(forecast.KeyAt(cu.days, r.until).Days-k.Days))
	}
	if len(r.keys) == 0 {
		return nil, errors.New("cannot backtest: no purchase up to the end of the calibration")
	}
	r.sample = counts.Sample(r.end, r.unit)
	return r, nil
}

func (r *run) describe(l *log, c Config) Dataset {
	d := Dataset{File: c.File, Columns: l.columns, Rows: l.rows, Skipped: l.skipped, Customers: len(r.keys), Repeats: int(r.sample.Repeats()),
		Distinct: r.sample.Len(), Calibration: c.CalibrationEnd.Format(time.DateOnly),
		Holdout: c.HoldoutEnd.Format(time.DateOnly), Horizon: r.horizon}
	active := 0
	for i, k := range r.keys {
		d.Days += len(r.customers[i].days)
		d.HoldoutDays += int(r.future[i])
		if k.Days > 1 {
			d.Repeaters++
		}
		if r.future[i] > 0 {
			active++
		}
	}
	d.Active = float64(active) / float64(d.Customers)
	return d
}

// models fits every model to all of the calibration period, as the literature does, and then lets the default choose.
func (r *run) models(res *Result, c Config) (map[string]forecast.Forecaster, error) {
	all := make(map[string]forecast.Forecaster)
	for _, fit := range []func() (btyd.Model, btyd.Report, error){
		func() (btyd.Model, btyd.Report, error) { return btyd.BetaGeo{}.Fit(r.sample) },
		func() (btyd.Model, btyd.Report, error) { return btyd.BetaGeo{Modified: true}.Fit(r.sample) },
		func() (btyd.Model, btyd.Report, error) { return btyd.Pareto{}.Fit(r.sample) },
		func() (btyd.Model, btyd.Report, error) { return r.erlang() },
		func() (btyd.Model, btyd.Report, error) { return btyd.NBD{}.Fit(r.sample) },
	} {
		start := time.Now()
		m, rep, err := fit()
		took := time.Since(start)
		if err != nil {
			return nil, err
		}
		f := forecast.Forecaster{Model: m, Factor: 1}
		row := r.judge(f)
		row.LL, row.FitMS = rep.LL, took.Seconds()*1000
		res.Models = append(res.Models, row)
		all[m.Name()] = f
		c.note("%s: LL %.3f, %d passes", m.Name(), rep.LL, rep.Passes)
	}
	start := time.Now()
	choice, err := forecast.Choose(r.known, r.end, forecast.Options{Unit: r.unit})
	if err != nil {
		return nil, err
	}
	took := time.Since(start)
	res.Default = r.judge(choice.Forecaster)
	res.Default.LL, res.Default.FitMS = choice.Report.LL, took.Seconds()*1000
	res.Default.Why, res.Default.Factor = choice.Why, choice.Factor
	res.Default.Holdout.wholeNumbers()
	all["default"] = choice.Forecaster
	for _, k := range choice.Candidates {
		out := Candidate{Model: k.Name, Recent: k.Recent, LogScore: k.LogScore}
		for _, w := range k.Windows {
			out.Ratios = append(out.Ratios, w.Actual/w.Expected)
		}
		res.Candidates = append(res.Candidates, out)
	}
	return all, nil
}

// erlang fits MBG/CNBD-k for the k of 2..4 with the best likelihood; k = 1 is MBG/NBD itself.
func (r *run) erlang() (btyd.Model, btyd.Report, error) {
	for _, days := range r.known {
		for i := 1; i < len(days); i++ {
			r.sample.Gaps += math.Log(float64(days[i]-days[i-1]) / r.unit)
		}
	}
	best, bestRep := btyd.BetaGeo{}, btyd.Report{LL: math.Inf(-1)}
	for k := 2; k <= 4; k++ {
		m, rep, err := btyd.BetaGeo{Modified: true, K: k}.Fit(r.sample)
		if err != nil {
			return nil, rep, err
		}
		if rep.LL > bestRep.LL {
			best, bestRep = m, rep
		}
	}
	return best, bestRep, nil
}

func (c Config) note(format string, args ...any) {
	if c.Progress != nil {
		fmt.Fprintf(c.Progress, format+"\n", args...)
	}
}

func (r *run) byRepeats(res *Result, all map[string]forecast.Forecaster) {
	const last = 7
	for x := range last + 1 {
		row := ByRepeats{X: x, Forecast: map[string]float64{}}
		for i, k := range r.keys {
			if min(int(k.Days)-1, last) != x {
				continue
			}
			row.N++
			row.Actual += r.future[i]
			for name, f := range all {
				row.Forecast[name] += f.Expect(r.histories[i], r.horizon)
			}
		}
		if row.N == 0 {
			continue
		}
		row.Actual /= float64(row.N)
		for name := range row.Forecast {
			row.Forecast[name] /= float64(row.N)
		}
		res.ByRepeats = append(res.ByRepeats, row)
	}
}

func quantiles(us []float64) *Quantiles {
	slices.Sort(us)
	at := func(q float64) float64 { return us[int(q*float64(len(us)-1))] }
	return &Quantiles{at(0.5), at(0.9), at(0.99)}
}
