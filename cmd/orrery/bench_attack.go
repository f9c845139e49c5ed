package main

import (
	"context"
	"errors"
	"os"
	"time"

	"orrery/bench/attack"
	"orrery/bench/traffic"
)

type benchAttackCmd struct {
	benchFlags
	For      time.Duration `name:"for" default:"10m" help:"How long the attack lasts; another server is measured as long without it."`
	Frames   float64       `name:"frames" default:"1000" help:"Honest requests a second."`
	Events   float64       `name:"events" default:"1000" help:"Honest events a second, over HTTP."`
	Kinds    []string      `name:"kinds" help:"Kinds of attack, as the result names them; all by default."`
	Products int           `name:"products" default:"20000" help:"Products in the catalogue."`
	Visitors int           `name:"visitors" default:"100000" help:"Visitors who view at random."`
	Views    int           `name:"views" default:"200000" help:"Views in the state when it begins."`
	Profile  string        `name:"profile" placeholder:"FILE" help:"Write profiles of the server to FILE.PHASE.KIND, for go tool pprof."`
	Dir      string        `name:"dir" type:"path" help:"Where the server's data are written, and removed again; the system's temporary folder by default."`
}

var errNotHeld = errors.New("not every bar was held: see above")

// Run attacks a server of its own. A bar that was not held is an error.
func (c *benchAttackCmd) Run(ctx context.Context, all *cli) error {
	r, err := attack.Measure(ctx, attack.Config{
		Site: traffic.Config{Products: c.Products, Visitors: c.Visitors, Views: c.Views},
		For:  c.For, Frames: c.Frames, Events: c.Events, Kinds: c.Kinds, Profile: c.Profile, Dir: c.Dir,
		Command: commandLine(), Version: version, Progress: c.progress(),
	})
	if err != nil {
		return err
	}
	if err := c.report(r, all.JSON); err != nil || r.Held {
		return err
	}
	return errNotHeld
}

// benchAttackersCmd is run by bench attack.
type benchAttackersCmd struct {
	Addr  string   `name:"addr" required:"" help:"Address of the server."`
	Kinds []string `name:"kinds" required:"" help:"Kinds of attack."`
}

// Run attacks until standard input ends.
func (c *benchAttackersCmd) Run() error {
	return attack.Attackers(c.Addr, c.Kinds, os.Stdin, os.Stdout)
}

var _ measured = (*attack.Result)(nil)
