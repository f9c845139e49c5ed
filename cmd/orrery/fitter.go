package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"orrery/churn/base"
	"orrery/engine"
	"orrery/serve"
)

// fitter learns the models of customers anew, beside the engine: once the engine has caught up, then whenever a shop's
// orders have grown by a twentieth or the period is over. A shop's fits take a tenth of the time at most. Close ends it.
type fitter struct {
	beside
	engine *engine.Engine
	now    serve.Clock
	every  time.Duration
	log    *slog.Logger
	shops  map[string]*fitState // owned by run

	accepted, refused, gated atomic.Uint64
	looked                   atomic.Int64 // when all shops were last seen to, by the wall clock; 0 before the start
	nanos                    atomic.Int64 // spent on fits
}

// fitState is what the fitter remembers of a shop.
type fitState struct {
	orders uint64
	at     time.Time // the last fit's end
	took   time.Duration
	gate   string
}

const (
	fitLook     = 2 * time.Second // between two looks at the shops
	fitGrown    = 20              // a fit is due when orders have grown by one in so many
	fitPatience = 2 * time.Second
	fitShare    = 9 // rests after a fit, in multiples of what it took
)

// startFitter starts a fitter that waits for ready first.
func startFitter(e *engine.Engine, now serve.Clock, every time.Duration, ready func(context.Context) error, log *slog.Logger) *fitter {
	f := &fitter{engine: e, now: now, every: every, log: log, shops: map[string]*fitState{}}
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
			if s := f.shops[base.Shop()]; ctx.Err() == nil && f.due(s, base.Orders()) {
				f.fit(base)
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

func (f *fitter) due(s *fitState, orders uint64) bool {
	if s == nil {
		return true
	}
	past := time.Since(s.at)
	if past < max(fitShare*s.took, fitLook) {
		return false
	}
	return orders >= s.orders+max(s.orders/fitGrown, 1) || past >= f.every
}

func (f *fitter) fit(base base.Base) {
	orders, began := base.Orders(), time.Now()
	m, accepted := base.Refit(f.now())
	s := &fitState{orders: orders, at: time.Now(), took: time.Since(began), gate: m.Gate}
	before := f.shops[base.Shop()]
	f.shops[base.Shop()] = s
	f.nanos.Add(int64(s.took))
	log := f.log.With("shop", base.Shop(), "orders", orders, "took", s.took.Round(time.Millisecond))
	switch {
	case m.Gate != "":
		f.gated.Add(1)
		if before == nil || before.gate != m.Gate {
			log.Info("customers: base rates for the time being", "because", m.Gate)
		}
	case accepted:
		f.accepted.Add(1)
		log.Info("customers: new models", "model", m.Forecast.Model.Name(), "log_likelihood", m.Report.LL, "factor", m.Forecast.Factor)
	default:
		f.refused.Add(1)
		log.Info("customers: a new fit is worse than the one in use", "model", m.Forecast.Model.Name())
	}
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
	return true, "the models of customers are kept fresh"
}

func (f *fitter) metrics(w io.Writer) {
	fmt.Fprintf(w, "customer_fits_total{outcome=\"accepted\"} %d\n", f.accepted.Load())
	fmt.Fprintf(w, "customer_fits_total{outcome=\"refused\"} %d\n", f.refused.Load())
	fmt.Fprintf(w, "customer_fits_total{outcome=\"gated\"} %d\n", f.gated.Load())
	fmt.Fprintf(w, "customer_fit_seconds_total %g\n", time.Duration(f.nanos.Load()).Seconds())
}
