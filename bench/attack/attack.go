// Package attack runs a server under an attack of all kinds at once by whoever has the key that stands in the shop's pages, beside
// the shop's honest traffic, and tells what the honest visitors notice. The kinds are those of the attackers' list: work
// before limits are looked at, rights that a stranger does not have, names without end, clocks, crafted ids, dear events.
// All traffic stays on the loopback interface and ends with the run.
package attack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"orrery/bench/child"
	"orrery/bench/load"
	"orrery/bench/machine"
	"orrery/bench/traffic"
	"orrery/stream"
)

// Config says what to run. Zero values take the defaults.
type Config struct {
	Site   traffic.Config
	For    time.Duration // of the attack; default 10 minutes. Without it a fifth as long, at least 10 seconds
	Frames float64       // honest requests a second; default 1,000
	Events float64       // honest events a second, over HTTP; default 1,000
	Kinds  []string      // of attack; all by default
	Flags  []string      // of the server
	Dir    string

	Command, Version string
	Progress         func(format string, args ...any)
}

func (c Config) withDefaults() Config {
	if c.For <= 0 {
		c.For = 10 * time.Minute
	}
	if c.Frames <= 0 {
		c.Frames = 1_000
	}
	if c.Events <= 0 {
		c.Events = 1_000
	}
	if len(c.Kinds) == 0 {
		for _, k := range kinds {
			c.Kinds = append(c.Kinds, k.name)
		}
	}
	if c.Progress == nil {
		c.Progress = func(string, ...any) {}
	}
	c.Site = c.Site.WithDefaults()
	return c
}

// The keys of the shop. What an attacker has is the first.
const (
	writeKey  = "write-key-that-stands-in-the-pages"
	secretKey = "secret-key-of-the-shops-own-servers"
)

// Phase is what the honest traffic saw.
type Phase struct {
	Name     string         `json:"name"`
	Frames   load.Result    `json:"frames"`
	Posts    load.Result    `json:"posts"`
	Refused  uint64         `json:"posts_not_taken_whole"`
	Resident uint64         `json:"resident_bytes"` // the most that was seen
	CPU      float64        `json:"cpu_cores"`
	Attack   map[string]int `json:"attack,omitempty"` // attempts by kind
}

// Result is everything that was seen.
type Result struct {
	machine.Head
	Site    traffic.Config `json:"site"`
	Before  Phase          `json:"without"`
	Under   Phase          `json:"under_attack"`
	Sent    uint64         `json:"honest_events_acknowledged"` // of the kind that nobody else sends
	Counted uint64         `json:"honest_events_counted"`
	Revenue string         `json:"revenue_moved,omitempty"` // what the attack did to it; empty is nothing
	Stop    float64        `json:"stop_s"`                  // while connections of the attack were open
	Restart float64        `json:"restart_to_ready_s"`
	Held    bool           `json:"held"` // all bars
	Bars    []Bar          `json:"bars"`
}

// run is a run under way.
type run struct {
	cfg    Config
	node   *child.Process
	site   *traffic.Site
	result *Result
	honest *posts
}

// Measure runs a server, without the attack and then under it.
func Measure(ctx context.Context, cfg Config) (r *Result, err error) {
	cfg = cfg.withDefaults()
	dir, err := os.MkdirTemp(cfg.Dir, "orrery-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	x := &run{cfg: cfg, result: &Result{Head: machine.NewHead(cfg.Command, cfg.Version), Site: cfg.Site}}
	if err := x.start(ctx, dir); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, x.node.Stop()) }()
	if err := x.fill(ctx); err != nil {
		return nil, err
	}
	x.honest = newPosts(x.site, cfg.Site)
	attackers := x.attackers()
	revenue, err := x.revenue(ctx)
	if err != nil {
		return nil, err
	}
	if x.result.Before, err = x.phase(ctx, "without", max(cfg.For/5, 10*time.Second), nil); err != nil {
		return nil, err
	}
	if x.result.Under, err = x.phase(ctx, "under attack", cfg.For, attackers); err != nil {
		return nil, err
	}
	if err := x.after(ctx, dir, revenue); err != nil {
		return nil, err
	}
	x.result.judge()
	x.result.End()
	return x.result, nil
}

func (x *run) start(ctx context.Context, dir string) (err error) {
	flags := append([]string{"--http.write-key", writeKey, "--http.secret-key", secretKey, "--http.hosts", "shop.example,127.0.0.1", "--http.trusted-proxies", "127.0.0.1/32"}, x.cfg.Flags...)
	x.node, err = child.Node(ctx, dir, flags...)
	return err
}

