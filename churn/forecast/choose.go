package forecast

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"orrery/churn/btyd"
)

// Options are the choices of Choose; the zero value is good.
type Options struct {
	Unit float64 // days per unit of the models' time; 7 where 0
	Span int     // days of the past that windows may reach back, at most; 730 where 0
	Most int     // customers that the trials look at, at most: evenly many are left out; 50,000 where 0
}

// thin leaves out customers evenly until at most so many are left.
func thin(customers [][]btyd.Day, most int) [][]btyd.Day {
	if most <= 0 {
		most = 50_000
	}
	if len(customers) <= most {
		return customers
	}
	out := make([][]btyd.Day, 0, most)
	for i := range most {
		out = append(out, customers[i*len(customers)/most])
	}
	return out
}

// Origins are the ends of what the models learn from in the trials, as fractions of the span before the end. The first
// leaves the longest closed window that still has as much before it as after it; the others follow at equal steps.
var Origins = []float64{1. / 2, 3. / 8, 1. / 4, 1. / 8}

// Recent is the part of the time up to an origin whose purchases count in a fit to recent behaviour.
const Recent = 1. / 2

// ErrShort is returned where there is no time to split, or too few purchases in it.
var ErrShort = errors.New("cannot choose a model: too few repeat purchases before the first closed window")

// Candidate is a model that was tried, and how it fared.
type Candidate struct {
	Name   string
	Recent bool // fitted to the recent half rather than to all time
	// LogScore is the log-likelihood of what happened between each origin and the next, under the fit of that origin: the
	// prequential score, in nats; higher is better.
	LogScore float64
	Windows  []Window
	stages   int // of Erlang gaps: the k of CNBD-k
	fit      fitter
}

// Window is a closed window: purchase days that came, and that were expected at its start, from its start to the end.
type Window struct {
	From             btyd.Day
	Actual, Expected float64
}

// Choice is the outcome of Choose.
type Choice struct {
	Forecaster
	Report     btyd.Report
	Recent     bool
	Candidates []Candidate
	Why        string
}

// fitter fits a model.
type fitter func(s, before *btyd.Sample) (btyd.Model, btyd.Report, error)

func candidates() []Candidate {
	geo := func(m btyd.BetaGeo) fitter {
		return func(s, before *btyd.Sample) (btyd.Model, btyd.Report, error) { return m.FitSince(s, before) }
	}
	pareto := func(s, before *btyd.Sample) (btyd.Model, btyd.Report, error) {
		return btyd.Pareto{}.FitSince(s, before)
	}
	var all []Candidate
	for _, recent := range []bool{false, true} {
		all = append(all,
			Candidate{"bg/nbd", recent, 0, nil, 1, geo(btyd.BetaGeo{})},
			Candidate{"mbg/nbd", recent, 0, nil, 1, geo(btyd.BetaGeo{Modified: true})},
			Candidate{"mbg/cnbd-2", recent, 0, nil, 2, geo(btyd.BetaGeo{Modified: true, K: 2})},
			Candidate{"mbg/cnbd-3", recent, 0, nil, 3, geo(btyd.BetaGeo{Modified: true, K: 3})},
			Candidate{"pareto/nbd", recent, 0, nil, 1, pareto})
	}
	return all
}

// Choose tries every candidate at every origin, takes the one with the best log score, fits it to all that is known at
// end, and recalibrates its totals by the windows (see factor). customers are their distinct purchase days, ascending.
func Choose(customers [][]btyd.Day, end btyd.Day, opt Options) (*Choice, error) {
	t := newTrial(thin(customers, opt.Most), end, opt)
	tried := candidates()
	best := -1
	for i := range tried {
		if err := t.run(&tried[i]); err != nil {
			continue // a candidate that cannot be fitted at some origin is out
		}
		if best < 0 || tried[i].LogScore > tried[best].LogScore {
			best = i
		}
	}
	if best < 0 {
		return nil, ErrShort
	}
	won := tried[best]
	model, rep, err := newTrial(customers, end, opt).fit(&won, end)
	if err != nil {
		return nil, err
	}
	f := factor(won.Windows)
	return &Choice{Forecaster{model, f}, rep, won.Recent, tried, why(tried, best, f)}, nil
}

// Sound tells whether a choice that has been read back holds a model, and one of its candidates.
func (c *Choice) Sound() bool {
	return c.Model != nil && slices.ContainsFunc(c.Candidates, func(tried Candidate) bool {
		return tried.Name == c.Model.Name() && tried.Recent == c.Recent
	})
}

func why(tried []Candidate, best int, factor float64) string {
	won, second := tried[best], math.Inf(-1)
	for i, c := range tried {
		if i != best && len(c.Windows) > 0 {
			second = max(second, c.LogScore)
		}
	}
	fit := "all time"
	if won.Recent {
		fit = "the recent half"
	}
	return fmt.Sprintf("%s fitted to %s predicted the closed windows best: log score %.1f, next best %.1f; totals times %.3f",
		won.Name, fit, won.LogScore, second, factor)
}

