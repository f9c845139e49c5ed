package intent

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"orrery/bench/calibration"
	"orrery/churn/intent"
	"orrery/churn/session"
	"orrery/engine"
	"orrery/models"
	"orrery/stream/files"
)

// Forecast is a forecast of a purchase within a session that the engine made, and what came.
type Forecast struct {
	session.Outcome
	Simple float64 // what a logistic regression on counts alone would have said at the same moment
}

// Sessions replays a file through the engine and returns its forecasts of purchases within running sessions, in the
// order in which their outcomes became known.
func Sessions(ctx context.Context, cfg files.Config) ([]Forecast, error) {
	var all []Forecast
	e, err := engine.New(engine.Config{Outcomes: func(o *session.Outcome) {
		f := Forecast{Outcome: *o}
		f.Inputs = append([]float64(nil), o.Inputs...)
		all = append(all, f)
	}})
	if err != nil {
		return nil, err
	}
	sink := &direct{engine: e}
	if _, err := files.Run(ctx, cfg, sink, nil); err != nil {
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
	engine  *engine.Engine
	refused map[string]uint64 // events that the engine does not take, by field and reason
}

// Put implements files.Sink.
func (d *direct) Put(_ context.Context, r models.Record) error {
	ev := new(models.Event)
	if err := ev.Decode(r.Value, models.TimeOf(time.Now())); err != nil {
		var invalid *models.Invalid
		if !errors.As(err, &invalid) {
			return err
		}
		if d.refused == nil { // such an event would be a dead letter: the others go on
			d.refused = map[string]uint64{}
		}
		d.refused[invalid.Field+" "+invalid.Code]++
		return nil
	}
	d.engine.Apply([]*models.Event{ev})
	return nil
}

// Flush implements files.Sink.
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
	inputs := func(f *Forecast) []float64 {
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
			all[i].Simple = model.P(inputs(&all[i]))
		}
		model.Learn(inputs(&all[n]), all[n].Bought, 0.5)
	}
}

// row is forecasts of one kind.
type row struct{ probabilities calibration.Probabilities }

func newRow(all []Forecast, p func(*Forecast) float64) (r row) {
	for i := range all {
		r.probabilities.Add(p(&all[i]), all[i].Bought)
	}
	return r
}

func (r row) loss() float64 { return r.probabilities.LogLoss() }

// Groups counts the visitors and sessions of forecasts, and the sessions with a purchase after one.
func Groups(all []Forecast) (visitors, sessions, buying int) {
	type session struct{ visitor, began uint32 }
	who, cut := map[uint32]bool{}, map[session]bool{}
	for i := range all {
		f := &all[i]
		s := session{f.Visitor, f.Session}
		who[f.Visitor] = true
		cut[s] = cut[s] || f.Bought
	}
	for _, bought := range cut {
		if bought {
			buying++
		}
	}
	return len(who), len(cut), buying
}

// Bootstrap returns the 95 % interval of the mean of one value a forecast. Forecasts of one visitor are not independent
// of each other: visitors are drawn, with all that is theirs.
func Bootstrap(all []Forecast, values []float64) calibration.Interval {
	const replicates = 1000
	number := map[uint32]int{}
	var sums, counts []float64
	for i := range all {
		n, known := number[all[i].Visitor]
		if !known {
			n = len(sums)
			number[all[i].Visitor] = n
			sums, counts = append(sums, 0), append(counts, 0)
		}
		sums[n] += values[i]
		counts[n]++
	}
	random := rand.New(rand.NewPCG(1, 2))
	means := make([]float64, replicates)
	for r := range means {
		var sum, count float64
		for range sums {
			n := random.IntN(len(sums))
			sum, count = sum+sums[n], count+counts[n]
		}
		means[r] = sum / count
	}
	slices.Sort(means)
	return calibration.Interval{Low: means[replicates/40], High: means[replicates-1-replicates/40]}
}
