package files

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"orrery/models"
)

// Sink takes the records of a replay, in order. Put may keep a record's bytes: they are never written again.
// stream.Bulk is one.
type Sink interface {
	Put(ctx context.Context, r models.Record) error

	// Flush returns when everything put is safe.
	Flush(ctx context.Context) error
}

// ErrStrict is the end of a replay with Config.Strict at a row that could not be understood.
var ErrStrict = errors.New("a row could not be understood")

// Run replays files into a sink. It returns what was sent also when it fails, the context's end included; then what
// was put is flushed as far as a few seconds allow. progress may be nil.
func Run(ctx context.Context, cfg Config, sink Sink, progress Progress) (Summary, error) {
	cfg, preset, err := cfg.defaults()
	if err != nil {
		return Summary{}, fmt.Errorf("cannot replay: %w", err)
	}
	r := newRunner(cfg, preset, sink, progress)
	if err = r.prepare(); err != nil {
		return Summary{}, fmt.Errorf("cannot replay: %w", err)
	}
	if err = r.files(ctx); err != nil && ctx.Err() == nil && !r.failed {
		if errors.Is(err, errLimit) {
			err = nil
		} else if !cfg.own() { // what was good before it counts
			err = errors.Join(err, r.finish(ctx))
		}
	}
	err = errors.Join(err, r.rejected())
	err = errors.Join(err, r.flush(ctx, err != nil))
	r.report(true)
	return r.tally.summary(r.elapsed()), err
}

// flushGrace is how long a replay that has failed waits for what is on its way.
const flushGrace = 5 * time.Second

var errLimit = errors.New("limit reached")

// runner is one replay under way.
type runner struct {
	cfg      Config
	preset   preset
	sink     Sink
	progress Progress

	mapping *mapping
	sides   []*side // of joined files
	builder *builder
	groups  *groups
	sorted  sorter
	pace    pace
	tally   *tally
	check   models.Event
	arena   arena

	file     string
	names    []string    // of the files so far, those within others as well
	failed   bool        // the sink
	rejects  *csv.Writer // nil: none
	key      uint64      // of the last row
	read     int64       // compressed bytes
	total    int64
	began    time.Time
	reported time.Time
	idle     func() // report, while an event waits for its time
}

func newRunner(cfg Config, p preset, sink Sink, progress Progress) *runner {
	if progress == nil {
		progress = silent{}
	}
	r := &runner{
		cfg: cfg, preset: p, sink: sink, progress: progress,
		pace:  pace{speed: cfg.Speed, rate: cfg.Rate, now: cfg.Now, sleep: cfg.Sleep},
		tally: newTally(), total: totalBytes(cfg.Files), began: cfg.Now(),
	}
	if cfg.Rejects != nil {
		r.rejects = csv.NewWriter(cfg.Rejects)
		r.rejects.Write([]string{"file", "line", "reason"})
	}
	r.idle = func() { r.report(false) }
	return r
}

// prepare looks whether the files are there, before anything is sent, and reads the column map.
func (r *runner) prepare() error {
	for _, name := range r.cfg.Files {
		if _, err := os.Stat(name); name != Stdin && err != nil {
			return fmt.Errorf("cannot open %q: %w", name, err)
		}
	}
	if r.cfg.own() {
		return nil
	}
	m, err := parseMapping(r.cfg.Map, r.cfg.Group)
	if err != nil {
		return err
	}
	if m.time == nil && r.cfg.Start.IsZero() && m.catalogue() {
		r.cfg.Start, r.cfg.Step = r.cfg.Now(), time.Nanosecond // a catalogue is what it is now
	}
	if m.time == nil && r.cfg.Start.IsZero() {
		return errors.New("no time mapped and no start given: time=COLUMN, or a start for made-up times")
	}
	if m.time == nil && (r.cfg.Sort || r.cfg.Hold > 0) {
		return errors.New("sort and hold need a time")
	}
	if r.sides, err = openSides(&r.cfg); err != nil {
		return err
	}
	r.mapping, r.builder = m, newBuilder(&r.cfg, m)
	r.groups = newGroups(m, &r.cfg)
	return nil
}

func (r *runner) files(ctx context.Context) error {
	for _, name := range r.cfg.Files {
		r.tally.Files++
		if err := openAll(&r.cfg, name, &r.read, func(src *source) error { return r.one(ctx, src) }); err != nil {
			return err
		}
	}
	if r.cfg.own() {
		return nil
	}
	for _, s := range r.sides {
		s.close()
		r.tally.Joins = append(r.tally.Joins, *s.tally)
	}
	return r.finish(ctx)
}

// finish sends what is held.
func (r *runner) finish(ctx context.Context) error {
	if err := r.sorted.drain(func(row *row, f *facts) error { return r.take(ctx, row, f) }); err != nil {
		return err
	}
	return r.close(ctx)
}

