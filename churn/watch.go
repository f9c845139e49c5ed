package churn

import (
	"slices"

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
	day     btyd.Day // that has come: crossings up to it have been told
	next    uint32   // contact that Renew looks at next
	end     uint32   // and before which it ends: later ones have met no older models
	changes []Change // until Changes
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

// Dawn lets the day come: settled scores follow the edges as they are now, and bands what silence makes of them. It looks at
// everybody once, some 30 ns a contact, and besides only at those whose crossing was scheduled for these days.
func (c *Customers) Dawn(day btyd.Day) {
	w, m := &c.watch, c.models.Load()
	if w.day == 0 {
		w.day = day - min(day, 1)
	}
	if day <= w.day {
		return
	}
	c.cuts = c.table.Cuts(c.rules.Hysteresis())
	for contact := range uint32(c.words.Len() / stride) {
		c.resettle(contact, day)
	}
	for m != nil && m.Gate == "" && w.day < day {
		w.day++
		due := w.due[w.day]
		delete(w.due, w.day)
		slices.Sort(due) // after a restart they come in another order
		for _, contact := range due {
			if r := c.load(contact); r.key.Days > 0 && c.isDue(&r, m) {
				c.reband(contact, m, w.day)
			}
		}
	}
	w.day = day
}

// resettle has a contact's settled scores follow the edges.
func (c *Customers) resettle(contact uint32, day btyd.Day) {
	r := c.load(contact)
	if r.key.Days == 0 {
		return
	}
	scores := c.settle(r.scores, &r, max(day, r.key.Last))
	if scores == r.scores {
		return
	}
	if from, to := r.scores.Segment(), scores.Segment(); from != to {
		c.watch.changes = append(c.watch.changes, Change{Contact: contact, Segment: true, From: from, To: to})
	}
	r.scores = scores
	c.store(contact, &r, nil)
}

// Cuts returns the edges of the newest dawn, which a snapshot has to keep.
func (c *Customers) Cuts() rfm.Cuts { return c.cuts }

// SetCuts puts them back.
func (c *Customers) SetCuts(cuts rfm.Cuts) { c.cuts = cuts }

// Changes returns the changes since the last call.
func (c *Customers) Changes() []Change {
	out := c.watch.changes
	c.watch.changes = c.watch.changes[:0]
	return out
}

// isDue says whether a contact's crossing has come, or was moved by a purchase, whose own entry then stands elsewhere.
func (c *Customers) isDue(r *record, m *Models) bool {
	return int(r.band) < len(Bands) && m.crossing(r.key, Bands[r.band]) <= c.watch.day
}

// atOnce is how many customers' bands follow new models at once, some 50 ms of work; the others do as events come.
const atOnce = 1 << 16

// Learn makes m what scores are made of, from this place of the log on: bands and calendar follow, by Renew those of more
// than atOnce.
func (c *Customers) Learn(m *Models) {
	c.SetModels(m)
	w := &c.watch
	w.next, w.end, w.due = 0, uint32(c.words.Len()/stride), make(map[btyd.Day][]uint32)
	c.Renew(atOnce)
}

// Renew has the bands and calendar entries of n more contacts follow the models that Learn was given. How often it is called
// has to follow from the events alone. It returns whether there are more.
func (c *Customers) Renew(n int) bool {
	w, m := &c.watch, c.models.Load()
	if m == nil || m.Gate != "" {
		w.next = w.end
	}
	for ; n > 0 && w.next < w.end; n-- {
		w.next++
		c.reband(w.next-1, m, w.day)
	}
	return w.next < w.end
}
