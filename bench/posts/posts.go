// Package posts measures POST /v1/events by the key of the pages: events a second and the server's CPU time an event, of one binary,
// or of two in turns, so that a machine that drifts does not matter.
package posts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"orrery/bench/chart"
	"orrery/bench/child"
	"orrery/bench/load"
	"orrery/bench/machine"
)

// Config says what to measure. Zero values take the defaults.
type Config struct {
	Binaries    []string      // the first is what the others are compared with; default this very one
	Batches     []int         // events a request; default 20 and 1
	Rounds      int           // default 9
	For         time.Duration // of one measurement; default 3 s
	Connections int           // default 64
	Dir         string

	Command, Version string
	Progress         func(format string, args ...any)
}

func (c Config) withDefaults() Config {
	if len(c.Binaries) == 0 {
		c.Binaries = []string{""}
	}
	if len(c.Batches) == 0 {
		c.Batches = []int{20, 1}
	}
	if c.Rounds <= 0 {
		c.Rounds = 9
	}
	if c.For <= 0 {
		c.For = 3 * time.Second
	}
	if c.Connections <= 0 {
		c.Connections = 64
	}
	if c.Progress == nil {
		c.Progress = func(string, ...any) {}
	}
	return c
}

// Figure is what one binary showed with one number of events a request, round by round.
type Figure struct {
	Binary string    `json:"binary"`
	Batch  int       `json:"events_a_request"`
	Rate   []float64 `json:"events_per_s"`
	CPU    []float64 `json:"cpu_us_per_event"`
	Errors uint64    `json:"errors"`
	// Ratio is CPU time an event over that of the first binary in the same round: the median, and the 95 % interval of that.
	Ratio     float64 `json:"cpu_ratio,omitempty"`
	Low, High float64 `json:",omitempty"`
}

// Result is everything that was seen.
type Result struct {
	machine.Head
	Rounds  int       `json:"rounds"`
	Figures []*Figure `json:"figures"`
}

// Measure runs the binaries in turns.
func Measure(ctx context.Context, cfg Config) (*Result, error) {
	cfg = cfg.withDefaults()
	r := &Result{Head: machine.NewHead(cfg.Command, cfg.Version), Rounds: cfg.Rounds}
	for _, n := range cfg.Batches {
		for _, b := range cfg.Binaries {
			r.Figures = append(r.Figures, &Figure{Binary: b, Batch: n})
		}
	}
	for round := range cfg.Rounds {
		cfg.Progress("round %d", round+1)
		for at := range cfg.Binaries {
			if round%2 == 1 {
				at = len(cfg.Binaries) - 1 - at
			}
			if err := r.round(ctx, cfg, at); err != nil {
				return nil, err
			}
		}
	}
	for i, f := range r.Figures {
		if first := r.Figures[i-i%len(cfg.Binaries)]; first != f {
			f.compare(first)
		}
	}
	r.End()
	return r, nil
}

// The keys: old binaries know these flags.
const writeKey, secretKey = "write-key-that-stands-in-the-pages", "secret-key-of-the-shops-own-servers"

