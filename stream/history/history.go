// Package history keeps what the log has said as Parquet files, a folder a day, for longer than the log does: DuckDB, polars and pandas read
// them as they are. A Reader of its own feeds it, so that it costs the pipeline nothing.
//
// Events are gathered in parts, which are short; when a day is over its parts become one file a table. What counts is in one manifest, with the
// positions in the log that the files reach to: it is replaced when new files are whole, so that a process that is killed at any moment
// has lost nothing and keeps nothing twice.
package history

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"orrery/models"
	"orrery/stream"
	"orrery/stream/columnar"
	"orrery/stream/snapshot"
)

// Config says what is kept where.
type Config struct {
	Dir      string
	Days     int           // that are kept, the present one included
	MaxBytes int64         // of all files; the oldest days go where there are more. Default 8 GiB
	Every    time.Duration // how often a part is ended. Default 5 min
	PartRows int64         // or after so many rows. Default 200,000

	// Erased tells whether somebody was erased, and has not come back: such rows name nobody. Default nobody was.
	Erased func(shop, contact, visitor []byte) bool
}

func (c Config) withDefaults() Config {
	if c.MaxBytes <= 0 {
		c.MaxBytes = 8 << 30
	}
	if c.Every <= 0 {
		c.Every = 5 * time.Minute
	}
	if c.PartRows <= 0 {
		c.PartRows = 200_000
	}
	return c
}

// settled is how long after its end a day may still get records: clocks of producers differ.
const settled = models.Hour

// manifest is what counts.
type manifest struct {
	Sequence  uint64              `json:"sequence"` // of the newest file
	Positions []snapshot.Position `json:"positions"`
	Newest    models.Time         `json:"newest"`         // record time
	Gaps      []stream.Gap        `json:"gaps,omitempty"` // records that the log had lost when they were to be read
	Files     []kept              `json:"files"`
}

// kept is a file.
type kept struct {
	columnar.Sealed        // Name is within Dir
	Day             string `json:"day"`
	Whole           bool   `json:"whole"` // of the day: it is over
}

// History is the files of a folder. Take feeds it; any goroutine may ask for its Status or have it Erase.
type History struct {
	cfg Config

	mu     sync.Mutex
	m      manifest
	open   map[string]*columnar.File // by name of the part, without number
	rows   int64                     // in them
	began  time.Time
	at     []snapshot.Position // behind what was taken
	row    Row
	newest models.Time
	lost   uint64 // days that were removed for want of room
}

// Open reads what a folder holds, and removes what is left of files that never counted.
func Open(cfg Config) (*History, error) {
	h := &History{cfg: cfg.withDefaults(), open: make(map[string]*columnar.File), began: time.Now()}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot keep a history: %w", err)
	}
	text, err := os.ReadFile(h.manifest())
	if err == nil {
		err = json.Unmarshal(text, &h.m)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("cannot read %q, without which the history is not known: %w", h.manifest(), err)
	}
	h.newest = h.m.Newest
	if err := h.sweep(); err != nil {
		return nil, fmt.Errorf("cannot clean the history: %w", err)
	}
	return h, nil
}

func (h *History) manifest() string { return filepath.Join(h.cfg.Dir, columnar.ManifestName) }

// From returns where in the log to go on: for ReaderConfig.
func (h *History) From() []snapshot.Position { return h.m.Positions }

// sweep removes files that the manifest does not name.
func (h *History) sweep() error {
	counts := make(map[string]bool)
	for _, f := range h.m.Files {
		counts[f.Name] = true
	}
	return filepath.WalkDir(h.cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(h.cfg.Dir, path)
		if err != nil || counts[filepath.ToSlash(name)] || name == columnar.ManifestName {
			return err
		}
		return os.Remove(path)
	})
}

// dayOf returns the name of a day's folder: by the record's time, which only grows, within what clocks differ by.
func dayOf(t models.Time) string { return t.Std().Format("2006-01-02") }

// Take keeps records. What they make is safe when positions have been written: at says where the log stands behind them.
func (h *History) Take(records []stream.Record, at func() []snapshot.Position) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range records {
		r := &records[i]
		if r.Event == nil {
			continue
		}
		h.newest = max(h.newest, r.Time)
		row := h.row.Of(r)
		h.scrub(row)
		if err := h.put(&Events, r.Time, row); err != nil {
			return err
		}
		if k := r.Event.Kind; k == models.Purchase || k == models.Refund || k == models.Cancel {
			if err := h.put(&Orders, r.Time, row); err != nil {
				return err
			}
		}
	}
	if len(records) > 0 {
		h.at = at()
	}
	if h.rows > 0 && (h.rows >= h.cfg.PartRows || time.Since(h.began) >= h.cfg.Every) {
		return h.commit(h.at)
	}
	return nil
}

func (h *History) put(t *columnar.Table, at models.Time, row []columnar.Value) error {
	key := dayOf(at) + "/" + t.Name
	f := h.open[key]
	if f == nil {
		var err error
		if f, err = h.create(key, t, "part"); err != nil {
			return err
		}
		h.open[key] = f
	}
	h.rows++
	return f.Append(row)
}

// create begins a file with a number of its own.
func (h *History) create(key string, t *columnar.Table, kind string) (*columnar.File, error) {
	h.m.Sequence++
	path := filepath.Join(h.cfg.Dir, filepath.FromSlash(key)+fmt.Sprintf("-%s-%08d.parquet", kind, h.m.Sequence))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return columnar.Create(path, t, columnar.Parquet, columnar.Options{GroupBytes: 8 << 20})
}

// commit ends the open parts, and has them count.
func (h *History) commit(at []snapshot.Position) error {
	files := slices.Clone(h.m.Files)
	for key, f := range h.open {
		s, err := f.Seal()
		delete(h.open, key)
		if err != nil {
			return err
		}
		day, _, _ := strings.Cut(key, "/")
		s.Name = day + "/" + s.Name
		files = append(files, kept{Sealed: s, Day: day})
	}
	h.rows, h.began = 0, time.Now()
	h.m.Positions, h.m.Newest = at, h.newest
	if err := h.replace(files); err != nil {
		return err
	}
	return h.settle()
}

// replace has other files count, and removes those that do no more.
func (h *History) replace(files []kept) error {
	slices.SortFunc(files, func(a, b kept) int { return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Name, b.Name)) })
	before := h.m.Files
	h.m.Files = files
	if err := columnar.WriteJSON(h.manifest(), &h.m); err != nil {
		return err
	}
	for _, f := range before {
		if !slices.ContainsFunc(files, func(o kept) bool { return o.Name == f.Name }) {
			if err := os.Remove(filepath.Join(h.cfg.Dir, filepath.FromSlash(f.Name))); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// Flush has all that was taken count.
func (h *History) Flush() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rows == 0 {
		return nil
	}
	return h.commit(h.at)
}

// Close gives up what does not count yet: it is read from the log again.
func (h *History) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for key, f := range h.open {
		errs = append(errs, f.Drop())
		delete(h.open, key)
	}
	h.rows = 0
	return errors.Join(errs...)
}
