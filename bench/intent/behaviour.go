package intent

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"orrery/bench/calibration"
	"orrery/bench/shop"
	"orrery/churn/outlook"
	"orrery/churn/session"
	"orrery/engine"
	"orrery/models"
	"orrery/stream/files"
)

// burnIn is how many forecasts are learned from before the first is judged: until then all rows say the same prior.
const burnIn = 200

// BehaviourConfig is what to replay: files, or the simulated shop where there are none.
type BehaviourConfig struct {
	Replay   files.Config
	Days     int     // of the simulated shop; 150 where 0
	Rate     float64 // events a second of it; 0.03 where 0
	Persons  int     // of it; 15,000 where 0
	Seed     uint64
	Command  string
	Progress io.Writer
}

// BehaviourResult is how the forecasts did that the engine made on the way, each before anybody knew.
type BehaviourResult struct {
	Command string                `json:"command"`
	Events  uint64                `json:"events"`
	Orders  uint64                `json:"orders"`
	Refused map[string]uint64     `json:"refused,omitempty"` // events that the engine does not take, by field and reason
	Read    []files.Dialect       `json:"read,omitempty"`
	Took    float64               `json:"seconds"`
	Rows    []BehaviourRow        `json:"rows"`
	Models  models.CustomerModels `json:"-"`
}

// BehaviourRow is forecasts of one kind against the base rate of the same moments.
type BehaviourRow struct {
	What      string               `json:"what"`
	N         int                  `json:"n"`
	Positives int                  `json:"positives"`
	LogLoss   float64              `json:"logloss"`
	BaseLoss  float64              `json:"base_logloss"`
	Gain      calibration.Interval `json:"difference"` // of the two, 95 %, bootstrap over visitors
	AUC       float64              `json:"auc"`
	ECE       float64              `json:"ece"`
}

// Behaviour replays events through an engine.
func Behaviour(ctx context.Context, cfg BehaviourConfig) (*BehaviourResult, error) {
	var sessions []Forecast
	var outlooks []outlook.Outcome
	e, err := engine.New(engine.Config{
		Outcomes: func(o *session.Outcome) {
			f := Forecast{Outcome: *o}
			f.Inputs = nil
			sessions = append(sessions, f)
		},
		Horizons: func(o *outlook.Outcome) { outlooks = append(outlooks, *o) },
	})
	if err != nil {
		return nil, err
	}
	began := time.Now()
	sink := &direct{engine: e}
	var read files.Summary
	if len(cfg.Replay.Files) > 0 {
		read, err = files.Run(ctx, cfg.Replay, sink, nil)
	} else {
		err = simulate(ctx, cfg, sink)
	}
	if err != nil {
		return nil, err
	}
	r := &BehaviourResult{Command: cfg.Command, Took: time.Since(began).Seconds()}
	stats := e.Stats()
	r.Events, r.Orders, r.Refused, r.Read = stats.Total, stats.Orders, sink.refused, read.Dialects
	r.Rows = append(r.Rows, compare("session", sessions, func(f *Forecast) (float64, float64, bool) { return f.P, f.Base, f.Bought }))
	for i, what := range []string{"within 7 days", "within 28 days"} {
		var list []Forecast
		for _, o := range outlooks {
			list = append(list, Forecast{Outcome: session.Outcome{Visitor: o.Visitor, P: o.Within[i], Base: o.Base[i], Bought: o.Came[i]}})
		}
		r.Rows = append(r.Rows, compare(what, list, func(f *Forecast) (float64, float64, bool) { return f.P, f.Base, f.Bought }))
	}
	r.Models, _ = e.CustomerModels(nil)
	return r, nil
}

func simulate(ctx context.Context, cfg BehaviourConfig, sink shop.Sink) error {
	if cfg.Days <= 0 {
		cfg.Days = 150
	}
	if cfg.Rate <= 0 {
		cfg.Rate = 0.03
	}
	if cfg.Persons <= 0 {
		cfg.Persons = 15_000
	}
	s := shop.New(shop.Config{Seed: cfg.Seed, Now: models.TimeOf(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)), Days: cfg.Days, Persons: cfg.Persons, Broken: -1})
	if err := s.Open(ctx, sink); err != nil {
		return err
	}
	_, err := s.History(ctx, cfg.Rate, sink)
	return err
}

func compare(what string, all []Forecast, of func(*Forecast) (p, base float64, y bool)) BehaviourRow {
	if len(all) > burnIn {
		all = all[burnIn:]
	}
	var model, base calibration.Probabilities
	r := BehaviourRow{What: what, N: len(all)}
	for i := range all {
		p, b, y := of(&all[i])
		model.Add(p, y)
		base.Add(b, y)
		if y {
			r.Positives++
		}
	}
	if len(all) == 0 {
		return r
	}
	r.LogLoss, r.BaseLoss, r.AUC, r.ECE = model.LogLoss(), base.LogLoss(), model.AUC(), model.ECE(10)
	r.Gain = Bootstrap(all, calibration.Paired(model.Losses(), base.Losses()))
	return r
}

// WriteText writes the result for people.
func (r *BehaviourResult) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%d events, %d orders, %.1f s; every forecast was made before its outcome was known\n\n", r.Events, r.Orders, r.Took)
	for i := range r.Read {
		fmt.Fprintf(w, "read %s\n", &r.Read[i])
	}
	for _, why := range slices.Sorted(maps.Keys(r.Refused)) {
		fmt.Fprintf(w, "%d events that the engine does not take: %s\n", r.Refused[why], why)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "purchase\tforecasts\tcame\tlog loss\tbase rate\tdifference, 95 %\tAUC\tECE")
	for _, row := range r.Rows {
		fmt.Fprintf(t, "%s\t%d\t%d\t%.4f\t%.4f\t%+.4f [%+.4f %+.4f]\t%.4f\t%.4f\n", row.What, row.N, row.Positives, row.LogLoss, row.BaseLoss,
			row.LogLoss-row.BaseLoss, row.Gain.Low, row.Gain.High, row.AUC, row.ECE)
	}
	if q := r.Models.Product; q != nil {
		fmt.Fprintf(t, "of the product looked at\t%d\t%d\t%.4f\t%.4f\t%+.4f\t\t%.4f\n", q.Outcomes, q.Purchases, q.LogLoss, q.BaseLoss, q.LogLoss-q.BaseLoss, q.ECE)
	}
	t.Flush()
	if q := r.Models.Shelf; q != nil {
		fmt.Fprintf(w, "\nnext category: %d forecasts, log loss %.4f (shares of views %.4f), likeliest right %.1f %% (staying %.1f %%);"+
			" of those who went elsewhere the likeliest elsewhere right %.1f %% (the most viewed %.1f %%)\n",
			q.Outcomes, q.LogLoss, q.BaseLoss, 100*q.Hits, 100*q.BaseHits, 100*q.MoveHits, 100*q.MoveBase)
	}
	_, err := fmt.Fprintln(w, strings.TrimSpace(`
rows with an interval are over all forecasts but the first 200, the others fade with memory; base rate: that of the moment;
interval: bootstrap over visitors, 1,000 replicates`))
	return err
}
