// Package ingest measures the way of an event from Kafka into the models: what the client alone takes for the same
// records, what decoding adds, and what the whole pipeline with the real engine costs, in events a second and in CPU time
// an event, split by stage, and as the state grows.
//
// The broker is the embedded one, in this process: its CPU time is in every figure, as it is in production. Events are
// those of shop.Load, 284 bytes each.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"orrery/bench/machine"
	"orrery/bench/shop"
	"orrery/engine"
	"orrery/models"
	"orrery/stream"
	"orrery/stream/broker"
)

// Config says what to measure. Zero values take the defaults.
type Config struct {
	Events     int   // default 4 million
	Prefill    int   // of them, the first ones fill the state without Kafka and are not in the figures; default three quarters
	Partitions []int // default 1, 2, 4
	Rounds     int   // alternating rounds of raw fetch, fetch with decode, and the pipeline; default 3
	Direct     int   // events that are decoded and applied without Kafka, for the curve of cost over state; at least and by default Events
	Items      int   // default 200,000
	Visitors   int   // default 1,000,000
	Synced     bool  // the broker waits for the disk before it acknowledges
	Engine     engine.Config
	Dir        string // of the broker's temporary log; default the system's

	Command, Version string
	Progress         func(format string, args ...any)
}

func (c Config) withDefaults() (Config, error) {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&c.Events, 4_000_000)
	def(&c.Prefill, c.Events/4*3)
	def(&c.Rounds, 3)
	c.Direct = max(c.Direct, c.Events)
	def(&c.Items, 200_000)
	def(&c.Visitors, 1_000_000)
	if len(c.Partitions) == 0 {
		c.Partitions = []int{1, 2, 4}
	}
	if c.Progress == nil {
		c.Progress = func(string, ...any) {}
	}
	if c.Prefill >= c.Events {
		return c, fmt.Errorf("cannot measure %d events of which %d fill the state: none are left", c.Events, c.Prefill)
	}
	return c, nil
}

// logged returns how many events are in the log.
func (c *Config) logged() int { return c.Events - c.Prefill }

// Speed is how fast something went: the median of some rounds.
type Speed struct {
	PerSecond float64   `json:"events_per_s"`
	CPU       float64   `json:"cpu_us_per_event"` // of the whole process, broker included
	Rounds    []float64 `json:"rounds_per_s"`
}

// Run is the figures with one number of partitions.
type Run struct {
	Partitions int   `json:"partitions"`
	Produce    Speed `json:"produce"`
	Raw        Speed `json:"raw_fetch"`
	Decode     Speed `json:"fetch_and_decode"`
	Pipeline   Speed `json:"pipeline"`

	DecodeRatio   float64 `json:"decode_to_raw"`
	PipelineRatio float64 `json:"pipeline_to_raw"` // median of the rounds' own ratios

	Stages []Stage `json:"stages"` // of the pipeline's CPU time
}

// Result is everything that was measured.
type Result struct {
	machine.Head
	Events   int    `json:"events"`
	Prefill  int    `json:"prefill"`
	Bytes    int    `json:"event_bytes"`
	Items    int    `json:"items"`
	Visitors int    `json:"visitors"`
	Synced   bool   `json:"synced"`
	Runs     []Run  `json:"runs"`
	Direct   Direct `json:"direct"`
}

// Measure runs everything, one after the other.
func Measure(ctx context.Context, cfg Config) (*Result, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &Result{
		Head: machine.NewHead(cfg.Command, cfg.Version), Events: cfg.Events, Prefill: cfg.Prefill, Bytes: shop.LoadBytes,
		Items: cfg.Items, Visitors: cfg.Visitors, Synced: cfg.Synced,
	}
	cfg.Progress("decode and apply on one thread, no Kafka")
	var full state
	if r.Direct, full, err = direct(ctx, cfg); err != nil {
		return nil, err
	}
	for _, partitions := range cfg.Partitions {
		run, err := measure(ctx, cfg, full, partitions)
		if err != nil {
			return nil, fmt.Errorf("cannot measure %d partitions: %w", partitions, err)
		}
		r.Runs = append(r.Runs, run)
	}
	r.End()
	return r, nil
}