// one replays a file, or one of those in it.
func (r *runner) one(ctx context.Context, src *source) error {
	r.file = src.name
	r.names = append(r.names, src.name)
	if r.groups != nil {
		r.groups.file = len(r.names) - 1
	}
	magic, _ := src.head.Peek(6)
	format, err := r.cfg.format(src)
	if strange := foreign(magic); strange != nil {
		return fmt.Errorf("cannot read %q: %w", src.name, strange)
	}
	if err != nil && (format == CSV || format == TSV) {
		err = r.unmapped(src, err)
	}
	if err != nil {
		return err
	}
	if p, ok := r.platform(src, format); ok {
		return r.messages(ctx, &p, newObjects(src, p.list))
	}
	if r.cfg.own() {
		return r.ownEvents(ctx, newTexts(src))
	}
	dialect := r.dialect(src, format)
	in, err := r.rows(src, &dialect)
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", src.name, err)
	}
	return r.each(ctx, in)
}

// dialect takes a file's dialect from its head.
func (r *runner) dialect(src *source, format Format) Dialect {
	head, whole := src.begin()
	d := sniff(head, whole, src.sheet, &r.cfg, format, r.mapping)
	d.File = src.name
	if d.decoded = format != Feed || r.cfg.Encoding != "" || strings.HasPrefix(d.Encoding, "utf-16"); d.decoded {
		src.decode(d.Encoding)
		if d.returns {
			src.Reader = &returns{src.Reader}
		}
	} else {
		d.Encoding = declared(head)
	}
	r.builder.mark = d.decimal
	r.builder.clock.order, r.builder.clock.last = d.dates, nil
	r.tally.Dialects = append(r.tally.Dialects, d)
	return d
}

// rows returns the rows of a file, with the columns that the map names.
func (r *runner) rows(src io.Reader, d *Dialect) (in rows, err error) {
	switch d.Format {
	case JSONL:
		if len(r.sides) > 0 {
			return r.joined(newJSONRows(src))
		}
		in = newJSONRows(src)
	case Lines:
		in = newLineRows(src)
	case Feed:
		feed := newFeedRows(src)
		if d.decoded {
			feed.xml.CharsetReader = decoded
		}
		in = feed
	case Histories:
		in = newHistories(src, r.cfg.Start)
	default:
		in, err := openDelimited(src, d.separator, d.quote, r.cfg.Columns, r.mapping, r.sides)
		if err == nil {
			err = r.loadSides()
		}
		return in, err
	}
	if len(r.sides) > 0 {
		return nil, fmt.Errorf("a file of the format %s has no columns to join by", d.Format)
	}
	return in, in.bind(r.mapping.columns)
}

// each takes the rows of a file.
func (r *runner) each(ctx context.Context, in rows) error {
	for {
		row, err := in.next()
		if err == io.EOF {
			return nil
		}
		if row == nil || !row.more {
			if err := r.step(ctx); err != nil {
				return err
			}
		}
		var facts facts
		if err == nil && !utf8.Valid(row.raw) {
			err = badRow(row.line, "it is not UTF-8: say how it is written (encoding)")
		}
		if err == nil && !r.builder.wanted(row) {
			r.tally.LeftOut++
			continue
		}
		if err == nil {
			if facts, err = r.builder.facts(row); err != nil {
				err = &rowError{row.line, err}
			}
		}
		if err != nil {
			if err = r.spoil(row, err); err != nil {
				return err
			}
			continue
		}
		if r.cfg.Sort {
			if len(r.groups.by) > 0 {
				r.key = r.groups.keyOf(row)
			}
			err = r.sorted.add(row, facts)
		} else {
			err = r.take(ctx, row, &facts)
		}
		if err != nil {
			return err
		}
	}
}

// step is what is to be done with every row: count it, and look up now and then.
func (r *runner) step(ctx context.Context) error {
	r.tally.Rows++
	if r.tally.Rows%256 == 0 {
		r.report(false)
		return ctx.Err()
	}
	return nil
}

func (r *runner) flush(ctx context.Context, failed bool) error {
	if failed {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), flushGrace)
		defer cancel()
	}
	return r.sink.Flush(ctx)
}

func (r *runner) elapsed() time.Duration { return r.cfg.Now().Sub(r.began) }

// report tells the progress, ten times a second at most.
func (r *runner) report(done bool) {
	now := r.cfg.Now()
	if !done && now.Sub(r.reported) < 100*time.Millisecond {
		return
	}
	r.reported = now
	r.progress.Status(Status{
		File: r.file, Rows: r.tally.Rows, Events: r.tally.Total, Bad: r.tally.Bad,
		Read: r.read, Size: r.total, Elapsed: now.Sub(r.began), Done: done,
	})
}
