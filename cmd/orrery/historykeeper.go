package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"orrery/stream"
	past "orrery/stream/history"
)

// historyFlags say what is kept of the log's events for longer than the log keeps them.
type historyFlags struct {
	Days  int      `name:"history.days" default:"0" help:"Keep events and orders as Parquet files by day, in the folder history of --data-dir, for so many days; 0: none."`
	Bytes byteSize `name:"history.bytes" default:"8GiB" placeholder:"SIZE" help:"Disk that these files may take; the oldest days go where it is not enough."`
}

// keeper writes the history, beside the pipeline and in the time that the machine has to spare.
type keeper struct {
	beside
	files   *past.History
	cluster stream.Cluster
	log     *slog.Logger
	reader  atomic.Pointer[stream.Reader]
	failed  atomic.Uint64
}

// keeperPause is how long a keeper waits after a failure: a disk that is full, a log that does not answer.
const keeperPause = 5 * time.Second

func (n *node) startHistory() error {
	if n.flags.History.Days <= 0 {
		return nil
	}
	files, err := past.Open(past.Config{
		Dir: filepath.Join(n.flags.DataDir, "history"), Days: n.flags.History.Days, MaxBytes: int64(n.flags.History.Bytes), Erased: n.engine.WasErased,
	})
	if err != nil {
		return fmt.Errorf("history.days: %w", err)
	}
	n.keeper = &keeper{files: files, cluster: n.cluster, log: n.log}
	n.keeper.beside = startBeside(n.pipeline.WaitCaughtUp, n.keeper.run)
	n.stopsWith("history", func(context.Context) error {
		n.keeper.Close()
		return errors.Join(files.Flush(), files.Close())
	})
	return nil
}

func (k *keeper) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := k.follow(ctx); err != nil && ctx.Err() == nil {
			k.failed.Add(1)
			k.log.Warn("the history cannot be kept for the moment; nothing is lost while the log holds it", "error", errors.Join(err, k.files.Close()))
			select {
			case <-ctx.Done():
			case <-time.After(keeperPause):
			}
		}
	}
}

// follow reads the log from where the files end.
func (k *keeper) follow(ctx context.Context) error {
	r, err := stream.OpenReader(ctx, stream.ReaderConfig{
		Cluster: k.cluster, Topics: past.Topics, From: k.files.From(), AcceptGap: true, Every: time.Second, Rest: newSpare(exportPace).pause, Remembered: exportRemembered,
	})
	if err != nil {
		return err
	}
	defer r.Close()
	k.files.Missed(r.Gaps())
	k.reader.Store(r)
	defer k.reader.Store(nil)
	return r.Run(ctx, func(records []stream.Record) error { return k.files.Take(records, r.Positions) })
}

func (k *keeper) metrics(w io.Writer) {
	if k == nil {
		return
	}
	s, lag := k.files.Status(), int64(0)
	if r := k.reader.Load(); r != nil {
		lag = r.Lag()
	}
	fmt.Fprintf(w, "orrery_history_days %d\norrery_history_files %d\norrery_history_rows %d\norrery_history_bytes %d\n", s.Days, s.Files, s.Rows, s.Bytes)
	fmt.Fprintf(w, "orrery_history_waiting %d\norrery_history_lag %d\norrery_history_failures_total %d\norrery_history_gaps %d\n", s.Waiting, lag, k.failed.Load(), s.Gaps)
	fmt.Fprintf(w, "orrery_dropped_total{what=\"history_day\",why=\"disk\"} %d\n", s.Lost)
}
