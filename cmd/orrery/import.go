package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"orrery/stream"
	"orrery/stream/snapshot"
)

type exportFactsCmd struct{ snapshotFlags }

// Help says what is exported.
func (*exportFactsCmd) Help() string {
	return "Products, contacts with their attributes, logins, orders with their lines and what was refunded: what no log gives back once its " +
		"records have expired. The way to another cluster, and over any number of versions. Visitors are named by hashes, since their ids are not kept."
}

// Run writes the facts of a snapshot to standard output.
func (c *exportFactsCmd) Run() error {
	path, err := c.path()
	if err != nil {
		return err
	}
	return exportFacts(path, os.Stdout)
}

type importCmd struct {
	Facts string `arg:"" help:"File of lines that snapshot export has written; - is standard input."`
	nodeFlags
}

// Help says what becomes of the file.
func (*importCmd) Help() string {
	return "The data folder has to be without snapshots. What the log holds already is taken to be among the facts: the state goes on with what comes " +
		"after it. The file is kept in the data folder, and --snapshot.rebuild begins with it."
}

// Run imports.
func (c *importCmd) Run(ctx context.Context, all *cli) error {
	n := &node{flags: &c.nodeFlags, log: newLog(all.JSON)}
	err := n.importFacts(ctx, c.Facts)
	return errors.Join(err, n.stop())
}

func (n *node) importFacts(ctx context.Context, from string) error {
	if err := n.importable(); err != nil {
		return err
	}
	if err := n.reachLog(ctx); err != nil {
		return err
	}
	ends, err := stream.Ends(ctx, n.cluster)
	if err != nil {
		return err
	}
	half := n.flags.importDir() + ".tmp"
	if err := keepImport(half, from, ends); err != nil {
		return errors.Join(fmt.Errorf("cannot keep what is to be imported: %w", err), os.RemoveAll(half))
	}
	base, err := n.baseIn(half)
	if err == nil {
		err = n.openPipelineOn(ctx, base)
	}
	if err == nil {
		err = os.Rename(half, n.flags.importDir()) // from here on it counts
	}
	if err != nil {
		return errors.Join(fmt.Errorf("cannot import %q: %w", from, err), os.RemoveAll(half))
	}
	return n.saveImported(ctx)
}

// importable returns an error where there is a state already.
func (n *node) importable() error {
	files, err := snapshot.List(n.flags.snapshotDir())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(files) > 0 {
		return fmt.Errorf("cannot import into %q: it holds snapshots; --data-dir has to be a folder without", n.flags.DataDir)
	}
	if _, err := os.Stat(n.flags.importDir()); !errors.Is(err, os.ErrNotExist) {
		return errors.Join(fmt.Errorf("cannot import into %q: something was imported there before; --data-dir has to be another folder", n.flags.DataDir), err)
	}
	return nil
}

// saveImported runs the pipeline until its state is on disk.
func (n *node) saveImported(ctx context.Context) error {
	running, halt := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- n.pipeline.Run(running) }()
	err := n.pipeline.WaitCaughtUp(ctx)
	if err == nil {
		err = n.pipeline.Snapshot(ctx)
	}
	halt()
	if err = errors.Join(err, <-done); err != nil {
		return fmt.Errorf("cannot save what was imported: %w", err)
	}
	s := n.engine.Stats()
	n.log.Info("imported", "contacts", s.Contacts, "orders", s.Orders, "buyers", s.Buyers, "products", s.Products, "revenue", s.Revenue)
	return nil
}

// keepImport writes a copy of what is to be imported, and the positions that it belongs to, into a new folder.
func keepImport(dir, from string, ends []snapshot.Position) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	in := os.Stdin
	if from != "-" {
		file, err := os.Open(from)
		if err != nil {
			return err
		}
		defer file.Close() // read only
		in = file
	}
	if err := durable(filepath.Join(dir, importFacts), func(w io.Writer) error { _, err := io.Copy(w, in); return err }); err != nil {
		return err
	}
	return durable(filepath.Join(dir, importAt), func(w io.Writer) error { return json.NewEncoder(w).Encode(ends) })
}

// durable writes a file that is on disk when it returns.
func durable(path string, write func(io.Writer) error) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := write(f); err != nil {
		return err
	}
	return f.Sync()
}
