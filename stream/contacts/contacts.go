// Package contacts turns files of contacts, as shops and mail programs export them, into what an engine is told of them: identify
// events with attributes, tags and consent by channel.
//
// Which column is what the header says; a map says it where the header does not. What is empty says nothing: it takes nothing away. Rows
// of one contact are one, wherever they stand in the files: the last value of an attribute counts, tags gather, and of two words
// about one consent no wins.
//
// Files are read twice: for how often each contact is there, which takes some 40 bytes each, and to be sent. Only contacts with more than
// one row are held, from their first row to their last.
package contacts

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
	"orrery/stream/files"
)

// Config says what to import and how.
type Config struct {
	// Files says which, and how they are written.
	Files files.Config
	// Map says what columns are: see MapHelp. What it does not name is told from the header.
	Map []string
	// Drop names columns that are left out.
	Drop []string
	// Only leaves out columns that neither the map nor the header's name says anything of, which are attributes otherwise.
	Only bool
	// Batch is how many contacts are sent at once; default 2,000.
	Batch int
	// Rejects is told every row that was not sent, as CSV: file, line, reason. May be nil.
	Rejects io.Writer
	// Progress is called now and then with the number of contacts sent. May be nil.
	Progress func(sent int64)
	Now      func() time.Time
}

// Answer is what the engine did with a batch.
type Answer struct {
	Added      int `json:"added"`
	Changed    int `json:"changed"`
	Unchanged  int `json:"unchanged"`
	Suppressed int `json:"suppressed"`
	Rejected   []struct {
		Index   int    `json:"index"`
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"rejected"`
}

// Sink takes batches of identify events, lines of JSON. last says that it is the last one.
type Sink func(ctx context.Context, lines []byte, last bool) (Answer, error)

// Summary is what was imported.
type Summary struct {
	Columns    []Column         `json:"columns"` // as they were taken, of all files
	Dialects   []files.Dialect  `json:"dialects"`
	Rows       int64            `json:"rows"`
	Contacts   int64            `json:"contacts"`         // different ones, sent
	Joined     int64            `json:"joined,omitempty"` // rows that were put to another row of their contact
	Added      int64            `json:"added"`
	Changed    int64            `json:"changed"`
	Unchanged  int64            `json:"unchanged"`
	Suppressed int64            `json:"suppressed"` // erased before: nothing was written of them
	Noted      map[string]int64 `json:"noted,omitempty"`
	Bad        int64            `json:"bad_rows"`
	First      []files.BadRow   `json:"first_bad_rows,omitempty"`
	Elapsed    time.Duration    `json:"elapsed_ns"`
}

const maxBad = 20

// Err says in a sentence that nothing or not all was taken; nil where all was.
func (s *Summary) Err() error {
	switch {
	case s.Rows == 0:
		return errors.New("no row was found: is it a file of this format, and has it more than a header?")
	case s.Bad > 0 && s.Bad >= s.Rows:
		return fmt.Errorf("none of %d rows was taken, the first at %s", s.Rows, s.First[0])
	case s.Bad > 0:
		return fmt.Errorf("%d of %d rows were not taken, the first at %s", s.Bad, s.Rows, s.First[0])
	}
	return nil
}

// Notes returns what was noted, the most frequent first.
func (s *Summary) Notes() (list []string) {
	names := slices.SortedFunc(maps.Keys(s.Noted), func(a, b string) int { return cmp.Or(cmp.Compare(s.Noted[b], s.Noted[a]), strings.Compare(a, b)) })
	for _, name := range names {
		list = append(list, fmt.Sprintf("%d: %s", s.Noted[name], name))
	}
	return list
}

// Run imports files.
func Run(ctx context.Context, cfg Config, sink Sink) (Summary, error) {
	if cfg.Batch == 0 {
		cfg.Batch = 2000
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r := &run{cfg: cfg, sink: sink, began: cfg.Now(), times: map[uint64]uint32{}, held: map[uint64]*person{}}
	r.now = models.TimeOf(r.began)
	r.sum.Noted = map[string]int64{}
	if cfg.Rejects != nil {
		r.rejects = csv.NewWriter(cfg.Rejects)
		r.rejects.Write([]string{"file", "line", "reason"})
	}
	err := r.spooled(func() error { return r.all(ctx) })
	if r.rejects != nil {
		r.rejects.Flush()
		err = errors.Join(err, r.rejects.Error())
	}
	r.sum.Elapsed = cfg.Now().Sub(r.began)
	return r.sum, err
}

// run is one import under way.
type run struct {
	cfg     Config
	sink    Sink
	began   time.Time
	now     models.Time
	sum     Summary
	rejects *csv.Writer

	times map[uint64]uint32  // how many rows of each contact are to come, by its hash
	held  map[uint64]*person // of contacts with more than one row

	file   string
	lines  []byte
	places []place // of the lines
	sent   int64
	check  models.Event
}

// place is the row that a line is of.
type place struct {
	file string
	line int64
}

func (r *run) all(ctx context.Context) error {
	m, err := parseMap(&r.cfg)
	if err != nil {
		return fmt.Errorf("cannot import contacts: %w", err)
	}
	err = r.read(ctx, m, func(p *person) error {
		r.times[p.key()]++
		return nil
	}, func(files.BadRow) {})
	if err != nil {
		return err
	}
	r.sum.Rows, r.sum.Columns, r.sum.Dialects = 0, nil, nil
	clear(r.sum.Noted)
	if err := r.read(ctx, m, func(p *person) error { return r.take(ctx, p) }, r.reject); err != nil {
		return err
	}
	return r.send(ctx, true)
}

// read reads all files.
func (r *run) read(ctx context.Context, m *mapping, take func(*person) error, bad func(files.BadRow)) error {
	return files.Tables(r.cfg.Files, func(t *files.Table) error {
		in, err := m.open(t)
		if err != nil {
			return fmt.Errorf("cannot read %q: %w", t.File, err)
		}
		r.file = t.File
		r.sum.Dialects = append(r.sum.Dialects, t.Dialect)
		for {
			p, err := in.next()
			if err == io.EOF {
				r.sum.columns(in.columns)
				return nil
			}
			if r.sum.Rows++; r.sum.Rows%256 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err == nil {
				for _, n := range p.noted {
					r.sum.Noted[n]++
				}
				err = take(p)
			}
			if err == nil {
				continue
			}
			line, reason, row := files.Fault(err)
			if fault := (*rowFault)(nil); errors.As(err, &fault) {
				line, reason, row = fault.line, fault.reason, true
			}
			if !row {
				return fmt.Errorf("cannot read %q: %w", t.File, err)
			}
			bad(files.BadRow{File: t.File, Line: line, Reason: reason})
		}
	})
}

// spooled calls f, for which standard input is a file: it is read twice.
func (r *run) spooled(f func() error) (err error) {
	at := slices.Index(r.cfg.Files.Files, files.Stdin)
	if at < 0 {
		return f()
	}
	in := r.cfg.Files.Stdin
	if in == nil {
		in = os.Stdin
	}
	file, err := os.CreateTemp("", "orrery-contacts-*")
	if err != nil {
		return fmt.Errorf("cannot keep standard input: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(file.Name())) }()
	_, err = io.Copy(file, in)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("cannot keep standard input: %w", err)
	}
	r.cfg.Files.Files = slices.Clone(r.cfg.Files.Files)
	r.cfg.Files.Files[at] = file.Name()
	return f()
}

// columns notes what columns were taken as, of each file those that no earlier one has.
func (s *Summary) columns(list []Column) {
	for _, c := range list {
		if !slices.Contains(s.Columns, c) {
			s.Columns = append(s.Columns, c)
		}
	}
}

func (r *run) reject(b files.BadRow) {
	r.sum.Bad++
	if len(r.sum.First) < maxBad {
		r.sum.First = append(r.sum.First, b)
	}
	if r.rejects != nil {
		r.rejects.Write([]string{b.File, strconv.FormatInt(b.Line, 10), b.Reason})
	}
}

// take takes a row, and adds its contact when it was the last of it. Rows of several moments are not joined: the engine knows which
// counts.
func (r *run) take(ctx context.Context, p *person) error {
	key := p.key()
	left := max(r.times[key], 1) - 1
	r.times[key] = left
	before := r.held[key]
	switch {
	case before != nil && before.at == p.at:
		before.join(p)
		r.sum.Joined++
		p = before
	case before != nil:
		if err := r.add(ctx, before); err != nil {
			return err
		}
	}
	if left > 0 {
		r.held[key] = p
		return nil
	}
	delete(r.held, key)
	delete(r.times, key)
	r.sum.Contacts++
	return r.add(ctx, p)
}

// add adds a contact to the batch.
func (r *run) add(ctx context.Context, p *person) error {
	from := len(r.lines)
	r.lines = p.append(r.lines, r.now)
	if err := r.check.Decode(r.lines[from:], r.now); err != nil {
		r.lines = r.lines[:from]
		return &rowFault{p.line, err.Error()}
	}
	r.lines = append(r.lines, '\n')
	if r.places = append(r.places, place{r.file, p.line}); len(r.places) >= r.cfg.Batch || len(r.lines) >= 1<<20 {
		return r.send(ctx, false)
	}
	return nil
}

// send sends the batch.
func (r *run) send(ctx context.Context, last bool) error {
	if len(r.places) == 0 {
		return nil
	}
	a, err := r.sink(ctx, r.lines, last)
	if err != nil {
		return fmt.Errorf("cannot send contacts: %w", err)
	}
	r.sum.Added, r.sum.Changed = r.sum.Added+int64(a.Added), r.sum.Changed+int64(a.Changed)
	r.sum.Unchanged, r.sum.Suppressed = r.sum.Unchanged+int64(a.Unchanged), r.sum.Suppressed+int64(a.Suppressed)
	for _, bad := range a.Rejected {
		if bad.Index < len(r.places) {
			at := r.places[bad.Index]
			r.reject(files.BadRow{File: at.file, Line: at.line, Reason: bad.Message})
		}
	}
	r.sent += int64(len(r.places))
	if r.cfg.Progress != nil {
		r.cfg.Progress(r.sent)
	}
	r.lines, r.places = r.lines[:0], r.places[:0]
	return nil
}

// rowFault is what is wrong with one row.
type rowFault struct {
	line   int64
	reason string
}

func (e *rowFault) Error() string { return e.reason }

// key is the hash of a contact.
func (p *person) key() uint64 { return xxhash.Sum64(p.id) }
