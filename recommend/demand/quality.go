package demand

import (
	"cmp"
	"slices"

	"orrery/models"
	"orrery/recommend/neighbours"
	"orrery/recommend/next"
	"orrery/recommend/quality"
)

// meters is the live quality of frames, and the writer's scratch for it.
type meters struct {
	next   *quality.Meter
	viewed *quality.Meter
	near   []neighbours.Neighbour
	shown  []uint32
}

func newMeters() meters { return meters{next: quality.New(), viewed: quality.New()} }

// measure notes what the frames would have shown before a sampled click on item. It runs before the click is counted.
func (d *Demand) measure(s next.Sample, item uint32, t models.Time) {
	if len(s.Clicks) == 0 {
		return
	}
	m := &d.meters
	m.shown = d.models.Next.Shown(m.shown[:0], quality.K)
	m.next.Add(t, s.Rank, m.shown)
	last := s.Clicks[len(s.Clicks)-1]
	var p neighbours.Pairs
	m.near, p = d.models.Viewed.Read(m.near[:0], last, t)
	slices.SortFunc(m.near, func(a, b neighbours.Neighbour) int {
		return cmp.Or(
			cmp.Compare(neighbours.Cosine(b.Count, p.Left, b.Right), neighbours.Cosine(a.Count, p.Left, a.Right)),
			cmp.Compare(a.Item, b.Item),
		)
	})
	m.shown = m.shown[:0]
	for _, n := range m.near[:min(quality.K, len(m.near))] {
		m.shown = append(m.shown, n.Item)
	}
	m.viewed.Add(t, slices.Index(m.shown, item)+1, m.shown)
}

// Meters returns the quality of "next" and of "viewed together", sections of their own.
func (d *Demand) Meters() (next, viewed *quality.Meter) { return d.meters.next, d.meters.viewed }
