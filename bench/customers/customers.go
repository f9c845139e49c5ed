// Package customers measures the customer base of one shop on one core: purchases taken a second, the fit of the models
// cold and warm, scores a second, and the memory of a contact.
package customers

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"orrery/bench/machine"
	"orrery/churn"
	"orrery/churn/btyd"
	"orrery/churn/forecast"
	"orrery/churn/rfm"
	"orrery/models"
)

// Config says how much is measured. The zero value is a million contacts over two years.
type Config struct {
	Contacts int
	Days     int
	Seed     uint64
	Command  string
	Version  string
	Progress func(format string, args ...any)
}

func (c Config) withDefaults() Config {
	if c.Contacts <= 0 {
		c.Contacts = 1_000_000
	}
	if c.Days <= 0 {
		c.Days = 730
	}
	if c.Progress == nil {
		c.Progress = func(string, ...any) {}
	}
	return c
}

// Result is everything that was measured. Seconds and rates are of CPU time, with one processor for Go.
type Result struct {
	machine.Head
	Contacts  int          `json:"contacts"`
	Purchases int          `json:"purchases"`
	Distinct  int          `json:"distinct_histories"`
	Updates   float64      `json:"purchases_per_second"` // histories, recency, frequency, money, scores, segments
	Bytes     float64      `json:"bytes_per_contact"`
	Fits      []FitResult  `json:"fits"`
	Choice    float64      `json:"choice_seconds"` // ten candidates on closed windows, the winner on all contacts, spend
	Chosen    string       `json:"chosen"`
	Scores    []ScoreSpeed `json:"scores"`
}

// FitResult is the fit of one model to all contacts.
type FitResult struct {
	Model                  string
	Cold, Warm             float64 // seconds
	ColdPasses, WarmPasses int
}

// ScoreSpeed is how fast all scores of all contacts are worked out, with one model in use.
type ScoreSpeed struct {
	Model     string
	InOrder   float64 // contacts a second, as an export asks
	Scattered float64 // as requests ask: every contact lies elsewhere in memory
}

// Measure measures.
func Measure(ctx context.Context, cfg Config) (*Result, error) {
	cfg = cfg.withDefaults()
	r := &Result{Head: machine.NewHead(cfg.Command, cfg.Version), Contacts: cfg.Contacts}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cfg.Progress("simulating %d contacts over %d days", cfg.Contacts, cfg.Days)
	all := simulate(cfg)
	r.Purchases = len(all)
	c := churn.New(rfm.Rules{})
	spent := timed(func() {
		for _, p := range all {
			c.Purchase(p.contact, p.day, p.amount)
		}
	})
	r.Updates, r.Bytes = float64(len(all))/spent, float64(c.Bytes())/float64(cfg.Contacts)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now := btyd.Day(start + cfg.Days)
	if err := r.fits(c, now, cfg); err != nil {
		return nil, err
	}
	cfg.Progress("choosing a model")
	var m *churn.Models
	r.Choice = timed(func() { m = c.Fit(now) })
	if m.Gate != "" {
		return nil, fmt.Errorf("cannot measure scores: %s", m.Gate)
	}
	r.Chosen = m.Forecast.Model.Name()
	c.SetModels(m)
	if err := r.scores(ctx, c, m, now, cfg); err != nil {
		return nil, err
	}
	r.End()
	return r, nil
}

func (r *Result) fits(c *churn.Customers, now btyd.Day, cfg Config) error {
	s := c.Counts().Sample(now, churn.Unit)
	r.Distinct = s.Len()
	for _, f := range []func(warm btyd.Model) (btyd.Model, btyd.Report, error){
		func(warm btyd.Model) (btyd.Model, btyd.Report, error) {
			m, _ := warm.(btyd.BetaGeo)
			return m.Fit(s)
		},
		func(warm btyd.Model) (btyd.Model, btyd.Report, error) {
			m, ok := warm.(btyd.BetaGeo)
			if !ok {
				m = btyd.BetaGeo{Modified: true}
			}
			return m.Fit(s)
		},
		func(warm btyd.Model) (btyd.Model, btyd.Report, error) {
			m, _ := warm.(btyd.Pareto)
			return m.Fit(s)
		},
	} {
		var row FitResult
		var m btyd.Model
		var rep btyd.Report
		var err error
		row.Cold = timed(func() { m, rep, err = f(nil) })
		if err != nil {
			return err
		}
		row.Model, row.ColdPasses = m.Name(), rep.Passes
		m = moved(m)
		row.Warm = timed(func() { _, rep, err = f(m) })
		if err != nil {
			return err
		}
		row.WarmPasses = rep.Passes
		cfg.Progress("%s: cold %.2f s, warm %.2f s", row.Model, row.Cold, row.Warm)
		r.Fits = append(r.Fits, row)
	}
	return nil
}