// round measures one binary once.
func (r *Result) round(ctx context.Context, cfg Config, at int) (err error) {
	dir, err := os.MkdirTemp(cfg.Dir, "orrery-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	node, err := child.NodeOf(ctx, cfg.Binaries[at], dir, "--http.write-key", writeKey, "--http.secret-key", secretKey)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Stop()) }()
	for i, n := range cfg.Batches {
		f := r.Figures[i*len(cfg.Binaries)+at]
		source := &events{rng: rand.New(rand.NewPCG(1, uint64(n))), n: n}
		drive := func(long time.Duration) (load.Result, error) {
			return load.Run(ctx, load.Config{Addr: node.Addr, Source: source, For: long, Connections: cfg.Connections})
		}
		if _, err := drive(cfg.For / 4); err != nil { // warm
			return err
		}
		before, err := node.CPU()
		if err != nil {
			return err
		}
		out, err := drive(cfg.For)
		if err != nil {
			return err
		}
		after, err := node.CPU()
		if err != nil {
			return err
		}
		sent := float64(out.Requests) * float64(n)
		f.Errors += out.Errors
		f.Rate = append(f.Rate, sent/out.Elapsed.Seconds())
		f.CPU = append(f.CPU, float64((after-before).Nanoseconds())/1e3/max(sent, 1))
	}
	return nil
}

// events are made as the tracker in the shop's pages makes them.
type events struct {
	rng  *rand.Rand
	n    int
	sent int
	body []byte
}

// Next implements load.Source.
func (e *events) Next(dst []byte, at time.Time) ([]byte, int) {
	e.body = append(e.body[:0], '[')
	visitor := e.rng.IntN(20_000)
	for range e.n {
		e.sent++
		e.body = fmt.Appendf(e.body, `{"event":"view_item","id":"e-%d-%d","time":%d,"visitor":"v%d","page":{"url":"https://shop.example/p/%d"},"items":[{"item_id":"SKU-%d"}]},`,
			e.n, e.sent, at.UnixMilli(), visitor, e.sent%5000, e.rng.IntN(5000))
	}
	e.body[len(e.body)-1] = ']'
	dst = append(dst, "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "+writeKey+"\r\nContent-Length: "...)
	dst = append(strconv.AppendInt(dst, int64(len(e.body)), 10), "\r\n\r\n"...)
	return append(dst, e.body...), 0
}

// compare sets the ratio to the first binary.
func (f *Figure) compare(first *Figure) {
	var ratios []float64
	for i := range f.CPU {
		ratios = append(ratios, f.CPU[i]/first.CPU[i])
	}
	f.Ratio, f.Low, f.High = interval(ratios)
}

// interval returns the median and its 95 % interval, by a bootstrap over rounds.
func interval(of []float64) (middle, low, high float64) {
	const draws = 2000
	rng := rand.New(rand.NewPCG(1, 1))
	medians := make([]float64, draws)
	drawn := make([]float64, len(of))
	for i := range medians {
		for k := range drawn {
			drawn[k] = of[rng.IntN(len(of))]
		}
		medians[i] = median(drawn)
	}
	slices.Sort(medians)
	return median(of), medians[draws/40], medians[draws-1-draws/40]
}

func median(of []float64) float64 {
	s := slices.Sorted(slices.Values(of))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// WriteText writes the result for people.
func (r *Result) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%d rounds; driver and servers on the same machine\n\n", r.Head.String(), r.Rounds)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "events a request\tbinary\tevents/s\tus of CPU an event\tleast\tto the first\t95 %\terrors\t")
	for _, f := range r.Figures {
		ratio, between := "", ""
		if f.Ratio > 0 {
			ratio, between = fmt.Sprintf("%.3f", f.Ratio), fmt.Sprintf("%.3f .. %.3f", f.Low, f.High)
		}
		fmt.Fprintf(t, "%d\t%s\t%.0f\t%.2f\t%.2f\t%s\t%s\t%d\t\n", f.Batch, f.Binary, median(f.Rate), median(f.CPU), slices.Min(f.CPU), ratio, between, f.Errors)
	}
	return t.Flush()
}

// Plot draws CPU time an event.
func (r *Result) Plot(file string) error {
	var names []string
	var bars []chart.Bar
	for _, f := range r.Figures {
		v := median(f.CPU)
		names = append(names, fmt.Sprintf("%d a request, %s", f.Batch, f.Binary))
		bars = append(bars, chart.Bar{Value: v, Low: slices.Min(f.CPU), High: slices.Max(f.CPU)})
	}
	return chart.SaveBars("Events over HTTP", "microseconds of the server's CPU an event", names, []chart.Series{{Name: "CPU", Bars: bars}}, file)
}
