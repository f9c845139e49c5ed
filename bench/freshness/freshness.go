// Package freshness measures how old an answer is: an event is sent over HTTP, and another visitor asks until the answer
// shows it. Measured are the moments of sending, acknowledgement and first sight, while other events stream in.
package freshness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"gonum.org/v1/plot/plotter"

	"orrery/bench/chart"
	"orrery/bench/child"
	"orrery/bench/load"
	"orrery/bench/machine"
	"orrery/bench/serving"
	"orrery/bench/traffic"
	"orrery/models"
	"orrery/stream"
)

// Config says what to measure. Zero values take the defaults.
type Config struct {
	Site     traffic.Config
	Probes   int       // events that are watched, at each rate; default 200
	Rates    []float64 // events a second that stream in meanwhile; default 2,000 and 20,000
	Batch    int       // events a request of the stream over HTTP; 0: one up to overHTTP events a second, and another producer above
	Unsynced bool      // the broker does not wait for the disk
	Dir      string

	Command, Version string
	Progress         func(format string, args ...any)
}

func (c Config) withDefaults() Config {
	if c.Probes <= 0 {
		c.Probes = 200
	}
	if len(c.Rates) == 0 {
		c.Rates = []float64{2_000, 20_000}
	}
	if c.Progress == nil {
		c.Progress = func(string, ...any) {}
	}
	if c.Site.Views == 0 {
		c.Site.Views = 200_000
	}
	c.Site = c.Site.WithDefaults()
	return c
}

// overHTTP is the rate up to which the stream comes over HTTP, an event a request, unless Config.Batch says otherwise; above
// it comes from another producer.
const overHTTP = 5_000

// Times are quantiles in milliseconds.
type Times struct {
	P50  float64   `json:"p50_ms"`
	P90  float64   `json:"p90_ms"`
	P99  float64   `json:"p99_ms"`
	Max  float64   `json:"max_ms"`
	each []float64 // sorted
}

func timesOf(v []float64) Times {
	v = slices.Sorted(slices.Values(v))
	if len(v) == 0 {
		return Times{}
	}
	at := func(q float64) float64 { return v[min(int(q*float64(len(v))), len(v)-1)] }
	return Times{at(0.5), at(0.9), at(0.99), v[len(v)-1], v}
}

// Run is the figures at one rate.
type Run struct {
	Stream  float64 `json:"stream_per_s"`
	Via     string  `json:"stream_via"`
	Got     float64 `json:"stream_acknowledged_per_s"`
	Probes  int     `json:"probes"`
	Frame   Seen    `json:"frame"`         // "viewed together" of a product that had no neighbours
	Counter Seen    `json:"social_proof"`  // visitors of a product
	Acks    Times   `json:"stream_ack_ms"` // of the stream, where it comes over HTTP: from the moment an event was due
	Polls   Times   `json:"poll_ms"`       // how long one look takes: the resolution
}

// Seen is how an event was sent and seen.
type Seen struct {
	Ack     Times `json:"sent_to_ack"`
	Visible Times `json:"sent_to_visible"`
	After   Times `json:"ack_to_visible"` // 0 where it was visible before the acknowledgement was here
}

// Result is everything that was measured.
type Result struct {
	machine.Head
	Site   traffic.Config `json:"site"`
	Synced bool           `json:"synced"`
	Runs   []Run          `json:"runs"`
}

// Measure runs everything, one rate after the other.
func Measure(ctx context.Context, cfg Config) (r *Result, err error) {
	cfg = cfg.withDefaults()
	dir, err := os.MkdirTemp(cfg.Dir, "orrery-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	r = &Result{Head: machine.NewHead(cfg.Command, cfg.Version), Site: cfg.Site, Synced: !cfg.Unsynced}
	flags := []string{"--social.floor", "1"} // one visitor is a change
	if cfg.Unsynced {
		flags = append(flags, "--kafka.unsynced")
	}
	node, err := child.Node(ctx, dir, flags...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, node.Stop()) }()
	if err := fill(ctx, cfg, node); err != nil {
		return nil, err
	}
	for i, rate := range cfg.Rates {
		cfg.Progress("%d probes while %.0f events/s come in", cfg.Probes, rate)
		run, err := measure(ctx, cfg, node, rate, i)
		if err != nil {
			return nil, err
		}
		r.Runs = append(r.Runs, run)
	}
	r.End()
	return r, nil
}

func fill(ctx context.Context, cfg Config, node *child.Process) error {
	cfg.Progress("filling the state: %d products, %d views", cfg.Site.Products, cfg.Site.Views)
	bulk, err := stream.NewBulk(stream.Cluster{Brokers: []string{node.Kafka}})
	if err != nil {
		return err
	}
	defer bulk.Close()
	n, err := traffic.New(cfg.Site, time.Now().Add(-time.Minute), 20_000).Fill(ctx, bulk)
	if err != nil {
		return fmt.Errorf("cannot fill the state: %w", err)
	}
	for series := range cfg.Rates { // a shop that has a catalogue recommends what is in it
		for i := range cfg.Probes {
			for _, id := range []string{probeID(series, i) + "a", probeID(series, i) + "b"} {
				value := fmt.Appendf(nil, `{"event":"product_upsert","id":"up-%s","items":[{"item_id":"%s","title":"Probe","price":1}]}`, id, id)
				key := append([]byte(models.DefaultShop), models.KeySeparator)
				if err := bulk.Put(ctx, models.Record{Topic: models.Catalogue, Key: append(key, id...), Value: value}); err != nil {
					return err
				}
				n++
			}
		}
	}
	if err := bulk.Flush(ctx); err != nil {
		return err
	}
	return node.Reach(ctx, n)
}

