package churn

import (
	"orrery/churn/btyd"
	"orrery/churn/rfm"
)

// grid is the customers of a moment by recency and frequency score.
type grid struct {
	content uint64
	day     btyd.Day
	counts  [rfm.Levels][rfm.Levels]uint32
	first   btyd.Day // on which somebody has bought
}

// Grid returns the number of customers by recency and frequency score on a day, each 1..5: the scores that Score gives, every
// customer in one cell. It looks at all of them where somebody has bought since it was last asked, some 30 ms for a million. first is the day of the first purchase of all.
func (c *Customers) Grid(day btyd.Day) (counts [rfm.Levels][rfm.Levels]uint32, first btyd.Day) {
	content := c.Content()
	if g := c.grid.Load(); g != nil && g.content == content && g.day == day {
		return g.counts, g.first
	}
	g := &grid{content: content, day: day, first: never}
	cuts := c.table.Cuts(0)
	for contact := range uint32(c.words.Len() / stride) {
		if r, ok := c.head(contact); ok {
			s := c.rules.ScoreBy(&cuts, r.values(), max(day, r.key.Last))
			g.counts[s.R-1][s.F-1]++
			g.first = min(g.first, r.key.First)
		}
	}
	if c.Content() == content {
		c.grid.Store(g)
	}
	return g.counts, g.first
}
