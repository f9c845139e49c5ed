package intent

import (
	"context"
	"math"
	"time"

	"orrery/bench/calibration"
	"orrery/bench/replay"
	"orrery/churn/intent"
	"orrery/engine"
	"orrery/models"
)

// Forecast is a forecast of a purchase within a session that the engine made, and what came.
type Forecast struct {
	engine.IntentOutcome
	Simple float64 // what a logistic regression on counts alone would have said at the same moment
}

// Sessions replays a file through the engine and returns its forecasts of purchases within running sessions, in the
// order in which their outcomes became known.
func Sessions(ctx context.Context, cfg replay.Config) ([]Forecast, error) {
	var all []Forecast
	e, err := engine.New(engine.Config{Outcomes: func(o *engine.IntentOutcome) {
		f := Forecast{IntentOutcome: *o}
		f.Inputs = append([]float64(nil), o.Inputs...)
		all = append(all, f)
	}})
	if err != nil {
		return nil, err
	}
	sink := &direct{engine: e}
	if _, err := replay.Run(ctx, cfg, sink, nil); err != nil {
		return nil, err
	}
	// Time goes on when the file ends, and the last sessions with it.
	for range 60 {
		e.Apply([]*models.Event{{Kind: models.PageView, Name: []byte("page_view"), Visitor: []byte("clock"), Time: e.StreamTime() + 10*models.Minute}})
	}
	return all, nil
}

// direct is a replay's sink that applies records as they come.
type direct struct {
	engine *engine.Engine
}

// Put implements replay.Sink.
func (d *direct) Put(_ context.Context, r models.Record) error {
	ev := new(models.Event)
	if err := ev.Decode(r.Value, models.TimeOf(time.Now())); err != nil {
		return err
	}
	d.engine.Apply([]*models.Event{ev})
	return nil
}

// Flush implements replay.Sink.
func (d *direct) Flush(context.Context) error { return nil }

// Counts lets a logistic regression on a few counts alone forecast what the engine did: at the same moments, knowing the
// same outcomes, learning in the same way. columns are inputs of the forecasts.
func Counts(all []Forecast, columns []int, input func(float64) float64) {
	d := len(columns) + 1
	mean, deviation := make([]float64, d), make([]float64, d)
	mean[0], deviation[0] = -3.9, 1.5
	for i := range columns {
		deviation[i+1] = 0.6
	}
	model := intent.NewBayes(mean, deviation)
	row := func(f *Forecast) []float64 {
		x := []float64{1}
		for _, c := range columns {
			x = append(x, input(math.Expm1(f.Inputs[c])))
		}
		return x
	}
	made := map[uint64][]int{}
	for i := range all {
		made[all[i].Learned] = append(made[all[i].Learned], i)
	}
	for n := range all {
		for _, i := range made[uint64(n)] {
			all[i].Simple = model.P(row(&all[i]))
		}
		model.Learn(row(&all[n]), all[n].Bought, 0.5)
	}
}

// said collects forecasts of one kind.
func said(all []Forecast, p func(*Forecast) float64) (out calibration.Probabilities) {
	for i := range all {
		out.Add(p(&all[i]), all[i].Bought)
	}
	return out
}
