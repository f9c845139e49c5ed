package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
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
	shops  map[string]*fitState // owned by run

	accepted, refused, gated, failed atomic.Uint64
	looked                           atomic.Int64 // when all shops were last seen to, by the wall clock; 0 before the start
	nanos                            atomic.Int64 // spent on fits
	behind                           atomic.Int64 // shops whose models are to be learned anew because much has been bought
	refusal                          atomic.Pointer[string]
}

// fitState is what the fitter remembers of a shop.
type fitState struct {
	at      time.Time // the last fit's end, or when the shop was seen first
	took    time.Duration
	fitted  uint64 // what the last fit has seen: base.Base.Content
	gate    string
	content uint64 // at the last look
	day     int64  // of the stream, at the last look
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
		behind := int64(0)
		for _, base := range f.engine.CustomerBases() {
			if ctx.Err() != nil {
				return
			}
			if f.look(base) && f.speaks() {
				f.fit(ctx, base)
			}
			if m := base.Models(); (m == nil || grown(m.Orders, base.Orders())) && f.shops[base.Shop()].fitted != base.Content() {
				behind++
			}
		}
		f.behind.Store(behind)
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
	s := f.shops[base.Shop()]
	if s == nil {
		s = &fitState{at: time.Now()}
		f.shops[base.Shop()] = s
	}
	content, day := base.Content(), int64(churn.DayOf(f.engine.StreamTime()))
	quiet, running := content == s.content, s.day != 0 && day > s.day+1
	s.content, s.day = content, day
	// While a history is being read nobody needs a model of its middle, and who reads it faster would come by other ones.
	return !running && f.due(s, base.Models(), base.Orders(), quiet)
}

// due tells whether models are to be learned: when a twentieth of the orders is new, when another day has come, and every period;
// never where nothing has changed since they were, or since a fit that was refused. After an import, when it is quiet, it is at once.
func (f *fitter) due(s *fitState, m *churn.Models, orders uint64, quiet bool) bool {
	if s.content == s.fitted || m != nil && s.content == m.Content {
		return false
	}
	more := m == nil || grown(m.Orders, orders)
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
	m, accepted := base.Fit()
	s := f.shops[base.Shop()]
	before := s.gate
	s.at, s.took, s.fitted, s.gate = time.Now(), time.Since(began), m.Content, m.Gate
	f.nanos.Add(int64(s.took))
	log := f.log.With("shop", base.Shop(), "orders", m.Orders, "took", s.took.Round(time.Millisecond))
	if !accepted {
		f.refused.Add(1)
		why := fmt.Sprintf("the newest fit of shop %s (%s) is worse over the last days than the models in use", base.Shop(), m.Forecast.Model.Name())
		f.refusal.Store(&why)
		log.Info("customers: a new fit is worse than the one in use", "model", m.Forecast.Model.Name())
		return
	}
	f.refusal.Store(nil)
	if err := f.publish(ctx, base, m); err != nil {
		f.failed.Add(1)
		s.fitted = 0 // again, after the rest
		log.Warn("customers: what was learned could not be written to the log", "error", err)
		return
	}
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

// publish writes what was learned into the log.
func (f *fitter) publish(ctx context.Context, base base.Base, m *churn.Models) error {
	r, err := base.Record(m)
	if err != nil {
		return err
	}
	return f.to.Append(ctx, []models.Record{r})
}

// fitStale is how many periods may pass without a look at all shops.
const fitStale = 3

// probe tells whether the models of customers are kept fresh.
func (f *fitter) probe() (ok bool, reason string) {
	looked := f.looked.Load()
	if looked == 0 {
		return true, "begins when the log has been read"
	}
	past := time.Since(time.Unix(looked, 0)).Round(time.Second)
	if past > fitStale*f.every+time.Minute {
		return false, "the models of customers were last seen to " + past.String() + " ago"
	}
	if n := f.behind.Load(); n > 0 {
		return false, fmt.Sprintf("the models of customers of %d shops are being learned: a twentieth of the orders or more is new to them", n)
	}
	if why := f.refusal.Load(); why != nil {
		return true, *why
	}
	return true, "the models of customers are current"
}

func (f *fitter) metrics(w io.Writer) {
	fmt.Fprintf(w, "customer_fits_total{outcome=\"accepted\"} %d\n", f.accepted.Load())
	fmt.Fprintf(w, "customer_fits_total{outcome=\"refused\"} %d\n", f.refused.Load())
	fmt.Fprintf(w, "customer_fits_total{outcome=\"gated\"} %d\n", f.gated.Load())
	fmt.Fprintf(w, "customer_fits_total{outcome=\"failed\"} %d\n", f.failed.Load())
	fmt.Fprintf(w, "customer_fit_seconds_total %g\n", time.Duration(f.nanos.Load()).Seconds())
}
