package main

import (
	"context"
	"fmt"
	"os"

	"orrery/bench/alike"
)

type backtestSimilarCmd struct {
	Catalogue string `name:"catalogue" required:"" help:"Catalogue file, plain or gzip."`
	Preset    string `name:"preset" default:"google" help:"How it is read: google (Merchant feed) or hm, as in replay."`
	Out       string `name:"out" required:"" placeholder:"FILE" help:"HTML page to write."`
	Products  int    `name:"products" default:"20" help:"Products shown, chosen by a hash of their ids."`
	N         int    `name:"n" default:"8" help:"Neighbours of each."`
}

// Run writes the page.
func (c *backtestSimilarCmd) Run(ctx context.Context) error {
	p, err := alike.Run(ctx, alike.Config{Catalogue: c.Catalogue, Preset: c.Preset, Products: c.Products, N: c.N, Command: commandLine()})
	if err != nil {
		return err
	}
	f, err := os.Create(c.Out)
	if err != nil {
		return fmt.Errorf("cannot write the page: %w", err)
	}
	if err := p.HTML(f); err != nil {
		f.Close()
		return fmt.Errorf("cannot write the page: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("cannot write the page: %w", err)
	}
	fmt.Printf("%s: %d products of %d, %d rows reported as bad\n", c.Out, len(p.Rows), p.Listed, p.BadRows)
	return nil
}
