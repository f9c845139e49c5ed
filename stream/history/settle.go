package history

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"orrery/models"
	"orrery/stream"
	"orrery/stream/columnar"
)

// settle makes one file of the parts of each day that is over, and lets go of days for which there is no room.
func (h *History) settle() error {
	over := dayOf(h.newest - settled)
	for _, day := range h.days() {
		if day < over {
			for _, t := range []*columnar.Table{&Events, &Orders} {
				if err := h.seal(day, t); err != nil {
					return err
				}
			}
		}
	}
	return h.bound()
}

// days returns the days of which there are files, oldest first.
func (h *History) days() (days []string) {
	for _, f := range h.m.Files {
		days = append(days, f.Day)
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// seal joins the files of a day's table, where there is one that is no whole day: late records make it once more.
func (h *History) seal(day string, t *columnar.Table) error {
	var parts, others []kept
	for _, f := range h.m.Files {
		if f.Day == day && f.Table == t.Name {
			parts = append(parts, f)
		} else {
			others = append(others, f)
		}
	}
	if len(parts) == 0 || len(parts) == 1 && parts[0].Whole {
		return nil
	}
	whole, err := h.rewrite(day, t, parts, true)
	if err != nil {
		return err
	}
	return h.replace(append(others, whole))
}

// rewrite writes the rows of files as one, without what tells of those who were erased.
func (h *History) rewrite(day string, t *columnar.Table, from []kept, whole bool) (kept, error) {
	kind := "part"
	if whole {
		kind = "day"
	}
	out, err := h.create(day+"/"+t.Name, t, kind)
	if err != nil {
		return kept{}, err
	}
	for _, f := range from {
		if err := h.each(f, t, func(row []columnar.Value) error {
			h.scrub(row)
			return out.Append(row)
		}); err != nil {
			return kept{}, errors.Join(err, out.Drop())
		}
	}
	s, err := out.Seal()
	s.Name = day + "/" + s.Name
	return kept{Sealed: s, Day: day, Whole: whole}, err
}

func (h *History) each(f kept, t *columnar.Table, take func([]columnar.Value) error) error {
	file, err := os.Open(filepath.Join(h.cfg.Dir, filepath.FromSlash(f.Name)))
	if err != nil {
		return err
	}
	defer file.Close() // read only
	return columnar.Rows(file, t, take)
}

// bound removes the oldest days while there are too many, or too many bytes. The newest stays.
func (h *History) bound() error {
	for {
		days := h.days()
		bytes := int64(0)
		for _, f := range h.m.Files {
			bytes += f.Bytes
		}
		if len(days) < 2 || bytes <= h.cfg.MaxBytes && (h.cfg.Days <= 0 || days[0] > dayOf(h.newest-models.Time(h.cfg.Days)*models.Day)) {
			return nil
		}
		if bytes > h.cfg.MaxBytes {
			h.lost++
		}
		if err := h.replace(slices.DeleteFunc(slices.Clone(h.m.Files), func(f kept) bool { return f.Day == days[0] })); err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(h.cfg.Dir, days[0])); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
}

// Erase rewrites the files that hold rows of who was erased, without what tells of a person, and returns how many rows those were. What does not
// count yet is ended first.
func (h *History) Erase() (rows int64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rows > 0 {
		if err := h.commit(h.at); err != nil {
			return 0, err
		}
	}
	for _, f := range slices.Clone(h.m.Files) {
		t := &Events
		if f.Table == Orders.Name {
			t = &Orders
		}
		found := int64(0)
		if err := h.each(f, t, func(row []columnar.Value) error {
			if h.scrub(row) {
				found++
			}
			return nil
		}); err != nil {
			return rows, err
		}
		if found == 0 {
			continue // the file stays as it is
		}
		left, err := h.rewrite(f.Day, t, []kept{f}, f.Whole)
		if err != nil {
			return rows, err
		}
		others := slices.DeleteFunc(slices.Clone(h.m.Files), func(o kept) bool { return o.Name == f.Name })
		if err := h.replace(append(others, left)); err != nil {
			return rows, err
		}
		rows += found
	}
	return rows, nil
}

// scrub takes out of a row what tells of a person, if it is of somebody who was erased: it counts on without.
func (h *History) scrub(row []columnar.Value) bool {
	visitor, contact := row[place.visitor].Bytes(), row[place.contact].Bytes()
	if h.cfg.Erased == nil || len(visitor) == 0 && len(contact) == 0 || !h.cfg.Erased(row[place.shop].Bytes(), contact, visitor) {
		return false
	}
	for _, i := range place.personal {
		row[i] = columnar.Value{}
	}
	return true
}

// place says where in a row what stands.
var place = func() (p struct {
	shop, visitor, contact int
	personal               []int
}) {
	for i, c := range Events.Columns {
		switch c.Name {
		case "shop":
			p.shop = i
		case "visitor":
			p.visitor = i
		case "contact":
			p.contact = i
		}
		switch c.Name {
		case "visitor", "contact", "id", "session", "page_url", "page_title", "page_referrer", "query", "order", "recommendation", "props":
			p.personal = append(p.personal, i)
		}
	}
	return p
}()

// Status is how a history is doing.
type Status struct {
	Days    int
	Files   int
	Rows    int64 // of events
	Bytes   int64
	Waiting int64 // rows that do not count yet
	Lost    uint64
	Gaps    int
}

// Status returns the figures of this moment.
func (h *History) Status() Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Status{Days: len(h.days()), Files: len(h.m.Files), Waiting: h.rows, Lost: h.lost, Gaps: len(h.m.Gaps)}
	for _, f := range h.m.Files {
		s.Bytes += f.Bytes
		if f.Table == Events.Name {
			s.Rows += f.Rows
		}
	}
	return s
}

// Missed notes what the log had lost when it was to be read.
func (h *History) Missed(gaps []stream.Gap) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.m.Gaps = append(h.m.Gaps, gaps...)
}
