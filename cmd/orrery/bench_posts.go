package main

import (
	"context"
	"time"

	"orrery/bench/posts"
)

type benchPostsCmd struct {
	benchFlags
	Binaries    []string      `arg:"" optional:"" type:"existingfile" help:"Binaries to run in turns; the others are compared with the first. This one by default."`
	Batches     []int         `name:"batches" default:"20,1" help:"Events a request."`
	Rounds      int           `name:"rounds" default:"9" help:"Rounds; medians are reported."`
	For         time.Duration `name:"for" default:"3s" help:"Length of one measurement."`
	Connections int           `name:"connections" default:"64" help:"Connections."`
	Dir         string        `name:"dir" type:"path" help:"Where the servers' data are written, and removed again; the system's temporary folder by default."`
}

// Run measures events over HTTP.
func (c *benchPostsCmd) Run(ctx context.Context, all *cli) error {
	r, err := posts.Measure(ctx, posts.Config{
		Binaries: c.Binaries, Batches: c.Batches, Rounds: c.Rounds, For: c.For, Connections: c.Connections, Dir: c.Dir,
		Command: commandLine(), Version: version, Progress: c.progress(),
	})
	if err != nil {
		return err
	}
	return c.report(r, all.JSON)
}

var _ measured = (*posts.Result)(nil)
