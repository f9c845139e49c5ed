package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"orrery/bench/capacity"
	"orrery/bench/child"
	"orrery/bench/customers"
	"orrery/bench/freshness"
	"orrery/bench/ingest"
	"orrery/bench/serving"
	"orrery/bench/soak"
	"orrery/bench/traffic"
)

type benchCmd struct {
	Ingest    benchIngestCmd    `cmd:"" help:"From Kafka into the models: events a second, CPU time an event, by stage."`
	Serve     benchServeCmd     `cmd:"" help:"Frames over HTTP against a bare server that sends the same bytes: throughput, CPU time, latency."`
	Freshness benchFreshnessCmd `cmd:"" help:"From sending an event to seeing it in another visitor's answer."`
	Posts     benchPostsCmd     `cmd:"" help:"Events over HTTP: events a second and CPU time an event, also of two binaries in turns."`
	Soak      benchSoakCmd      `cmd:"" help:"A long run under a moderate load: memory, goroutines, file handles and latency by minute, and whether they stay flat."`
	Capacity  benchCapacityCmd  `cmd:"" help:"Memory by product, click, visitor and contact; snapshot and restart."`
	Customers benchCustomersCmd `cmd:"" help:"The customer base on one core: purchases, fits cold and warm, scores, memory."`
	Attack    benchAttackCmd    `cmd:"" help:"Honest traffic beside an attack of all kinds by who has the key of the pages: errors, latency, memory, what is lost."`
	Bare      benchBareCmd      `cmd:"" hidden:"" help:"The bare server of bench serve."`
	Attackers benchAttackersCmd `cmd:"" hidden:"" help:"The attackers of bench attack."`
}

// benchFlags are those of every benchmark.
type benchFlags struct {
	Plot  string `name:"plot" placeholder:"FILE" help:"Write a chart, .png or .svg."`
	Quiet bool   `name:"quiet" help:"No progress."`
}

// progress tells what is being measured.
func (f *benchFlags) progress() func(format string, args ...any) {
	if f.Quiet {
		return func(string, ...any) {}
	}
	return func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
}

// measured is the result of a benchmark.
type measured interface {
	WriteText(io.Writer) error
	Plot(file string) error
}

// report prints a result and draws its chart.
func (f *benchFlags) report(r measured, asJSON bool) error {
	if f.Plot != "" {
		if err := r.Plot(f.Plot); err != nil {
			return err
		}
	}
	if asJSON {
		return writeJSON(r)
	}
	return r.WriteText(os.Stdout)
}

// writeJSON prints a result as one object.
func writeJSON(r any) error {
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", " ")
	return out.Encode(r)
}

type benchIngestCmd struct {
	benchFlags
	Events     int    `name:"events" default:"4000000" help:"Events."`
	Prefill    int    `name:"prefill" help:"Of them, the first ones fill the state without Kafka and are not measured; three quarters by default."`
	Partitions []int  `name:"partitions" default:"1,2,4" help:"Numbers of partitions."`
	Rounds     int    `name:"rounds" default:"3" help:"Rounds of raw fetch, fetch with decode, and the pipeline; medians are reported."`
	Direct     int    `name:"direct" help:"Events that are decoded and applied without Kafka, for the curve of cost over state; as many as --events by default."`
	Items      int    `name:"items" default:"200000" help:"Products."`
	Visitors   int    `name:"visitors" default:"1000000" help:"Visitors."`
	Synced     bool   `name:"synced" help:"The broker waits for the disk before it acknowledges."`
	Dir        string `name:"dir" type:"path" help:"Where the log is written, and removed again; the system's temporary folder by default."`
}

// Run measures ingestion.
func (c *benchIngestCmd) Run(ctx context.Context, all *cli) error {
	r, err := ingest.Measure(ctx, ingest.Config{
		Events: c.Events, Prefill: c.Prefill, Partitions: c.Partitions, Rounds: c.Rounds, Direct: c.Direct,
		Items: c.Items, Visitors: c.Visitors, Synced: c.Synced, Dir: c.Dir,
		Command: commandLine(), Version: version, Progress: c.progress(),
	})
	if err != nil {
		return err
	}
	return c.report(r, all.JSON)
}

