package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"orrery/bench/baskets"
)

type backtestBasketsCmd struct {
	File    string `name:"file" required:"" help:"Baskets: a basket a line with commas, a table of order lines in any dialect, a customer a line of JSON with baskets, or a customer a line of item numbers. The content says the protocol; plain or gzip."`
	Split   string `name:"split" placeholder:"DATE" help:"First day of the test, 2006-01-02; by default one basket of five by a hash."`
	Against string `name:"baseline" help:"Recipe that the others are compared with by a paired bootstrap; by default the protocol's strongest baseline."`
	Valid   bool   `name:"valid" help:"Leave the test out and test on the last part of the training: for tuning."`
	Shuffle bool   `name:"shuffle" help:"Shuffle what was bought among the cases: a leak check, everything must fall to popularity."`
	Sample  int    `name:"sample" help:"Run about so many cases only."`
	Plot    string `name:"plot" placeholder:"FILE" help:"Write a chart, .png or .svg."`
	Order   string `name:"order" help:"Column of the order, of a table of order lines; by default told from the header, as are the next three."`
	Item    string `name:"item" help:"Column of the item."`
	Pieces  string `name:"quantity" help:"Column of the quantity."`
	Time    string `name:"time" help:"Column of the time."`
	Quiet   bool   `name:"quiet" help:"No progress."`
	dialectFlags
}

// Run backtests the recipes over baskets and customers.
func (c *backtestBasketsCmd) Run(ctx context.Context, all *cli) error {
	cfg := baskets.Config{File: c.File, Against: c.Against, Valid: c.Valid, Shuffle: c.Shuffle, Sample: c.Sample, Command: commandLine(),
		Order: c.Order, Item: c.Item, Quantity: c.Pieces, Time: c.Time}
	if err := c.fill(&cfg.Dialect); err != nil {
		return err
	}
	if c.Split != "" {
		var err error
		if cfg.Split, err = time.Parse(time.DateOnly, c.Split); err != nil {
			return fmt.Errorf("split: %w", err)
		}
	}
	log := io.Writer(os.Stderr)
	if c.Quiet {
		log = io.Discard
	}
	r, err := baskets.Run(ctx, cfg, log)
	if err != nil {
		return err
	}
	if c.Plot != "" {
		if err := r.Plot(c.Plot); err != nil {
			return err
		}
	}
	if all.JSON {
		return r.JSON(os.Stdout)
	}
	return r.Text(os.Stdout)
}
