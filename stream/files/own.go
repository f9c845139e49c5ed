package files

import (
	"context"
	"errors"
	"io"
	"slices"

	"orrery/models"
)

// ownEvents replays a file of Orrery's own events: each line goes out as it is. One that is no JSON is a bad row; one
// that the engine will refuse is sent all the same, so that it is kept and explained.
func (r *runner) ownEvents(ctx context.Context, in texts) error {
	for {
		raw, err := in.next()
		line := in.at()
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
