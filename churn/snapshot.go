package churn

import (
	"fmt"
	"io"

	"orrery/churn/btyd"
	"orrery/churn/rfm"
	"orrery/models/slab"
)

// Freeze returns the state of this moment for a snapshot: the contacts, their days, and the models in use. The histogram
// of histories, the table of scores and the calendar follow from them and are not part of it. The writer calls it between
// two events.
func (c *Customers) Freeze() *slab.Parts {
	return slab.Join(c.words.Freeze(), c.lists.Freeze(), saved{c.models.Load()})
}

// ReadFrom replaces the state by what Freeze wrote, and counts all contacts anew: some 0.4 us a contact. Where there are
// models, Reschedule is due after it. It must not run beside readers. It implements io.ReaderFrom.
func (c *Customers) ReadFrom(src io.Reader) (int64, error) {
	var models saved
	n, err := slab.ReadAll(src, &c.words, &c.lists, &models)
	if err != nil {
		return n, fmt.Errorf("cannot read customers: %w", err)
	}
	if c.words.Len()%stride != 0 {
		return n, fmt.Errorf("cannot read customers: %d words are not whole contacts", c.words.Len())
	}
	c.SetModels(models.m)
	c.table, c.counts, c.watch = rfm.NewTable(), btyd.NewCounts(), newWatch()
	c.buyers.Store(0)
	c.content.Store(0)
	c.grid.Store(nil)
	for contact := range uint32(c.words.Len() / stride) {
		r := c.load(contact)
		if r.count > r.size || r.size > 2*MaxDays || r.list+uint64(r.size/2) > c.lists.Len() || r.scores.R > 5 || r.scores.F > 5 {
			return n, fmt.Errorf("cannot read customers: contact %d is damaged", contact)
		}
		if r.key.Days == 0 {
			continue
		}
		c.counts.Move(btyd.Key{}, r.key)
		c.count(&record{}, &r)
		c.content.Add(r.stamp())
	}
	return n, nil
}

// Reschedule puts every contact on the calendar of crossings again: after a restore, once models are there.
func (c *Customers) Reschedule(day btyd.Day) {
	c.watch.due = make(map[btyd.Day][]uint32)
	c.watch.day = day
	m := c.models.Load()
	c.watch.next, c.watch.end = 0, 0
	if m != nil && m.Gate == "" {
		for contact := range uint32(c.words.Len() / stride) {
			c.reband(contact, m, day)
		}
	}
}