type benchServeCmd struct {
	benchFlags
	Products    int           `name:"products" default:"20000" help:"Products in the catalogue."`
	Visitors    int           `name:"visitors" default:"100000" help:"Visitors who view at random."`
	Views       int           `name:"views" default:"500000" help:"Views in the state, with carts, orders and logins between them."`
	Kinds       []string      `name:"kinds" default:"product,next,mix" help:"Requests of the closed loop: product, next, cart, for_you, mail, social, mix."`
	Rounds      int           `name:"rounds" default:"5" help:"Rounds of both servers; medians are reported."`
	For         time.Duration `name:"for" default:"2s" help:"Length of one measurement."`
	Connections []int         `name:"connections" default:"8,32" help:"Connections of the closed loop."`
	Stream      float64       `name:"stream" default:"20000" help:"Events a second that come in during the second part of the open loop; negative: none."`
	OpenKind    string        `name:"open-kind" default:"product" help:"Requests of the open loop."`
	Rate        float64       `name:"rate" help:"Requests a second of the open loop; half of the closed loop's peak by default."`
	Poisson     bool          `name:"poisson" help:"Requests of the open loop come at random moments, not at equal distances."`
	Replace     bool          `name:"replace" help:"Measure the open loop also while the catalogue is replaced, with other prices, over and over."`
	Profile     string        `name:"profile" placeholder:"FILE" help:"Write CPU profiles of the server under each kind of request to FILE.KIND, for go tool pprof; taken in rounds of their own."`
	Steps       int           `name:"steps" help:"Points of the curve of latency over rate; 12 with --plot."`
	Dir         string        `name:"dir" type:"path" help:"Where the server's data are written, and removed again; the system's temporary folder by default."`
}

// Run measures serving.
func (c *benchServeCmd) Run(ctx context.Context, all *cli) error {
	if c.Plot != "" && c.Steps == 0 {
		c.Steps = 12
	}
	r, err := serving.Measure(ctx, serving.Config{
		Site:  traffic.Config{Products: c.Products, Visitors: c.Visitors, Views: c.Views},
		Kinds: c.Kinds, Rounds: c.Rounds, For: c.For, Connections: c.Connections, Stream: c.Stream, OpenKind: c.OpenKind,
		Rate: c.Rate, Poisson: c.Poisson, Replace: c.Replace, Steps: c.Steps, Profile: c.Profile, Dir: c.Dir,
		Command: commandLine(), Version: version, Progress: c.progress(),
	})
	if err != nil {
		return err
	}
	return c.report(r, all.JSON)
}

type benchCustomersCmd struct {
	Contacts int    `name:"contacts" default:"1000000" help:"Simulated contacts."`
	Days     int    `name:"days" default:"730" help:"Days over which they came."`
	Seed     uint64 `name:"seed" default:"1" help:"Seed of the simulation."`
	Quiet    bool   `name:"quiet" help:"No progress."`
}

// Run measures the customer base.
func (c *benchCustomersCmd) Run(ctx context.Context, all *cli) error {
	flags := benchFlags{Quiet: c.Quiet}
	r, err := customers.Measure(ctx, customers.Config{
		Contacts: c.Contacts, Days: c.Days, Seed: c.Seed, Command: commandLine(), Version: version, Progress: flags.progress(),
	})
	if err != nil {
		return err
	}
	if all.JSON {
		return writeJSON(r)
	}
	return r.WriteText(os.Stdout)
}

// benchBareCmd is run by bench serve.
type benchBareCmd struct {
	Listen string `name:"listen" required:"" help:"Address."`
}

// Run answers with what standard input says until that ends.
func (c *benchBareCmd) Run() error { return child.ServeBare(c.Listen, os.Stdin) }