// moved is a fit of some days ago: parameters that are some per cent off.
func moved(m btyd.Model) btyd.Model {
	switch m := m.(type) {
	case btyd.BetaGeo:
		m.R, m.Alpha, m.A, m.B = m.R*1.03, m.Alpha*0.97, m.A*1.05, m.B*0.95
		return m
	case btyd.Pareto:
		m.R, m.Alpha, m.S, m.Beta = m.R*1.03, m.Alpha*0.97, m.S*1.05, m.Beta*0.95
		return m
	}
	return m
}

// scores measures all scores of all contacts.
func (r *Result) scores(ctx context.Context, c *churn.Customers, m *churn.Models, now btyd.Day, cfg Config) error {
	s := c.Counts().Sample(now, churn.Unit)
	geo, _, err := btyd.BetaGeo{Modified: true}.Fit(s)
	if err != nil {
		return err
	}
	pareto, _, err := btyd.Pareto{}.Fit(s)
	if err != nil {
		return err
	}
	for _, model := range []btyd.Model{geo, pareto} {
		use := &churn.Models{Day: m.Day, Choice: m.Choice, Report: m.Report, Spend: m.Spend, SpendFit: m.SpendFit, Base: m.Base,
			Forecast: forecast.Forecaster{Model: model, Factor: 1}}
		c.SetModels(use)
		speed := ScoreSpeed{Model: model.Name()}
		for stride, into := range map[uint64]*float64{1: &speed.InOrder, 2654435761: &speed.Scattered} {
			var sum float64
			spent := timed(func() {
				for i := range uint64(cfg.Contacts) {
					s, _ := c.Score(uint32(i*stride%uint64(cfg.Contacts)), now)
					sum += s.Alive
				}
			})
			if math.IsNaN(sum) {
				return fmt.Errorf("cannot measure scores of %s: they are not numbers", model.Name())
			}
			*into = float64(cfg.Contacts) / spent
		}
		r.Scores = append(r.Scores, speed)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// timed returns the CPU seconds of this process that f takes.
func timed(f func()) float64 {
	runtime.GC()
	before := machine.Self()
	f()
	return max((machine.Self() - before).Seconds(), 1e-9)
}

const start = 18_000

type purchase struct {
	contact uint32
	day     btyd.Day
	amount  models.Money
}

// simulate draws customers of BG/NBD with r 0.6, alpha 40 days, a 0.8 and b 2.5 who came at even pace, and sorts what they
// bought by day.
func simulate(cfg Config) (all []purchase) {
	random := rand.New(rand.NewPCG(cfg.Seed, 7))
	for contact := range uint32(cfg.Contacts) {
		day := float64(random.IntN(cfg.Days))
		rate := gamma(random, 0.6) / 40
		x, y := gamma(random, 0.8), gamma(random, 2.5)
		drop, mean := x/(x+y), 20+60*random.Float64()
		for first := true; ; first = false {
			amount := models.Money(mean*(0.5+random.Float64())*100) * (models.Micros / 100)
			all = append(all, purchase{contact, btyd.Day(start + int(day)), amount})
			if !first && random.Float64() < drop {
				break
			}
			if day += max(1, random.ExpFloat64()/rate); day >= float64(cfg.Days) {
				break
			}
		}
	}
	slices.SortStableFunc(all, func(a, b purchase) int { return cmp.Compare(a.day, b.day) })
	return all
}

// gamma draws from a gamma distribution (Marsaglia, Tsang 2000, doi 10.1145/358407.358414).
func gamma(random *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(random, shape+1) * math.Pow(random.Float64(), 1/shape)
	}
	d := shape - 1./3
	for {
		x := random.NormFloat64()
		v := 1 + x/math.Sqrt(9*d)
		if v > 0 && math.Log(random.Float64()) < x*x/2+d-d*v*v*v+d*math.Log(v*v*v) {
			return d * v * v * v
		}
	}
}

// WriteText writes the result for people.
func (r *Result) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%d contacts, %d purchases, %d distinct histories; one processor for Go, CPU time\n", r.Head.String(), r.Contacts, r.Purchases, r.Distinct)
	fmt.Fprintf(w, "purchases taken (history, recency, frequency, money, scores, segment): %.0f a second; %.1f bytes a contact\n", r.Updates, r.Bytes)
	for _, f := range r.Fits {
		fmt.Fprintf(w, "fit of %-11s cold %.2f s (%d passes), warm %.2f s (%d passes)\n", f.Model+":", f.Cold, f.ColdPasses, f.Warm, f.WarmPasses)
	}
	fmt.Fprintf(w, "choice among ten candidates: %.1f s (%s won)\n", r.Choice, r.Chosen)
	for _, s := range r.Scores {
		fmt.Fprintf(w, "all scores with %-11s %.0f contacts a second in order, %.0f scattered\n", s.Model+":", s.InOrder, s.Scattered)
	}
	_, err := fmt.Fprintf(w, "measured on %s\n", time.Now().UTC().Format(time.DateOnly))
	return err
}