// measure sends probes while a stream comes in.
func measure(ctx context.Context, cfg Config, node *child.Process, rate float64, series int) (run Run, err error) {
	run.Stream, run.Probes, run.Via = rate, cfg.Probes, "Kafka producer"
	streaming, stop := context.WithCancel(ctx)
	defer stop()
	poured := make(chan error, 1)
	if rate <= overHTTP || cfg.Batch > 0 {
		batch := max(cfg.Batch, 1)
		run.Via = fmt.Sprintf("POST /v1/events, %d connections, events a request: %d", postConnections, batch)
		go func() {
			err := run.post(streaming, node, rate, batch)
			poured <- err
		}()
	} else {
		go func() {
			got, err := serving.Pour(streaming, stream.Cluster{Brokers: []string{node.Kafka}}, cfg.Site, rate)
			run.Got = got
			poured <- err
		}()
	}
	p := &prober{addr: node.Addr, series: series}
	time.Sleep(time.Second) // the stream is under way
	err = p.run(ctx, cfg.Probes)
	stop()
	if e := <-poured; err == nil {
		err = e
	}
	run.Frame, run.Counter, run.Polls = p.frame.seen(), p.counter.seen(), timesOf(p.polls)
	return run, err
}

// postConnections is how many requests of the stream can be on their way.
const postConnections = 256

// post sends the stream over HTTP, two seconds at a time until ctx ends.
func (r *Run) post(ctx context.Context, node *child.Process, rate float64, batch int) error {
	source := newPosts(rate, batch)
	var all []load.Result
	for ctx.Err() == nil {
		got, err := load.Run(ctx, load.Config{Addr: node.Addr, Connections: postConnections, Rate: rate / float64(batch), For: 2 * time.Second, Source: source})
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return err
		}
		if got.Errors > 0 {
			return fmt.Errorf("%d of %d requests were not taken", got.Errors, got.Requests+got.Errors)
		}
		all = append(all, got)
	}
	var rates, p50, p90, p99 []float64
	for _, a := range all {
		rates, p50, p90, p99 = append(rates, a.Rate*float64(batch)), append(p50, a.Latency.P50/1e3), append(p90, a.Latency.P90/1e3), append(p99, a.Latency.P99/1e3)
		r.Acks.Max = max(r.Acks.Max, a.Latency.Max/1e3)
	}
	r.Got, r.Acks.P50, r.Acks.P90, r.Acks.P99 = timesOf(rates).P50, timesOf(p50).P50, timesOf(p90).P50, timesOf(p99).P50
	return nil
}

// WriteText writes the result for people.
func (r *Result) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%d products, %d visitors, %d views in the state; server in a process of its own, synced writes: %t\n\n",
		r.Head.String(), r.Site.Products, r.Site.Visitors, r.Site.Views, r.Synced)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "events/s in\twatched\tms\tp50\tp90\tp99\tmax\tprobes\t")
	for _, run := range r.Runs {
		row := func(what, ms string, x Times, n int) {
			fmt.Fprintf(t, "%.0f\t%s\t%s\t%.2f\t%.2f\t%.2f\t%.2f\t%d\t\n", run.Stream, what, ms, x.P50, x.P90, x.P99, x.Max, n)
		}
		seen := func(what string, s Seen) {
			row(what, "sent to ack", s.Ack, len(s.Ack.each))
			row(what, "sent to visible", s.Visible, len(s.Visible.each))
			row(what, "ack to visible", s.After, len(s.After.each))
		}
		seen("viewed_together", run.Frame)
		seen("social proof", run.Counter)
		row("one look", "request", run.Polls, len(run.Polls.each))
		if run.Acks.P50 > 0 {
			row("the stream", "due to ack", run.Acks, 0)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, run := range r.Runs {
		fmt.Fprintf(w, "stream of %.0f/s by %s: %.0f/s acknowledged\n", run.Stream, run.Via, run.Got)
	}
	_, err := fmt.Fprintln(w, "visible: the first answer to another visitor that shows the event was complete; ack to visible is 0 where that was before the acknowledgement")
	return err
}

// Plot draws the distribution of sent to visible, as .png or .svg.
func (r *Result) Plot(file string) error {
	p := chart.New("From sending an event to seeing it in another visitor's answer", "milliseconds", "share of events visible")
	p.Y.Max = 1
	for i, run := range r.Runs {
		both := slices.Sorted(slices.Values(slices.Concat(run.Frame.Visible.each, run.Counter.Visible.each)))
		points := make(plotter.XYs, len(both))
		for k, v := range both {
			points[k] = plotter.XY{X: v, Y: float64(k+1) / float64(len(both))}
		}
		if _, err := chart.Add(p, fmt.Sprintf("%.0f events/s", run.Stream), i, points); err != nil {
			return err
		}
	}
	return chart.Save(p, file)
}
