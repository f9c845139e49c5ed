package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"orrery/engine"
	"orrery/models"
)

// eraser carries an erasure on to what lies on disk, when the engine has forgotten somebody: it saves the state and removes all older
// snapshots, takes the person out of what was imported, and puts a tombstone on the scores. What it has done it notes in the
// data folder, so that a process that dies on the way does it all again at its next start.
type eraser struct {
	beside
	from    *engine.Engine
	to      scoreSink
	history scoreHistory
	speaks  func() bool
	prune   func(context.Context) (int, error)
	compact func(context.Context) error    // nil with a cluster
	keep    func() (rows int64, err error) // takes who was erased out of the history; nil without one
	imports string
	note    string
	log     *slog.Logger
	done    atomic.Uint64 // erasures that all of it is done for
	failed  atomic.Uint64
}

// erasures is the note.
type erasures struct {
	Done uint64 `json:"done"`
}

const (
	erasuresFile = "erasures.json"
	erasePause   = 500 * time.Millisecond
)

func (n *node) startEraser() {
	e := &eraser{
		from: n.engine, to: n.writer, history: n.toldScores, speaks: n.pipeline.Speaks, prune: n.pipeline.OnlyNewest,
		imports: filepath.Join(n.flags.importDir(), importFacts), note: filepath.Join(n.flags.DataDir, erasuresFile), log: n.log,
	}
	if n.broker != nil {
		e.compact = n.broker.Compact
	}
	if n.keeper != nil {
		e.keep = n.keeper.files.Erase
	}
	n.eraser = e
	e.beside = startBeside(n.pipeline.WaitCaughtUp, e.run)
	n.stopsWith("erasures", func(context.Context) error { e.Close(); return nil })
}

func (e *eraser) run(ctx context.Context) {
	var noted erasures
	if b, err := os.ReadFile(e.note); err == nil {
		if err := json.Unmarshal(b, &noted); err != nil {
			e.log.Warn("erasures are carried out anew", "because", err)
		}
	}
	e.done.Store(noted.Done)
	for {
		if n := e.from.Erasures(); n != e.done.Load() {
			if err := e.pass(ctx, n); err != nil && ctx.Err() == nil {
				e.failed.Add(1)
				e.log.Warn("cannot carry an erasure on to all files yet", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(erasePause):
		}
	}
}

// errNotSpeaking says that another instance has to write.
var errNotSpeaking = errors.New("scores: the instance that speaks has not written tombstones yet")

// pass carries out the first n erasures.
func (e *eraser) pass(ctx context.Context, n uint64) error {
	removed, err := e.prune(ctx)
	if err != nil {
		return err
	}
	lines, err := e.scrub()
	if err != nil {
		return fmt.Errorf("cannot take a person out of what was imported: %w", err)
	}
	kept := int64(0)
	if e.keep != nil {
		if kept, err = e.keep(); err != nil {
			return fmt.Errorf("cannot take a person out of the history: %w", err)
		}
	}
	told, err := e.untell(ctx)
	if err != nil {
		return err
	}
	if e.compact != nil && told > 0 {
		if err := e.compact(ctx); err != nil {
			return err
		}
	}
	b, err := json.Marshal(erasures{n})
	if err == nil {
		err = rewritten(e.note, func(w io.Writer) error { _, err := w.Write(b); return err })
	}
	if err != nil {
		return err
	}
	e.done.Store(n)
	e.log.Info("erased", "erasures", n, "older snapshots removed", removed, "imported lines changed", lines, "scores removed", told, "rows of the history", kept)
	return nil
}

// untell puts tombstones on the scores of who was erased.
func (e *eraser) untell(ctx context.Context) (told int, err error) {
	last := map[string]bool{}
	err = e.history(ctx, func(key, value []byte) error {
		if shop, contact, ok := bytes.Cut(key, []byte{models.KeySeparator}); ok && e.from.WasErased(shop, contact, nil) {
			last[string(key)] = value != nil
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	var records []models.Record
	for key, there := range last {
		if there {
			records = append(records, models.Record{Topic: models.Scores, Key: []byte(key)})
		}
	}
	if len(records) > 0 && !e.speaks() {
		return 0, errNotSpeaking
	}
	if len(records) == 0 {
		return 0, nil
	}
	return len(records), e.to.Append(ctx, records)
}

// scrub takes who was erased out of what was imported, which a state without a snapshot begins with.
func (e *eraser) scrub() (changed int, err error) {
	in, err := os.Open(e.imports)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer in.Close() // read only
	err = rewritten(e.imports, func(w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetEscapeHTML(false)
		contacts := uint64(0)
		_, err := readFacts(bufio.NewReaderSize(in, 64<<10), func(f *models.Fact) error {
			before, _ := json.Marshal(f)
			isContact := f.Fact == models.FactContact && !f.Lead
			switch {
			case f.Fact == models.FactErased:
				return nil // those who have come back since are not among them
			case f.Fact == models.FactTotals:
				f.Contacts -= contacts
				var failed error
				e.from.EachErased(func(g *models.Fact) { failed = errors.Join(failed, out.Encode(g)) })
				return errors.Join(failed, out.Encode(f))
			case !e.from.ScrubFact(f):
				changed++
				if isContact {
					contacts++
				}
				return nil
			}
			if after, _ := json.Marshal(f); !bytes.Equal(before, after) {
				changed++
			}
			return out.Encode(f)
		})
		return err
	})
	return changed, err
}

// rewritten replaces a file by what write writes: it is there as it was, or whole.
func rewritten(path string, write func(io.Writer) error) error {
	half := path + ".tmp"
	if err := os.Remove(half); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	err := durable(half, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 64<<10)
		return errors.Join(write(out), out.Flush())
	})
	if err != nil {
		return errors.Join(err, os.Remove(half))
	}
	return os.Rename(half, path)
}

func (e *eraser) metrics(w io.Writer) {
	fmt.Fprintf(w, "orrery_erasures_total %d\n", e.from.Erasures())
	fmt.Fprintf(w, "orrery_erasures_pending %d\n", e.from.Erasures()-min(e.done.Load(), e.from.Erasures()))
	fmt.Fprintf(w, "orrery_erasures_failures_total %d\n", e.failed.Load())
}
