package files

import (
	"errors"
	"fmt"
	"strconv"
)

// spoil reports a bad row, and leaves out the event that it is part of. Where a file breaks off, so may the last event.
func (r *runner) spoil(row *row, err error) error {
	bad := r.bad(err)
	if !errors.As(err, new(*rowError)) && r.groups.whole && r.tally.Rows > 1 {
		return errors.Join(bad, r.groups.spoilKey(r.key, 0))
	}
	return errors.Join(bad, r.groups.spoil(row))
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
