// Package serving measures how frames are served: the real binary in a process of its own against a bare fasthttp server
// that sends the same bytes, in the same run, in alternating rounds, with and without a stream of events; in a closed loop
// for what it can do, and in an open one for how long an answer takes at a rate that it is asked to bear.
//
// Driver and server share the machine. What that costs, it costs both servers: ratios within a run are what to look at.
package serving

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"orrery/bench/child"
	"orrery/bench/load"
	"orrery/bench/machine"
	"orrery/bench/traffic"
	"orrery/stream"
)

// Config says what to measure. Zero values take the defaults.
type Config struct {
	Site        traffic.Config
	Kinds       []string      // of requests in the closed loop; default product, next and mix
	Rounds      int           // default 5
	For         time.Duration // of one measurement; default 2 s
	Connections []int         // of the closed loop; default 8 and 32
	Stream      float64       // events a second that come in during the open loop; default 20,000
	OpenKind    string        // of requests in the open loop; default product
	Rate        float64       // of the open loop; 0: half of the closed loop's peak
	Poisson     bool
	Replace     bool   // measure the open loop also while the whole catalogue is replaced, over and over
	Steps       int    // of the curve of latency over rate; 0: none
	Profile     string // where CPU profiles of the server go, with the kind of request behind the name; empty: none are taken
	Flags       []string
	Dir         string

	Command, Version string
	Progress         func(format string, args ...any)
}

// snapshotEvery is how often the server saves its state.
const snapshotEvery = "5s"

// openConnections is how many connections the open loop has.
const openConnections = 16

func (c Config) withDefaults() Config {
	if len(c.Kinds) == 0 {
		c.Kinds = []string{"product", "next", traffic.Mix}
	}
	if c.Rounds <= 0 {
		c.Rounds = 5
	}
	if c.For <= 0 {
		c.For = 2 * time.Second
	}
	if len(c.Connections) == 0 {
		c.Connections = []int{8, 32}
	}
	if c.Stream == 0 {
		c.Stream = 20_000
	}
	if c.OpenKind == "" {
		c.OpenKind = "product"
	}
	if c.Progress == nil {
		c.Progress = func(string, ...any) {}
	}
	c.Site = c.Site.WithDefaults()
	return c
}

// Result is everything that was measured.
type Result struct {
	machine.Head
	Site    traffic.Config `json:"site"`
	Events  int            `json:"events"`                            // in the state when it began
	Relists float64        `json:"products_replaced_per_s,omitempty"` // while the catalogue was replaced
	Body    map[string]int `json:"body_bytes"`
	Peaks   []Peak         `json:"closed_loop"`
	Open    []Open         `json:"open_loop"`
	Curve   []Step         `json:"curve,omitempty"`
	Memory  uint64         `json:"resident_bytes"` // of the server at the end
	Streams []Feed         `json:"streams,omitempty"`
}

// bench is a measurement under way.
type bench struct {
	cfg    Config
	site   *traffic.Site
	node   *child.Process
	dir    string
	result *Result

	feeding bool // the catalogue is being replaced
}

// Measure runs everything, one after the other.
func Measure(ctx context.Context, cfg Config) (r *Result, err error) {
	cfg = cfg.withDefaults()
	dir, err := os.MkdirTemp(cfg.Dir, "orrery-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r = &Result{Head: machine.NewHead(cfg.Command, cfg.Version), Site: cfg.Site, Body: map[string]int{}}
	b := &bench{cfg: cfg, dir: dir, result: r}
	if b.node, err = child.Node(ctx, dir, append([]string{"--kafka.unsynced", "--snapshot.every", snapshotEvery}, cfg.Flags...)...); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.node.Stop()) }()
	if err := b.fill(ctx); err != nil {
		return nil, err
	}
	if err := b.peaks(ctx); err != nil {
		return nil, err
	}
	if err := b.open(ctx); err != nil {
		return nil, err
	}
	r.Memory = b.node.Resident()
	r.End()
	return r, nil
}

// fill gives the server its state and waits until it has it.
func (b *bench) fill(ctx context.Context) error {
	const rate = 20_000
	views := b.cfg.Site.Views
	b.site = traffic.New(b.cfg.Site, time.Now().Add(-time.Duration(float64(views)/rate*float64(time.Second))), rate)
	b.cfg.Progress("filling the state: %d products, %d views", b.cfg.Site.Products, views)
	bulk, err := stream.NewBulk(b.cluster())
	if err != nil {
		return err
	}
	defer bulk.Close()
	if b.result.Events, err = b.site.Fill(ctx, bulk); err != nil {
		return fmt.Errorf("cannot fill the state: %w", err)
	}
	return b.node.Reach(ctx, b.result.Events)
}

func (b *bench) cluster() stream.Cluster { return stream.Cluster{Brokers: []string{b.node.Kafka}} }

// bodies returns what the bare server answers to requests of a kind: a recorded answer of middle length for each.
func (b *bench) bodies(ctx context.Context, name string) ([]child.Body, error) {
	var out []child.Body
	for _, k := range traffic.Kinds {
		if name != traffic.Mix && name != k.Name {
			continue
		}
		var answers [][]byte
		for range 64 {
			body, err := child.Get(ctx, b.node.Addr, b.site.Path(k))
			if err != nil {
				return nil, err
			}
			answers = append(answers, body)
		}
		slices.SortFunc(answers, func(a, b []byte) int { return len(a) - len(b) })
		body := answers[len(answers)/2]
		b.result.Body[k.Name] = len(body)
		out = append(out, child.Body{Prefix: k.Prefix, Bytes: body})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there is no kind of request %q", name)
	}
	return out, nil
}

// bare runs the bare server for a kind of request while do runs.
func (b *bench) bare(ctx context.Context, kind string, do func(*child.Process) error) (err error) {
	bodies, err := b.bodies(ctx, kind)
	if err != nil {
		return err
	}
	p, err := child.Bare(ctx, b.dir, bodies)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	return do(p)
}

// one is a single measurement of a server.
type one struct {
	load.Result
	cpu float64 // of the server, us a request
}

// drive measures a server once.
func (b *bench) drive(ctx context.Context, p *child.Process, kind string, c load.Config) (o one, err error) {
	if c.Source, err = b.site.Requests(kind); err != nil {
		return o, err
	}
	c.Addr, c.For, c.Kinds, c.Empty = p.Addr, b.cfg.For, len(traffic.Kinds), []byte(`"items":[]`)
	warm := c
	warm.For, c.Warmup = b.cfg.For/8, 0
	if _, err := load.Run(ctx, warm); err != nil {
		return o, err
	}
	before, err := p.CPU()
	if err != nil {
		return o, err
	}
	if o.Result, err = load.Run(ctx, c); err != nil {
		return o, err
	}
	after, err := p.CPU()
	if o.Requests > 0 {
		o.cpu = float64((after - before).Nanoseconds()) / 1e3 / float64(o.Requests)
	}
	return o, err
}

// pairs drives both servers in rounds, who goes first alternating.
func (b *bench) pairs(ctx context.Context, bare *child.Process, kind string, c load.Config, each func(frame, bare one)) error {
	for round := range b.cfg.Rounds {
		var got [2]one
		for i := range 2 {
			which := (i + round) % 2
			p := b.node
			if which == 1 {
				p = bare
			}
			var err error
			if got[which], err = b.drive(ctx, p, kind, c); err != nil {
				return err
			}
		}
		each(got[0], got[1])
	}
	return nil
}

// middle returns the median.
func middle(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
