package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"orrery/bench/ingest"
)

type benchCmd struct {
	Ingest benchIngestCmd `cmd:"" help:"From Kafka into the models: events a second, CPU time an event, by stage."`
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
	WriteJSON(io.Writer) error
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
		return r.WriteJSON(os.Stdout)
	}
	return r.WriteText(os.Stdout)
}

type benchIngestCmd struct {
	benchFlags
	Events     int    `name:"events" default:"2000000" help:"Events in the log."`
	Prefill    int    `name:"prefill" help:"Of them, the first ones fill the state and are not measured; half by default."`
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