// trial is the past of a shop, cut at the origins.
type trial struct {
	customers [][]btyd.Day
	start     btyd.Day
	end       btyd.Day
	unit      float64
	origins   []btyd.Day
	samples   map[btyd.Day]*btyd.Sample
}

func newTrial(customers [][]btyd.Day, end btyd.Day, opt Options) *trial {
	t := &trial{customers: customers, start: end, end: end, unit: opt.Unit, samples: map[btyd.Day]*btyd.Sample{}}
	if t.unit <= 0 {
		t.unit = 7
	}
	for _, days := range customers {
		if len(days) > 0 {
			t.start = min(t.start, days[0])
		}
	}
	span := opt.Span
	if span <= 0 {
		span = 730
	}
	span = min(span, int(end-t.start)+1)
	for _, o := range Origins {
		t.origins = append(t.origins, end-btyd.Day(o*float64(span)))
	}
	return t
}

// sample returns the histories as of the end of a day.
func (t *trial) sample(day btyd.Day) *btyd.Sample {
	s := t.samples[day]
	if s == nil {
		counts := btyd.NewCounts()
		for _, days := range t.customers {
			counts.Move(btyd.Key{}, KeyAt(days, day))
		}
		s = counts.Sample(day, t.unit)
		t.samples[day] = s
	}
	return s
}

// gaps returns the summed logarithms of the gaps between purchase days that closed after one day and up to another.
func (t *trial) gaps(days []btyd.Day, after, upto btyd.Day) float64 {
	var sum float64
	for i := 1; i < len(days) && days[i] <= upto; i++ {
		if days[i] > after {
			sum += math.Log(float64(days[i]-days[i-1]) / t.unit)
		}
	}
	return sum
}

func (t *trial) fit(c *Candidate, day btyd.Day) (btyd.Model, btyd.Report, error) {
	s := t.timed(c, day)
	if !c.Recent {
		return c.fit(s, nil)
	}
	return c.fit(s, t.timed(c, t.start+btyd.Day(float64(day-t.start+1)*(1-Recent))-1))
}

// timed returns the sample of a day, with the gaps where the candidate looks at them.
func (t *trial) timed(c *Candidate, day btyd.Day) *btyd.Sample {
	s := t.sample(day)
	if c.stages > 1 && s.Gaps == 0 {
		for _, days := range t.customers {
			s.Gaps += t.gaps(days, 0, day)
		}
	}
	return s
}

func (t *trial) run(c *Candidate) error {
	c.LogScore = 0
	for i, origin := range t.origins {
		m, _, err := t.fit(c, origin)
		if err != nil {
			c.Windows = nil
			return err
		}
		next := t.end
		if i+1 < len(t.origins) {
			next = t.origins[i+1]
		}
		w := Window{From: origin}
		for _, days := range t.customers {
			at := KeyAt(days, origin)
			if at.Days == 0 {
				continue
			}
			h := at.At(origin, t.unit)
			if c.stages > 1 {
				c.LogScore += float64(c.stages-1) * t.gaps(days, origin, next)
			}
			c.LogScore += m.LogLikelihood(KeyAt(days, next).At(next, t.unit)) - m.LogLikelihood(h)
			w.Actual += float64(KeyAt(days, t.end).Days - at.Days)
			w.Expected += m.Expect(h, float64(t.end-origin)/t.unit)
		}
		c.Windows = append(c.Windows, w)
	}
	return nil
}

// factor returns what totals are to be multiplied by: the mean, in logarithms, of actual over expected in the closed
// windows, shrunk towards 1 by how much the windows disagree (James and Stein's positive part). The windows are nested,
// all end at the same day, so n of them are taken for n/2 independent ones.
func factor(windows []Window) float64 {
	var sum, squares float64
	n := float64(len(windows))
	for _, w := range windows {
		l := math.Log((w.Actual + 1) / (w.Expected + 1))
		sum += l
		squares += l * l
	}
	mean := sum / n
	if mean == 0 || n < 4 {
		return 1
	}
	noise := max(0, squares/n-mean*mean) / (n/2 - 1)
	return math.Exp(mean * max(0, 1-noise/(mean*mean)))
}

// KeyAt returns the history as of the end of a day of somebody who bought on days, ascending; zero where there was none.
func KeyAt(days []btyd.Day, day btyd.Day) btyd.Key {
	n := len(days)
	for n > 0 && days[n-1] > day {
		n--
	}
	if n == 0 {
		return btyd.Key{}
	}
	return btyd.Key{Days: uint32(n), First: days[0], Last: days[n-1]}
}
