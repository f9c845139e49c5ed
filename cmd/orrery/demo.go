package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"orrery/bench/shop"
	"orrery/models"
	"orrery/stream"
)

// demoCmd runs a node and lets a simulated shop live on it.
type demoCmd struct {
	nodeFlags
	Seed     uint64  `name:"demo.seed" default:"1" help:"Seed of the simulated shop."`
	Products int     `name:"demo.products" default:"400" help:"Products of the simulated shop."`
	Days     int     `name:"demo.days" default:"7" help:"Days of history made up before the shop goes live."`
	History  float64 `name:"demo.history-rate" default:"0.3" help:"Events a second of that history."`
	Rate     float64 `name:"demo.rate" default:"8" help:"Events a second while the shop is live."`
	Verbose  bool    `name:"verbose" help:"Log every step of the start and of the stop."`
}

// Run runs the demo until a signal comes. A data folder that has had a demo in it goes on where that one ended.
func (c *demoCmd) Run(ctx context.Context, all *cli, line *kong.Context, s *settings) error {
	for _, f := range line.Selected().Flags {
		if f.Name == "data-dir" && s.sourceOf(line, f) == "default" {
			c.DataDir = demoFolder
		}
	}
	n := &node{flags: &c.nodeFlags, log: newLog(all.JSON), demo: true}
	if !c.Verbose {
		n.log = quietLog()
	}
	began := time.Now()
	if err := n.start(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lived := make(chan error, 1)
	go func() {
		err := c.live(ctx, n)
		if err != nil && ctx.Err() == nil {
			cancel()
			lived <- fmt.Errorf("the simulated shop ended: %w", err)
			return
		}
		lived <- nil
	}()
	c.welcome(os.Stdout, n, time.Since(began))
	err := n.run(ctx)
	cancel()
	return errors.Join(err, <-lived)
}

// live puts the catalogue and the history into the log, as far as they are not there, and goes on at the wall clock's pace.
func (c *demoCmd) live(ctx context.Context, n *node) error {
	if err := n.pipeline.WaitCaughtUp(ctx); err != nil {
		return err
	}
	bulk, err := stream.NewBulk(n.cluster)
	if err != nil {
		return err
	}
	defer bulk.Close()
	days, fresh := c.Days, n.engine.Stats().Total == 0
	if !fresh {
		days = 0
	}
	s := shop.New(shop.Config{
		Seed: c.Seed, Now: models.TimeOf(time.Now()), Days: days, Products: c.Products, BaseURL: "http://" + n.server.Addr().String(),
	})
	if err := s.Open(ctx, bulk); err != nil {
		return err
	}
	if fresh {
		if _, err := s.History(ctx, c.History, bulk); err != nil {
			return err
		}
		debug.FreeOSMemory() // the shop is slow from here on: what the history took would stay for minutes
	}
	return s.Run(ctx, c.Rate, bulk)
}

// product is one of the simulated shop that the welcome asks for: the most wanted one of its first shelf.
func (c *demoCmd) product() string {
	s := shop.New(shop.Config{Seed: c.Seed, Products: c.Products, Now: models.TimeOf(time.Now())})
	for r := range s.Catalogue() {
		_, id, _ := bytes.Cut(r.Key, []byte{models.KeySeparator})
		return string(id)
	}
	return ""
}

// welcome says where everything is and what to try.
func (c *demoCmd) welcome(w io.Writer, n *node, took time.Duration) {
	base, product := "http://"+n.server.Addr().String(), c.product()
	lines := []string{
		"",
		fmt.Sprintf("Orrery %s runs a SIMULATED shop: %d invented products, invented visitors, seed %d. Started in %d ms.",
			version, c.Products, c.Seed, took.Milliseconds()),
		"",
		"  dashboard   " + base + "/",
		"  the shop    " + base + "/demo/",
		"  API pages   " + base + "/docs",
		"  Kafka       " + strings.Join(n.cluster.Brokers, ","),
		"  data        " + absolute(c.DataDir),
		"",
		"Try:",
		"  curl '" + base + "/v1/frames/trending?n=3'",
		"  curl '" + base + "/v1/frames/product_page?product=" + product + "&n=4'",
		"  curl -d '{\"event\":\"view_item\",\"visitor\":\"me\",\"items\":[{\"item_id\":\"" + product + "\"}]}' " + base + "/v1/events",
		"",
		"Ctrl-C stops it; the next start goes on from here. --data-dir elsewhere begins anew.",
		"",
	}
	fmt.Fprintln(w, strings.Join(lines, "\n"))
}