// Visits of 3.6 views, so that a view comes with 3.0 others to pair it with; at 50 events a second of the shop's time,
// however fast they are applied, a million visitors have 4.3 views each a day.
const (
	loadSession = 3.6
	loadRate    = 50
)

func (c *Config) load() *shop.Load {
	return shop.NewLoad(shop.LoadConfig{Seed: 1, Items: c.Items, Visitors: c.Visitors, Rate: loadRate, Session: loadSession})
}

// measure fills a log and reads it in rounds.
func measure(ctx context.Context, cfg Config, full state, partitions int) (run Run, err error) {
	dir, err := os.MkdirTemp(cfg.Dir, "orrery-bench-")
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b, err := broker.Start(broker.Config{Dir: filepath.Join(dir, "broker"), Listen: "127.0.0.1:0", Unsynced: !cfg.Synced})
	if err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	cluster := stream.Cluster{Brokers: []string{b.Addr()}}
	if _, err := stream.EnsureTopics(ctx, cluster, stream.Topics{Partitions: partitions}); err != nil {
		return run, err
	}
	cfg.Progress("%d partitions: writing %d events", partitions, cfg.logged())
	run.Partitions = partitions
	produced, err := produce(ctx, cfg, cluster)
	if err != nil {
		return run, err
	}
	run.Produce = median([]pace{produced})
	return run, rounds(ctx, cfg, cluster, full, &run)
}

// rounds alternates the three ways of reading, so that what else the machine does falls on all of them.
func rounds(ctx context.Context, cfg Config, cluster stream.Cluster, full state, run *Run) error {
	var raw, decoded, piped []pace
	var ratios, decodeRatios []float64
	split := newSplit()
	for i := range cfg.Rounds {
		cfg.Progress("%d partitions: round %d of %d", run.Partitions, i+1, cfg.Rounds)
		a, err := fetch(ctx, cfg, cluster, false)
		if err != nil {
			return err
		}
		b, err := fetch(ctx, cfg, cluster, true)
		if err != nil {
			return err
		}
		c, err := pipe(ctx, cfg, cluster, full, split)
		if err != nil {
			return err
		}
		raw, decoded, piped = append(raw, a), append(decoded, b), append(piped, c)
		ratios = append(ratios, c.perSecond()/a.perSecond())
		decodeRatios = append(decodeRatios, b.perSecond()/a.perSecond())
	}
	run.Raw, run.Decode, run.Pipeline = median(raw), median(decoded), median(piped)
	run.PipelineRatio, run.DecodeRatio = middle(ratios), middle(decodeRatios)
	run.Stages = split.stages(run.Pipeline.CPU)
	return nil
}

// pace is one measurement.
type pace struct {
	events int
	wall   time.Duration
	cpu    time.Duration
}

func (p pace) perSecond() float64 { return float64(p.events) / p.wall.Seconds() }

func (p pace) micros() float64 { return float64(p.cpu.Nanoseconds()) / 1e3 / float64(p.events) }

// stopwatch measures wall and CPU time.
type stopwatch struct {
	at  time.Time
	cpu time.Duration
}

func start() stopwatch { return stopwatch{time.Now(), machine.Self()} }

func (s stopwatch) stop(events int) pace {
	return pace{events, time.Since(s.at), machine.Self() - s.cpu}
}

// produce fills the log.
func produce(ctx context.Context, cfg Config, cluster stream.Cluster) (pace, error) {
	bulk, err := stream.NewBulk(cluster)
	if err != nil {
		return pace{}, err
	}
	defer bulk.Close()
	load, arena := cfg.load(), []byte(nil)
	for range cfg.Prefill {
		load.Next()
	}
	watch := start()
	for range cfg.logged() {
		r := load.Next()
		if cap(arena)-len(arena) < len(r.Value) {
			arena = make([]byte, 0, 1<<20)
		}
		at := len(arena)
		arena = append(arena, r.Value...)
		value := arena[at:len(arena):len(arena)]
		key := index(r.Value, r.Key)
		record := models.Record{Topic: r.Topic, Key: value[key : key+len(r.Key)], Value: value}
		if err := bulk.Put(ctx, record); err != nil {
			return pace{}, err
		}
	}
	if err := bulk.Flush(ctx); err != nil {
		return pace{}, err
	}
	return watch.stop(cfg.logged()), nil
}
