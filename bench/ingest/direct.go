package ingest

import (
	"bytes"
	"context"
	"runtime"
	"runtime/pprof"

	"orrery/bench/machine"
	"orrery/bench/shop"
	"orrery/engine"
	"orrery/models"
)

// Point is the cost of an event when so many have been applied.
type Point struct {
	Events int     `json:"events"`
	Apply  float64 `json:"apply_us"`
	Bytes  uint64  `json:"orrery_state_bytes"`
}

// Direct is decoding and applying on one thread, without Kafka: what the two goroutines of the pipeline do. Times are
// the thread's own CPU time, so that nothing else on the machine is in them.
type Direct struct {
	Decode float64 `json:"decode_us"`
	Apply  float64 `json:"apply_us"` // of the events after the prefill
	Curve  []Point `json:"curve"`
	Stages []Stage `json:"stages"` // of applying, after the prefill
}

// The events are cut into pieces for the curve: of a million each, or of a twentieth where that is less.
const (
	leastPoints = 20
	mostStep    = 1_000_000
)

// directBatch is the size of a batch, as the pipeline's.
const directBatch = 256

// direct decodes and applies cfg.Direct events, and returns the state after the prefill as well.
func direct(ctx context.Context, cfg Config) (d Direct, full state, err error) {
	alone := cfg.Engine
	alone.Alone = true
	e, err := engine.New(alone)
	if err != nil {
		return d, nil, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b := newBatches(cfg, e)
	var profile bytes.Buffer
	profiling := false
	points := max(leastPoints, (cfg.Direct+mostStep-1)/mostStep)
	step := (cfg.Direct + points - 1) / points
	for i := range points {
		if ctx.Err() != nil {
			return d, nil, ctx.Err()
		}
		from, apply := b.done, b.apply
		if full == nil && step*(i+1) > cfg.Prefill {
			if err := b.run(cfg.Prefill - b.done); err != nil {
				return d, nil, err
			}
			if full, err = save(e); err != nil {
				return d, nil, err
			}
			profiling = pprof.StartCPUProfile(&profile) == nil
			from, apply, b.decode, b.apply, b.timed = b.done, 0, 0, 0, 0
		}
		if err := b.run(step*(i+1) - b.done); err != nil {
			return d, nil, err
		}
		d.Curve = append(d.Curve, Point{
			Events: b.done, Apply: micros(b.apply-apply, b.done-from), Bytes: sum(e.Stats().Bytes),
		})
		p := d.Curve[i]
		cfg.Progress("%d events: apply %.2f us, state %.0f MB", p.Events, p.Apply, float64(p.Bytes)/1e6)
	}
	d.Decode, d.Apply = micros(b.decode, b.timed), micros(b.apply, b.timed)
	if !profiling {
		return d, full, nil
	}
	pprof.StopCPUProfile()
	s := newSplit()
	if err := s.add(&profile); err != nil {
		return d, full, err
	}
	for name := range s.nanos { // the load's own making, and decoding, are not applying
		if name == "decode and check" || name == otherStage || name == "dedupe" {
			s.total -= s.nanos[name]
			delete(s.nanos, name)
		}
	}
	d.Stages = s.stages(d.Apply)
	return d, full, nil
}

// batches makes events, decodes them and applies them, in batches.
type batches struct {
	load   *shop.Load
	engine *engine.Engine
	raw    []byte
	events [directBatch]models.Event
	batch  []*models.Event

	done, timed   int
	decode, apply int64 // ns of CPU time
}

func newBatches(cfg Config, e *engine.Engine) *batches {
	return &batches{load: cfg.load(), engine: e}
}

func (b *batches) run(n int) error {
	for end := b.done + n; b.done < end; {
		size := min(directBatch, end-b.done)
		b.raw, b.batch = b.raw[:0], b.batch[:0]
		var at [directBatch + 1]int
		for i := range size {
			b.raw = append(b.raw, b.load.Next().Value...)
			at[i+1] = len(b.raw)
		}
		began := machine.Thread()
		for i := range size {
			e := &b.events[i]
			if err := e.Decode(b.raw[at[i]:at[i+1]], b.load.Time()); err != nil {
				return err
			}
			b.batch = append(b.batch, e)
		}
		decoded := machine.Thread()
		b.engine.Apply(b.batch)
		b.decode += int64(decoded - began)
		b.apply += int64(machine.Thread() - decoded)
		b.timed += size
		b.done += size
	}
	return nil
}

func micros(nanos int64, events int) float64 {
	if events == 0 {
		return 0
	}
	return float64(nanos) / 1e3 / float64(events)
}

func sum(bytes map[string]uint64) (n uint64) {
	for _, b := range bytes {
		n += b
	}
	return n
}