// fill gives the server the site's state, by a producer of the shop's own.
func (x *run) fill(ctx context.Context) error {
	const rate = 20_000
	views := x.cfg.Site.Views
	x.cfg.Progress("filling the state: %d products, %d views", x.cfg.Site.Products, views)
	x.site = traffic.New(x.cfg.Site, time.Now().Add(-time.Duration(float64(views)/rate*float64(time.Second))), rate)
	bulk, err := stream.NewBulk(stream.Cluster{Brokers: []string{x.node.Kafka}})
	if err != nil {
		return err
	}
	defer bulk.Close()
	n, err := x.site.Fill(ctx, bulk)
	if err != nil {
		return fmt.Errorf("cannot fill the state: %w", err)
	}
	return x.reach(ctx, func(s *stats) bool { return s.total() >= uint64(n) })
}

// phase drives the honest traffic for a while, and the attackers beside it.
func (x *run) phase(ctx context.Context, name string, long time.Duration, attackers []*attacker) (p Phase, err error) {
	x.cfg.Progress("%s: %s", name, long)
	p.Name = name
	before, err := x.node.CPU()
	if err != nil {
		return p, err
	}
	attacking, stop := context.WithCancel(ctx)
	defer stop()
	var attack sync.WaitGroup
	for _, a := range attackers {
		attack.Go(func() { a.run(attacking) })
	}
	attack.Go(func() { p.Resident = x.watch(attacking) })
	frames, err := newFrames(x.site)
	if err != nil {
		return p, err
	}
	var other sync.WaitGroup
	var failed error
	other.Go(func() {
		p.Posts, failed = load.Run(ctx, load.Config{
			Addr: x.node.Addr, Source: x.honest, Rate: x.cfg.Events / eventsPost, Poisson: true, Seed: 1, For: long, Connections: 32, Empty: []byte(`"rejected":[]`),
		})
	})
	p.Frames, err = load.Run(ctx, load.Config{
		Addr: x.node.Addr, Source: frames, Kinds: len(traffic.Kinds), Rate: x.cfg.Frames, Poisson: true, Seed: 2, For: long, Connections: 32,
	})
	other.Wait()
	if err = errors.Join(err, failed); err != nil {
		return p, err
	}
	p.Refused = p.Posts.Requests - p.Posts.Empty
	stop()
	attack.Wait()
	after, err := x.node.CPU()
	p.CPU = (after - before).Seconds() / long.Seconds()
	p.Attack = map[string]int{}
	for _, a := range attackers {
		p.Attack[a.kind.name] += int(a.n.Load())
	}
	return p, err
}

// watch returns the most memory that the server had until ctx ended.
func (x *run) watch(ctx context.Context) (most uint64) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		most = max(most, x.node.Resident())
		select {
		case <-ctx.Done():
			return most
		case <-tick.C:
		}
	}
}

// after looks at what is left: nothing honest is lost, no money moved, the server stops and comes back.
func (x *run) after(ctx context.Context, dir string, revenue string) error {
	r := x.result
	r.Sent = x.honest.acknowledged(r.Before.Posts.Requests + r.Under.Posts.Requests)
	waiting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	err := x.reach(waiting, func(s *stats) bool { return s.Events[ownKind] >= r.Sent })
	s, last := x.stats(ctx)
	if err = errors.Join(err, last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	r.Counted = s.Events[ownKind]
	if now := s.money(); now != revenue {
		r.Revenue = revenue + " -> " + now
	}
	open := x.openConnections(ctx)
	defer open()
	from := time.Now()
	if err := x.node.Stop(); err != nil {
		return err
	}
	r.Stop = time.Since(from).Seconds()
	from = time.Now()
	if err := x.start(ctx, dir); err != nil {
		return fmt.Errorf("cannot start after the attack: %w", err)
	}
	r.Restart = time.Since(from).Seconds()
	again, err := x.stats(ctx)
	if err == nil && again.Events[ownKind] != r.Counted {
		err = fmt.Errorf("after the restart %d honest events are counted, before it %d", again.Events[ownKind], r.Counted)
	}
	return err
}

// stats is what the server counts.
type stats struct {
	Events  map[string]uint64 `json:"events"`
	Revenue map[string]string `json:"revenue"`
}

func (s *stats) total() (n uint64) {
	for _, k := range s.Events {
		n += k
	}
	return n
}

func (s *stats) money() string {
	text, _ := json.Marshal(s.Revenue)
	return string(text)
}

func (x *run) revenue(ctx context.Context) (string, error) {
	s, err := x.stats(ctx)
	return s.money(), err
}

func (x *run) stats(ctx context.Context) (s *stats, err error) {
	s = new(stats)
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+x.node.Addr+"/v1/stats", nil)
	if err != nil {
		return s, err
	}
	q.Header.Set("Authorization", "Bearer "+secretKey)
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		return s, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return s, fmt.Errorf("cannot read the statistics: %s", answer.Status)
	}
	return s, json.NewDecoder(answer.Body).Decode(s)
}

// reach waits until the statistics are as wanted.
func (x *run) reach(ctx context.Context, enough func(*stats) bool) error {
	for {
		s, err := x.stats(ctx)
		if err != nil || enough(s) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
