package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"orrery/churn"
	"orrery/churn/base"
	"orrery/engine"
	"orrery/models"
)

// fitter learns the models of customers, beside the engine, where this instance speaks for the log: what it has learned goes into
// the log, and holds where it stands there, for this instance as for the others and for whoever reads the log again. So it
// begins once the engine has caught up, and learns only what no record says already. What is due follows from the state: see due.
// A shop's fits take a tenth of the time at most, but after an import. Close ends it.
type fitter struct {
	beside
	engine *engine.Engine
	log    *slog.Logger
	to     scoreSink
	speaks func() bool
	every  time.Duration

	mu    sync.Mutex
	shops map[string]*fitState // written by run alone

	accepted, refused, gated, failed atomic.Uint64
	looked                           atomic.Int64 // when all shops were last seen to, by the wall clock; 0 before the start
	nanos                            atomic.Int64 // spent on fits
}

// fitState is what the fitter remembers of a shop.
type fitState struct {
	at      time.Time // the last fit's end, or when the shop was seen first
	took    time.Duration
	fitted  uint64 // what the last fit has seen: base.Base.Content
	gate    string
	refusal string // why the last fit is not used; empty where it is
	failure string // why the last fit is not in the log; empty where it is
	content uint64 // at the last look
	orders  uint64 // at the last look
	day     int64  // of the stream, at the last look
	history bool   // one is being read, or was, and no fit has seen all of it yet
	fitting bool
}

const (
	fitLook     = 2 * time.Second // between two looks at the shops
	fitGrown    = 20              // a fit is due when orders have grown by one in so many
	fitPatience = 2 * time.Second
	fitShare    = 9 // rests after a fit, in multiples of what it took
)

// startFitter starts a fitter that waits for ready first.
func startFitter(e *engine.Engine, to scoreSink, speaks func() bool, every time.Duration, ready func(context.Context) error, log *slog.Logger) *fitter {
	f := &fitter{engine: e, to: to, speaks: speaks, every: every, log: log, shops: map[string]*fitState{}}
	f.beside = startBeside(ready, f.run)
	return f
}

// Close ends the fitter. A fit cannot be interrupted: one that takes long is left to end with the process, since all it
// does is read.
func (f *fitter) Close() {
	f.cancel()
	select {
	case <-f.done:
	case <-time.After(fitPatience):
	}
}

func (f *fitter) run(ctx context.Context) {
	tick := time.NewTicker(fitLook)
	defer tick.Stop()
	for {
		for _, base := range f.engine.CustomerBases() {
			if ctx.Err() != nil {
				return
			}
			if f.look(base) && f.speaks() {
				f.fit(ctx, base)
			}
		}
		f.looked.Store(time.Now().Unix())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look tells whether a fit of a shop is due.
func (f *fitter) look(base base.Base) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.shops[base.Shop()]
	if s == nil {
		s = &fitState{at: time.Now()}
		f.shops[base.Shop()] = s
	}
	content, orders, day := base.Content(), base.Orders(), int64(churn.DayOf(f.engine.StreamTime()))
	quiet, running := content == s.content, s.day != 0 && day > s.day+1
	if running || s.orders > 0 && grown(s.orders, orders) {
		s.history = true
	}
	m := base.Models()
	if m != nil && m.Content == content {
		s.history = false // another instance has learned from all of it
	}
	s.content, s.orders, s.day = content, orders, day
	// While a history is being read nobody needs a model of its middle, and who reads it faster would come by other ones.
	return !running && f.due(s, m, orders, quiet)
}

// due tells whether models are to be learned: when a twentieth of the orders is new, when another day has come, and every period;
// never where nothing has changed since they were, or since a fit that was refused. After an import, when it is quiet, it is at once,
// and from all of it, however little of it is new to a fit that was made on the way.
func (f *fitter) due(s *fitState, m *churn.Models, orders uint64, quiet bool) bool {
	if s.content == s.fitted || m != nil && s.content == m.Content {
		return false
	}
	more := m == nil || s.history || grown(m.Orders, orders)
	past := time.Since(s.at)
	switch {
	case more && quiet:
		return true
	case past < max(fitShare*s.took, fitLook):
		return false
	}
	return more || s.day > int64(m.Day) || past >= f.every
}

// grown tells whether a twentieth of the orders is new.
func grown(then, now uint64) bool { return now >= then+max(then/fitGrown, 1) }

func (f *fitter) fit(ctx context.Context, base base.Base) {
	began := time.Now()
	s := f.note(base, func(s *fitState) { s.fitting = true })
	m, accepted := base.Fit()
	before := s.gate
	f.note(base, func(s *fitState) {
		s.at, s.took, s.fitted, s.gate, s.fitting, s.refusal = time.Now(), time.Since(began), m.Content, m.Gate, false, ""
		s.history = s.history && m.Content != s.content
	})
	f.nanos.Add(int64(s.took))
	log := f.log.With("shop", base.Shop(), "orders", m.Orders, "took", s.took.Round(time.Millisecond))
	if !accepted {
		f.refused.Add(1)
		why := "the newest fit (" + m.Forecast.Model.Name() + ") is worse over the last 28 days that both have seen than the models in use"
		f.note(base, func(s *fitState) { s.refusal = why })
		log.Info("customers: a new fit is worse than the one in use", "model", m.Forecast.Model.Name())
		return
	}
	if err := f.publish(ctx, base, m); err != nil {
		f.failed.Add(1)
		f.note(base, func(s *fitState) { s.fitted, s.failure = 0, cause(err) }) // again, after the rest
		log.Warn("customers: what was learned could not be written to the log", "error", err)
		return
	}
	f.note(base, func(s *fitState) { s.failure = "" })
	if m.Gate == "" {
		f.accepted.Add(1)
		log.Info("customers: new models", "model", m.Forecast.Model.Name(), "log_likelihood", m.Report.LL, "factor", m.Forecast.Factor)
		return
	}
	f.gated.Add(1)
	if before != m.Gate {
		log.Info("customers: base rates for the time being", "because", m.Gate)
	}
}

// note changes what is remembered of a shop.
func (f *fitter) note(base base.Base, change func(*fitState)) *fitState {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.shops[base.Shop()]
	change(s)
	return s
}

// publish writes what was learned into the log.
func (f *fitter) publish(ctx context.Context, base base.Base, m *churn.Models) error {
	r, err := base.Record(m)
	if err != nil {
		return err
	}
	return f.to.Append(ctx, []models.Record{r})
}

func (f *fitter) metrics(w io.Writer) {
	fmt.Fprintf(w, "orrery_customer_fits_total{outcome=\"accepted\"} %d\n", f.accepted.Load())
	fmt.Fprintf(w, "orrery_customer_fits_total{outcome=\"refused\"} %d\n", f.refused.Load())
	fmt.Fprintf(w, "orrery_customer_fits_total{outcome=\"gated\"} %d\n", f.gated.Load())
	fmt.Fprintf(w, "orrery_customer_fits_total{outcome=\"failed\"} %d\n", f.failed.Load())
	fmt.Fprintf(w, "orrery_customer_fit_seconds_total %g\n", time.Duration(f.nanos.Load()).Seconds())
}
