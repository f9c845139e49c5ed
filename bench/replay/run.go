package replay

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
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
	builder *builder
	groups  *groups
	sorted  sorter
	pace    pace
	tally   *tally
	check   models.Event
	arena   arena

	file     string
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
	r.mapping, r.builder = m, newBuilder(&r.cfg, m)
	r.groups = newGroups(m, &r.cfg)
	return nil
}

func (r *runner) files(ctx context.Context) error {
	for i, name := range r.cfg.Files {
		if r.file = name; r.groups != nil {
			r.groups.file = i
		}
		r.tally.Files++
		if err := r.one(ctx, name); err != nil {
			return err
		}
	}
	if r.cfg.own() {
		return nil
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

// one replays a file.
func (r *runner) one(ctx context.Context, name string) error {
	src, err := open(name, r.cfg.Stdin, &r.read)
	if err != nil {
		return err
	}
	defer src.close()
	magic, _ := src.head.Peek(6)
	format, err := r.cfg.format(name)
	if strange := foreign(magic, format); strange != nil {
		return fmt.Errorf("cannot read %q: %w", name, strange)
	}
	if err != nil {
		return err
	}
	if r.cfg.own() {
		return r.ownEvents(ctx, newLiner(src))
	}
	dialect := r.dialect(src, format)
	in, err := r.rows(src, &dialect)
	if err == nil {
		err = in.bind(r.mapping.columns)
	}
	if err != nil {
		return fmt.Errorf("cannot read %q: %w", name, err)
	}
	return r.each(ctx, in)
}

// dialect takes a file's dialect from its head.
func (r *runner) dialect(src *source, format Format) Dialect {
	head, whole := src.begin()
	d := sniff(head, whole, &r.cfg, format, r.mapping)
	d.File = src.name
	if d.decoded = format != Feed || r.cfg.Encoding != "" || strings.HasPrefix(d.Encoding, "utf-16"); d.decoded {
		src.decode(d.Encoding)
	} else {
		d.Encoding = declared(head)
	}
	r.builder.mark = d.decimal
	r.builder.clock.order, r.builder.clock.last = d.dates, nil
	r.tally.Dialects = append(r.tally.Dialects, d)
	return d
}

func (r *runner) rows(src io.Reader, d *Dialect) (rows, error) {
	switch d.Format {
	case JSONL:
		return newJSONRows(src), nil
	case Lines:
		return newLineRows(src), nil
	case Feed:
		in := newFeedRows(src)
		if d.decoded {
			in.xml.CharsetReader = decoded
		}
		return in, nil
	case Histories:
		return newHistories(src, r.cfg.Start), nil
	}
	return newDelimited(src, d.separator, d.quote, r.cfg.Columns)
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

// spoil reports a bad row, and leaves out the event that it is part of. Where a file breaks off, so may the last event.
func (r *runner) spoil(row *row, err error) error {
	bad := r.bad(err)
	if !errors.As(err, new(*rowError)) && r.groups.whole && r.tally.Rows > 1 {
		return errors.Join(bad, r.groups.spoilKey(r.key, 0))
	}
	return errors.Join(bad, r.groups.spoil(row))
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

// take puts a row into its event, and sends those that have become complete.
func (r *runner) take(ctx context.Context, row *row, f *facts) error {
	gs := r.groups
	key := gs.keyOf(row)
	r.key = key
	for g := gs.closed(key, f.time); g != nil; g = gs.closed(key, f.time) {
		if err := r.send(ctx, g); err != nil {
			return err
		}
	}
	g, fresh := gs.of(key, f.time)
	if fresh {
		r.builder.begin(g, row, f)
		g.first = place{gs.file, row.line}
	}
	r.builder.add(g, row, f)
	if gs.whole && !row.more {
		g.places = append(g.places, place{gs.file, row.line})
	}
	if gs.rows++; gs.anywhere && gs.rows > MaxSort {
		return fmt.Errorf("cannot hold more than %d rows: where rows of one event stand together in the files, say so (together)", MaxSort)
	}
	return nil
}

// close sends what is still open.
func (r *runner) close(ctx context.Context) error {
	for g := r.groups.oldest(); g != nil; g = r.groups.oldest() {
		if err := r.send(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// send sends the oldest group's event.
func (r *runner) send(ctx context.Context, g *group) error {
	if at, ok := r.groups.spoiled[g.key]; ok && r.groups.whole {
		r.leaveOut(g, at)
		return nil
	}
	e := r.builder.finish(g, r.tally.Total)
	if r.preset.shape != nil {
		r.preset.shape(e)
	}
	value := r.arena.event(e)
	invalid := r.check.Decode(value, models.TimeOf(r.cfg.Now()))
	for _, code := range g.noted {
		r.tally.Noted["items[].quantity "+code]++
	}
	if err := r.put(ctx, e, value, invalid); err != nil {
		return err
	}
	if r.preset.after != nil {
		if err := r.after(ctx, e); err != nil {
			return err
		}
	}
	r.groups.drop()
	return nil
}

// after sends the event that became of another. Where it cannot be read, it is reported with the row that it is of.
func (r *runner) after(ctx context.Context, e *models.Event) error {
	after, err := r.preset.after(r.builder, e)
	if err != nil {
		return r.bad(&rowError{r.groups.oldest().first.line, err})
	}
	if after == nil {
		return nil
	}
	value := r.arena.event(after)
	return r.put(ctx, after, value, r.check.Decode(value, models.TimeOf(r.cfg.Now())))
}

// leaveOut reports the good rows of an event that another row was bad of.
func (r *runner) leaveOut(g *group, at place) {
	name := "the event"
	if len(g.event.Order) > 0 {
		name = fmt.Sprintf("order %q", g.event.Order)
	}
	reason := fmt.Sprintf("%s is left out as a whole: line %d of %s is bad", name, at.line, r.cfg.Files[at.file])
	if at.line == 0 {
		reason = name + " is left out: the file breaks off in it"
	}
	for _, p := range g.places {
		if p == at { // another row of the same line
			continue
		}
		r.reject(BadRow{File: r.cfg.Files[p.file], Line: p.line, Reason: reason})
	}
	r.groups.drop()
}

// put sends a record when its time has come.
func (r *runner) put(ctx context.Context, e *models.Event, value []byte, invalid error) error {
	if err := r.pace.wait(ctx, e.Time, r.idle); err != nil {
		return err
	}
	record := models.RecordOf(e, value)
	record.Key = r.arena.copy(record.Key)
	if err := r.sink.Put(ctx, record); err != nil {
		r.failed = true
		return fmt.Errorf("cannot send event %d: %w", r.tally.Total+1, err)
	}
	r.tally.add(e, invalid)
	r.tally.note(r.check.Warnings)
	if r.tally.Total == r.cfg.Limit {
		return errLimit
	}
	return nil
}

// bad reports what is wrong with a row, or returns an error that is not about a row.
func (r *runner) bad(err error) error {
	var row *rowError
	if !errors.As(err, &row) {
		return fmt.Errorf("cannot read %q: %w", r.file, err)
	}
	bad := BadRow{File: r.file, Line: row.line, Reason: row.err.Error()}
	r.reject(bad)
	if r.cfg.Strict {
		return fmt.Errorf("%w: %s", ErrStrict, bad)
	}
	return nil
}

// reject tells of a row that is not sent.
func (r *runner) reject(bad BadRow) {
	r.tally.bad(bad)
	r.progress.Bad(bad)
	if r.rejects != nil {
		r.rejects.Write([]string{bad.File, strconv.FormatInt(bad.Line, 10), bad.Reason})
	}
}

// rejected ends the list of rows that were not sent.
func (r *runner) rejected() error {
	if r.rejects == nil {
		return nil
	}
	r.rejects.Flush()
	if err := r.rejects.Error(); err != nil {
		return fmt.Errorf("cannot write the rejects: %w", err)
	}
	return nil
}

// ownEvents replays a file of Orrery's own events: each line goes out as it is. One that is no JSON is a bad row; one
// that the engine will refuse is sent all the same, so that it is kept and explained.
func (r *runner) ownEvents(ctx context.Context, in *liner) error {
	for {
		line := in.line
		raw, err := in.next()
		if err == io.EOF {
			return nil
		}
		if err == nil && len(raw) == 0 {
			continue
		}
		if err := r.step(ctx); err != nil {
			return err
		}
		if err == nil {
			err = r.ownEvent(ctx, line, raw)
		} else {
			err = r.bad(err)
		}
		if err != nil {
			return err
		}
	}
}

func (r *runner) ownEvent(ctx context.Context, line int64, raw []byte) error {
	value := r.arena.copy(raw)
	now := models.TimeOf(r.cfg.Now())
	err := r.check.Decode(value, now)
	if err == nil {
		if r.check.NoTime && slices.ContainsFunc(r.check.Warnings, func(w models.Warning) bool { return w.Code == models.Replaced }) {
			return r.bad(&rowError{line, errors.New("time cannot be: it is before 2000 or more than a day ahead")})
		}
		return r.put(ctx, &r.check, value, nil)
	}
	if invalid := (*models.Invalid)(nil); errors.As(err, &invalid) && invalid.Code == models.NotJSON {
		return r.bad(&rowError{line, err})
	}
	return r.put(ctx, &models.Event{Name: []byte("(refused)"), Time: now}, value, err)
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
