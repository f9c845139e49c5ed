// Package soak runs a server for long under a moderate load of frames and events, and tells whether it stays as it was: memory
// beside the state, goroutines, file handles, latency. Server and driver share the machine.
package soak

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"orrery/bench/child"
	"orrery/bench/load"
	"orrery/bench/machine"
	"orrery/bench/serving"
	"orrery/bench/traffic"
	"orrery/stream"
)

// Config says what to run. Zero values take the defaults.
type Config struct {
	Site   traffic.Config
	For    time.Duration // default 20 minutes
	Every  time.Duration // a line of the result; default a minute
	Frames float64       // requests a second, of the mix; default 1,000
	Events float64       // events a second, by a Kafka producer; default 2,000
	Flags  []string      // of the server
	Dir    string

	Command, Version string
	Progress         func(format string, args ...any)
}

func (c Config) withDefaults() Config {
	if c.For <= 0 {
		c.For = 20 * time.Minute
	}
	if c.Every <= 0 {
		c.Every = time.Minute
	}
	if c.Frames <= 0 {
		c.Frames = 1_000
	}
	if c.Events <= 0 {
		c.Events = 2_000
	}
	if c.Progress == nil {
		c.Progress = func(string, ...any) {}
	}
	c.Site = c.Site.WithDefaults()
	return c
}

// connections is how many connections the frames come over.
const connections = 16

// Sample is the server over one interval, and at its end.
type Sample struct {
	Seconds    float64 `json:"seconds"`            // from the beginning to the interval's end
	Resident   uint64  `json:"resident_bytes"`     // memory in RAM
	Heap       uint64  `json:"heap_bytes"`         // in use, garbage that is not yet collected included
	State      uint64  `json:"orrery_state_bytes"` // what the models say that they hold: it grows until it is full
	Goroutines int     `json:"goroutines"`
	Files      int     `json:"file_handles"`
	CPU        float64 `json:"cpu_cores"`
	Frames     uint64  `json:"frames"`
	Events     int     `json:"events"` // that the models have taken since the beginning
	P50        float64 `json:"p50_us"` // from the moment a request was due
	P99        float64 `json:"p99_us"`
	Max        float64 `json:"max_us"`
	Errors     uint64  `json:"errors"` // other answers, broken connections, requests that were never sent
}

// Result is everything that was seen.
type Result struct {
	machine.Head
	Site     traffic.Config `json:"site"`
	Frames   float64        `json:"frames_per_s"`
	Events   float64        `json:"events_per_s"`
	Acked    float64        `json:"events_acknowledged_per_s"`
	Before   int            `json:"events_before"` // in the state when it began
	Samples  []Sample       `json:"samples"`
	Verdicts []Verdict      `json:"verdicts"`
	Flat     bool           `json:"flat"`
}

// soak is a run under way.
type soak struct {
	cfg    Config
	node   *child.Process
	began  time.Time
	result *Result
}

// Measure runs a server for the whole time.
func Measure(ctx context.Context, cfg Config) (r *Result, err error) {
	cfg = cfg.withDefaults()
	dir, err := os.MkdirTemp(cfg.Dir, "orrery-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	node, err := child.Node(ctx, dir, cfg.Flags...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, node.Stop()) }()
	return measure(ctx, cfg, node)
}

// measure drives a server that is running.
func measure(ctx context.Context, cfg Config, node *child.Process) (*Result, error) {
	cluster := stream.Cluster{Brokers: []string{node.Kafka}}
	s := &soak{cfg: cfg, node: node, result: &Result{
		Head: machine.NewHead(cfg.Command, cfg.Version), Site: cfg.Site, Frames: cfg.Frames, Events: cfg.Events,
	}}
	site, err := s.fill(ctx, cluster)
	if err != nil {
		return nil, err
	}
	source, err := site.Requests(traffic.Mix)
	if err != nil {
		return nil, err
	}
	pouring, stop := context.WithCancel(ctx)
	defer stop()
	poured := make(chan error, 1)
	go func() {
		var err error
		s.result.Acked, err = serving.Pour(pouring, cluster, cfg.Site, cfg.Events)
		poured <- err
	}()
	for s.began = time.Now(); err == nil && time.Since(s.began) < cfg.For; {
		err = s.interval(ctx, source)
		select {
		case ended := <-poured:
			return nil, errors.Join(err, errors.New("the stream of events ended before the run did"), ended)
		default:
		}
	}
	stop()
	if err := errors.Join(err, <-poured); err != nil {
		return nil, err
	}
	s.result.judge()
	s.result.End()
	return s.result, nil
}

// fill gives the server the site's state and waits until it has it.
func (s *soak) fill(ctx context.Context, cluster stream.Cluster) (*traffic.Site, error) {
	const rate = 20_000
	views := s.cfg.Site.Views
	s.cfg.Progress("filling the state: %d products, %d views", s.cfg.Site.Products, views)
	site := traffic.New(s.cfg.Site, time.Now().Add(-time.Duration(float64(views)/rate*float64(time.Second))), rate)
	bulk, err := stream.NewBulk(cluster)
	if err != nil {
		return nil, err
	}
	defer bulk.Close()
	if s.result.Before, err = site.Fill(ctx, bulk); err != nil {
		return nil, fmt.Errorf("cannot fill the state: %w", err)
	}
	return site, s.node.Reach(ctx, s.result.Before)
}

// interval drives the server for one interval and looks at it.
func (s *soak) interval(ctx context.Context, source load.Source) error {
	before, err := s.node.CPU()
	if err != nil {
		return err
	}
	from := time.Now()
	got, err := load.Run(ctx, load.Config{
		Addr: s.node.Addr, Connections: connections, Source: source, Kinds: len(traffic.Kinds), Rate: s.cfg.Frames, For: s.cfg.Every,
	})
	if err != nil {
		return err
	}
	after, err := s.node.CPU()
	if err != nil {
		return err
	}
	taken, err := s.node.Taken(ctx)
	if err != nil {
		return err
	}
	goroutines, _ := s.node.Metric(ctx, "go_goroutines")
	heap, _ := s.node.Metric(ctx, "go_memstats_heap_inuse_bytes")
	state, _ := s.node.Metric(ctx, "orrery_state_bytes")
	x := Sample{
		Seconds: time.Since(s.began).Seconds(), Resident: s.node.Resident(), Heap: uint64(heap), State: uint64(state), Goroutines: int(goroutines), Files: s.node.Files(),
		CPU: (after - before).Seconds() / time.Since(from).Seconds(), Frames: got.Requests, Events: taken - s.result.Before,
		P50: got.Latency.P50, P99: got.Latency.P99, Max: got.Latency.Max, Errors: got.Errors + got.Unsent,
	}
	s.result.Samples = append(s.result.Samples, x)
	s.cfg.Progress("%4.0f s: %.0f MB, %.0f of them state, %d goroutines, %d file handles, %.2f cores, %d events, p50 %.0f us, p99 %.0f us, %d errors",
		x.Seconds, float64(x.Resident)/1e6, float64(x.State)/1e6, x.Goroutines, x.Files, x.CPU, x.Events, x.P50, x.P99, x.Errors)
	return nil
}
