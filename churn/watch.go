package churn

import (
	"orrery/churn/btyd"
	"orrery/churn/rfm"
)

// Bands are the probabilities of being a customer between which a contact is said to cool down.
var Bands = [...]float64{0.7, 0.4, 0.2}

// Change is a transition of a contact: from one segment to another, or from one band of the probability of being a
// customer to another (0: at or above Bands[0], 3: below Bands[2]).
type Change struct {
	Contact  uint32
	Segment  bool
	From, To rfm.Segment // if Segment
	FromBand uint8
	ToBand   uint8
}

// watch is the calendar of crossings: who is to be looked at on which day. It is kept by the writer alone and rebuilt
// after a restore; a contact that has bought meanwhile is found out when its day comes.
type watch struct {
	due     map[btyd.Day][]uint32
	day     btyd.Day // up to which crossings have been told
	next    uint32   // contact that Sweep looks at next
	models  *Models  // whose dates stand on the calendar
	left    uint32   // contacts that Sweep has not put on it yet
	changes []Change // by purchases, until the next Advance
}

func newWatch() watch { return watch{due: make(map[btyd.Day][]uint32)} }

// changed notes what a purchase or a refund has changed.
func (w *watch) changed(c *Customers, contact uint32, before, r *record) {
	if from, to := before.scores.Segment(), r.scores.Segment(); from != to {
		w.changes = append(w.changes, Change{Contact: contact, Segment: true, From: from, To: to})
	}
	if m := c.models.Load(); m != nil && m.Gate == "" && r.key.Days > 0 {
		c.reband(contact, m, max(w.day, r.key.Last))
	}
}

// band returns the band of a contact on a day.
func (m *Models) band(k btyd.Key, day btyd.Day) uint8 {
	alive := m.Forecast.Alive(k.At(max(day, k.Last), Unit))
	b := uint8(0)
	for _, level := range Bands {
		if alive < level {
			b++
		}
	}
	return b
}

// reband stores a contact's band on a day, notes the change, and puts the contact on the calendar for the next crossing.
func (c *Customers) reband(contact uint32, m *Models, day btyd.Day) {
	r := c.load(contact)
	if r.key.Days == 0 {
		return
	}
	if band := m.band(r.key, day); band != r.band {
		c.watch.changes = append(c.watch.changes, Change{Contact: contact, FromBand: r.band, ToBand: band})
		r.band = band
		c.store(contact, &r, nil)
	}
	if int(r.band) < len(Bands) {
		if at := m.crossing(r.key, Bands[r.band]); at != never {
			at = max(at, day+1)
			c.watch.due[at] = append(c.watch.due[at], contact)
		}
	}
}

// Advance lets the day come and returns the changes since the last call, those that purchases made included. Nothing
// is polled: only contacts whose crossing was scheduled for these days are looked at.
func (c *Customers) Advance(day btyd.Day) []Change {
	m := c.models.Load()
	if w := &c.watch; m != nil && m.Gate == "" {
		if w.day == 0 {
			w.day = day - min(day, 1)
		}
		for w.day < day {
			w.day++
			due := w.due[w.day]
			delete(w.due, w.day)
			for _, contact := range due {
				if r := c.load(contact); r.key.Days > 0 && c.isDue(&r, m) {
					c.reband(contact, m, w.day)
				}
			}
		}
	}
	out := c.watch.changes
	c.watch.changes = nil
	return out
}

// isDue says whether a contact's crossing has come, or was moved by a purchase, whose own entry then stands elsewhere.
func (c *Customers) isDue(r *record, m *Models) bool {
	return int(r.band) < len(Bands) && m.crossing(r.key, Bands[r.band]) <= c.watch.day
}

// Sweep looks at the next n contacts, in turn: their settled scores follow edges that others have moved, and after a new
// fit their bands and calendar entries follow the new model. Calling it with a few contacts an event keeps all of them
// within one round of the truth.
func (c *Customers) Sweep(n int, day btyd.Day) {
	all := uint32(c.words.Len() / stride)
	m := c.models.Load()
	c.watch.renew(m, all)
	for range min(n, int(all)) {
		contact := c.watch.next
		c.watch.next = (c.watch.next + 1) % all
		awaited := c.watch.left > 0
		c.watch.left -= min(c.watch.left, 1)
		r := c.load(contact)
		if r.key.Days == 0 {
			continue
		}
		if scores := c.rules.Settle(c.table, r.scores, r.values(), max(day, r.key.Last)); scores != r.scores {
			if from, to := r.scores.Segment(), scores.Segment(); from != to {
				c.watch.changes = append(c.watch.changes, Change{Contact: contact, Segment: true, From: from, To: to})
			}
			c.regrid(r.scores, scores)
			r.scores = scores
			c.store(contact, &r, nil)
		}
		if m != nil && m.Gate == "" && (awaited || m.band(r.key, day) != r.band) {
			c.reband(contact, m, day)
		}
	}
}

// renew begins a new calendar where there is a new fit, or none since a restore.
func (w *watch) renew(m *Models, contacts uint32) {
	if m != w.models {
		w.models, w.left, w.due = m, contacts, make(map[btyd.Day][]uint32)
	}
}

// Behind returns how many contacts Sweep has yet to put on the calendar of the newest fit: the larger, the more of them
// a call should look at.
func (c *Customers) Behind() int {
	c.watch.renew(c.models.Load(), uint32(c.words.Len()/stride))
	return int(c.watch.left)
}
