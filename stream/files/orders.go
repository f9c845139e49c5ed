package files

import (
	"context"
	"fmt"

	"orrery/models"
)

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
	reason := fmt.Sprintf("%s is left out as a whole: line %d of %s is bad", name, at.line, r.names[at.file])
	if at.line == 0 {
		reason = name + " is left out: the file breaks off in it"
	}
	for _, p := range g.places {
		if p == at { // another row of the same line
			continue
		}
		r.reject(BadRow{File: r.names[p.file], Line: p.line, Reason: reason})
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