type benchFreshnessCmd struct {
	benchFlags
	Probes   int       `name:"probes" default:"200" help:"Events that are watched, at each rate."`
	Rates    []float64 `name:"rates" default:"2000,20000" help:"Events a second that come in meanwhile: up to 5,000 over HTTP, more by a Kafka producer."`
	Batch    int       `name:"batch" help:"Bring all rates over HTTP, so many events a request."`
	Views    int       `name:"views" default:"200000" help:"Views in the state."`
	Unsynced bool      `name:"unsynced" help:"The broker does not wait for the disk."`
	Dir      string    `name:"dir" type:"path" help:"Where the server's data are written, and removed again; the system's temporary folder by default."`
}

// Run measures freshness.
func (c *benchFreshnessCmd) Run(ctx context.Context, all *cli) error {
	r, err := freshness.Measure(ctx, freshness.Config{
		Site: traffic.Config{Views: c.Views}, Probes: c.Probes, Rates: c.Rates, Batch: c.Batch, Unsynced: c.Unsynced, Dir: c.Dir,
		Command: commandLine(), Version: version, Progress: c.progress(),
	})
	if err != nil {
		return err
	}
	return c.report(r, all.JSON)
}

type benchSoakCmd struct {
	benchFlags
	For      time.Duration `name:"for" default:"20m" help:"How long."`
	Every    time.Duration `name:"every" default:"1m" help:"Length of an interval, a line of the result."`
	Frames   float64       `name:"frames" default:"1000" help:"Requests a second, of the mix that bench serve sends."`
	Events   float64       `name:"events" default:"2000" help:"Events a second, by a Kafka producer."`
	Products int           `name:"products" default:"20000" help:"Products in the catalogue."`
	Visitors int           `name:"visitors" default:"100000" help:"Visitors who view at random."`
	Views    int           `name:"views" default:"200000" help:"Views in the state when it begins."`
	Dir      string        `name:"dir" type:"path" help:"Where the server's data are written, and removed again; the system's temporary folder by default."`
}

// Run measures a long run. One that is not flat is no error: the figures say what is not.
func (c *benchSoakCmd) Run(ctx context.Context, all *cli) error {
	r, err := soak.Measure(ctx, soak.Config{
		Site: traffic.Config{Products: c.Products, Visitors: c.Visitors, Views: c.Views},
		For:  c.For, Every: c.Every, Frames: c.Frames, Events: c.Events, Dir: c.Dir,
		Command: commandLine(), Version: version, Progress: c.progress(),
	})
	if err != nil {
		return err
	}
	return c.report(r, all.JSON)
}

type benchCapacityCmd struct {
	benchFlags
	Products []int  `name:"products" default:"10000,100000" help:"Products of each size."`
	Contacts []int  `name:"contacts" default:"100000,200000" help:"Contacts of each size, with four views each."`
	Visitors []int  `name:"visitors" default:"200000,400000" help:"Visitors of each size who view at random."`
	Views    []int  `name:"views" default:"500000,1000000" help:"Views of these visitors."`
	Dir      string `name:"dir" type:"path" help:"Where snapshots are written, and removed again; the system's temporary folder by default."`
}

// Run measures capacity.
func (c *benchCapacityCmd) Run(ctx context.Context, all *cli) error {
	var sizes []capacity.Size
	for i, products := range c.Products {
		if i >= len(c.Contacts) || i >= len(c.Visitors) || i >= len(c.Views) {
			return fmt.Errorf("cannot measure %d sizes: products, contacts, visitors and views name one number for each", len(c.Products))
		}
		sizes = append(sizes, capacity.Size{Products: products, Contacts: c.Contacts[i], Visitors: c.Visitors[i], Views: c.Views[i]})
	}
	r, err := capacity.Measure(ctx, capacity.Config{
		Sizes: sizes, Dir: c.Dir, Command: commandLine(), Version: version, Progress: c.progress(),
	})
	if err != nil {
		return err
	}
	return c.report(r, all.JSON)
}
