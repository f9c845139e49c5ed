// Package attack runs a server under an attack of all kinds at once by whoever has the key that stands in the shop's pages, beside
// the shop's honest traffic, and tells what the honest visitors notice. The kinds are those of the attackers' list: work
// before limits are looked at, rights that a stranger does not have, names without end, clocks, crafted ids, dear events.
// All traffic stays on the loopback interface and ends with the run.
//
// Two servers are run one after the other, from the same state and with the same honest traffic for as long: without the attack
// and under it. So what honest traffic adds to a server in ten minutes is not counted as the attack's. The attackers run in a
// process of their own, as they would on machines of their own: their scheduler and their garbage are not the honest visitors'.
package attack

import (
	"context"
	"errors"
	"fmt"
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
	For    time.Duration // of the attack, and of the same without it; default 10 minutes
	Frames float64       // honest requests a second; default 1,000
	Events float64       // honest events a second, over HTTP; default 1,000
	Kinds  []string      // of attack; all by default
	Flags  []string      // of the server
	Dir    string
	// Profile is where profiles of the server go, with the phase and the kind of profile behind the name; empty: none are taken.
	Profile string

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
	Sent     uint64         `json:"honest_events_acknowledged"` // of the kind that nobody else sends
	Counted  uint64         `json:"honest_events_counted"`
	Revenue  string         `json:"revenue_moved,omitempty"` // what the attack did to it; empty is nothing
	Stop     float64        `json:"stop_s"`                  // while connections of an attacker were open
	Restart  float64        `json:"restart_to_ready_s"`
	Attack   map[string]int `json:"attack,omitempty"`        // attempts by kind
	Own      float64        `json:"attackers_cpu,omitempty"` // cores that the attackers took themselves
}

// Result is everything that was seen.
type Result struct {
	machine.Head
	Site   traffic.Config `json:"site"`
	For    float64        `json:"for_s"` // each phase
	Before Phase          `json:"without"`
	Under  Phase          `json:"under_attack"`
	Held   bool           `json:"held"` // all bars
	Bars   []Bar          `json:"bars"`
}

// run is one server's run under way.
type run struct {
	cfg    Config
	node   *child.Process
	site   *traffic.Site
	honest *posts
}

// Measure runs a server without the attack, and one under it.
func Measure(ctx context.Context, cfg Config) (r *Result, err error) {
	cfg = cfg.withDefaults()
	r = &Result{Head: machine.NewHead(cfg.Command, cfg.Version), Site: cfg.Site, For: cfg.For.Seconds()}
	if r.Before, err = measure(ctx, cfg, "without", nil); err != nil {
		return nil, err
	}
	if r.Under, err = measure(ctx, cfg, "under attack", cfg.Kinds); err != nil {
		return nil, err
	}
	r.judge()
	r.End()
	return r, nil
}

// measure runs a server from its first start to its second.
func measure(ctx context.Context, cfg Config, name string, kinds []string) (p Phase, err error) {
	dir, err := os.MkdirTemp(cfg.Dir, "orrery-bench-")
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	x := &run{cfg: cfg}
	if err := x.start(ctx, dir); err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, x.node.Stop()) }()
	if err := x.fill(ctx); err != nil {
		return p, err
	}
	x.honest = newPosts(x.site, cfg.Site)
	revenue, err := x.revenue(ctx)
	if err != nil {
		return p, err
	}
	if p, err = x.phase(ctx, name, kinds); err != nil {
		return p, err
	}
	return p, x.after(ctx, dir, revenue, &p)
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

// phase drives the honest traffic, and the attackers beside it.
func (x *run) phase(ctx context.Context, name string, kinds []string) (p Phase, err error) {
	long := x.cfg.For
	x.cfg.Progress("%s: %s", name, long)
	p.Name = name
	attackers, err := x.attack(ctx, kinds)
	if err != nil {
		return p, err
	}
	before, err := x.node.CPU()
	if err != nil {
		return p, errors.Join(err, attackers.stop(&p))
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	var watch sync.WaitGroup
	watch.Go(func() { p.Resident = x.watch(watching) })
	profiles := x.profile(watching, name)
	err = x.honestly(ctx, &p)
	stop()
	watch.Wait()
	after, last := x.node.CPU()
	p.CPU = (after - before).Seconds() / long.Seconds()
	err = errors.Join(err, last, attackers.stop(&p), <-profiles)
	p.Own /= long.Seconds()
	return p, err
}

// honestly drives the honest traffic.
func (x *run) honestly(ctx context.Context, p *Phase) error {
	frames, err := newFrames(x.site)
	if err != nil {
		return err
	}
	var other sync.WaitGroup
	var failed error
	other.Go(func() {
		p.Posts, failed = load.Run(ctx, load.Config{
			Addr: x.node.Addr, Source: x.honest, Rate: x.cfg.Events / eventsPost, Poisson: true, Seed: 1, For: x.cfg.For, Connections: 32, Empty: []byte(`"rejected":[]`),
		})
	})
	p.Frames, err = load.Run(ctx, load.Config{
		Addr: x.node.Addr, Source: frames, Kinds: len(traffic.Kinds), Rate: x.cfg.Frames, Poisson: true, Seed: 2, For: x.cfg.For, Connections: 32,
	})
	other.Wait()
	p.Refused = p.Posts.Requests - p.Posts.Empty
	return errors.Join(err, failed)
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
func (x *run) after(ctx context.Context, dir, revenue string, p *Phase) error {
	p.Sent = x.honest.acknowledged(p.Posts.Requests)
	waiting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	err := x.reach(waiting, func(s *stats) bool { return s.Events[ownKind] >= p.Sent })
	s, last := x.stats(ctx)
	if err = errors.Join(err, last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	p.Counted = s.Events[ownKind]
	if now := s.money(); now != revenue {
		p.Revenue = revenue + " -> " + now
	}
	open := x.openConnections(ctx)
	defer open()
	from := time.Now()
	if err := x.node.Stop(); err != nil {
		return err
	}
	p.Stop = time.Since(from).Seconds()
	from = time.Now()
	if err := x.start(ctx, dir); err != nil {
		return fmt.Errorf("cannot start after the attack: %w", err)
	}
	p.Restart = time.Since(from).Seconds()
	again, err := x.stats(ctx)
	if err == nil && again.Events[ownKind] != p.Counted {
		err = fmt.Errorf("after the restart %d honest events are counted, before it %d", again.Events[ownKind], p.Counted)
	}
	return err
}
