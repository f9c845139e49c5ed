// Package capacity measures what a shop of a size takes: memory by model, beside what the layouts let expect, the
// snapshot's size and stall, how long a restart takes, and what the garbage collector costs. From the figures a shop can
// read the machine that it needs.
//
// Everything runs in this process, without Kafka: it is the state that is measured.
package capacity

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"orrery/bench/machine"
	"orrery/bench/traffic"
	"orrery/engine"
	"orrery/models"
)

// Size is a shop to measure.
type Size struct {
	Products int `json:"products"`
	Contacts int `json:"contacts"` // each with four views; beside them come those that log in among the visitors
	Visitors int `json:"visitors"`
	Views    int `json:"views"` // by zipf's law, beside those of the contacts
}

// Config says what to measure.
type Config struct {
	Sizes []Size // default 10,000 products and 100,000 contacts with 500,000 views, and 100,000 products with twice that
	Dir   string // of the snapshots; default the system's temporary folder

	Command, Version string
	Progress         func(format string, args ...any)
}

func (c Config) withDefaults() Config {
	if len(c.Sizes) == 0 {
		c.Sizes = []Size{{10_000, 100_000, 200_000, 500_000}, {100_000, 200_000, 400_000, 1_000_000}}
	}
	if c.Progress == nil {
		c.Progress = func(string, ...any) {}
	}
	return c
}

// Point is what one size takes.
type Point struct {
	Size
	Events   int     `json:"events"`
	Orders   uint64  `json:"orders"`
	PerEvent float64 `json:"apply_us"` // CPU time of the applying thread, decoding left out

	Bytes    map[string]uint64 `json:"orrery_state_bytes"` // by model
	State    uint64            `json:"state_total_bytes"`
	Heap     uint64            `json:"heap_bytes"` // live after a collection
	Resident uint64            `json:"resident_bytes"`
	GC       float64           `json:"gc_share"` // of the process's CPU time while the state grew
	Units    []Unit            `json:"units"`
	Snapshot Snapshot          `json:"snapshot"`
}

// Result is everything that was measured.
type Result struct {
	machine.Head
	Points []Point `json:"points"`
}

// Measure measures all sizes.
func Measure(ctx context.Context, cfg Config) (*Result, error) {
	cfg = cfg.withDefaults()
	r := &Result{Head: machine.NewHead(cfg.Command, cfg.Version)}
	for _, size := range cfg.Sizes {
		cfg.Progress("%d products, %d contacts, %d views", size.Products, size.Contacts, size.Views)
		p, err := measure(ctx, cfg, size)
		if err != nil {
			return nil, fmt.Errorf("cannot measure %d products and %d contacts: %w", size.Products, size.Contacts, err)
		}
		r.Points = append(r.Points, p)
		runtime.GC()
		debug.FreeOSMemory() // the next size starts afresh
	}
	r.End()
	return r, nil
}

func measure(ctx context.Context, cfg Config, size Size) (p Point, err error) {
	p.Size = size
	e, err := engine.New(engine.Config{Alone: true})
	if err != nil {
		return p, err
	}
	f := &feeder{ctx: ctx, engine: e}
	before, cpu := collecting(), machine.Self()
	if err := f.fill(size); err != nil {
		return p, err
	}
	p.GC = (collecting() - before) / max((machine.Self()-cpu).Seconds(), 1e-9)
	p.Events, p.PerEvent = f.n, float64(f.cpu.Nanoseconds())/1e3/float64(max(f.n, 1))
	runtime.GC()
	debug.FreeOSMemory()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	p.Heap, p.Resident = mem.HeapAlloc, machine.Resident(os.Getpid())
	stats := e.Stats()
	p.Bytes, p.Orders = stats.Bytes, stats.Orders
	for _, n := range p.Bytes {
		p.State += n
	}
	p.Units = units(&stats)
	dir, err := os.MkdirTemp(cfg.Dir, "orrery-bench-")
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	p.Snapshot, err = save(f, dir)
	return p, err
}

// collecting returns the CPU seconds that the garbage collector has taken.
func collecting() float64 {
	s := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindFloat64 {
		return 0
	}
	return s[0].Value.Float64()
}

// batchEvents is the size of a batch, as the pipeline's.
const batchEvents = 256

// feeder applies records as the pipeline does: in batches, on one goroutine.
type feeder struct {
	ctx    context.Context
	engine *engine.Engine
	site   *traffic.Site
	events [batchEvents]models.Event
	batch  []*models.Event
	n      int
	cpu    time.Duration
	most   time.Duration // that a batch took, wall clock
}

func (f *feeder) fill(size Size) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const rate = 20_000
	began := time.Now().Add(-time.Duration(float64(size.Views) / rate * float64(time.Second)))
	f.site = traffic.New(traffic.Config{Products: size.Products, Visitors: size.Visitors, Views: size.Views, Known: size.Contacts}, began, rate)
	if _, err := f.site.Each(f.put); err != nil {
		return err
	}
	f.apply()
	return nil
}

func (f *feeder) put(r models.Record) error {
	e := &f.events[len(f.batch)]
	if err := e.Decode(r.Value, f.site.Load().Time()); err != nil {
		return err
	}
	f.batch = append(f.batch, e)
	if len(f.batch) == batchEvents {
		f.apply()
		return f.ctx.Err()
	}
	return nil
}

func (f *feeder) apply() {
	cpu, wall := machine.Thread(), time.Now()
	f.engine.Apply(f.batch)
	f.most = max(f.most, time.Since(wall))
	f.cpu += machine.Thread() - cpu
	f.n += len(f.batch)
	f.batch = f.batch[:0]
}
