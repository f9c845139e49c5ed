package demand

import (
	"cmp"
	"io"
	"slices"

	"orrery/models/pershop"
	"orrery/models/slab"
	"orrery/recommend/neighbours"
	"orrery/recommend/next"
	"orrery/recommend/quality"
)

// meters is the live quality of frames, of all shops and by shop, and the writer's scratch for it.
type meters struct {
	next   *quality.Meter
	viewed *quality.Meter
	shops  ShopMeters
	near   []neighbours.Neighbour
	shown  []uint32
}

// ShopMeters is the quality of the frames of every shop with a sample.
type ShopMeters struct{ pershop.Table[pairOfMeters] }

type pairOfMeters struct{ next, viewed *quality.Meter }

func newPairOfMeters() *pairOfMeters { return &pairOfMeters{quality.NewSmall(), quality.NewSmall()} }

// Bytes returns the memory held.
func (s *ShopMeters) Bytes() (n uint64) {
	for _, m := range s.All() {
		if m != nil {
			n += m.next.Bytes() + m.viewed.Bytes()
		}
	}
	return n
}

// Freeze returns the figures of this moment for a snapshot.
func (s *ShopMeters) Freeze() *slab.Parts {
	parts := []io.WriterTo{slab.Numbers{s.Known()}}
	for shop, m := range s.All() {
		if m != nil {
			parts = append(parts, slab.Numbers{uint64(shop)}, m.next.Freeze(), m.viewed.Freeze())
		}
	}
	return slab.Join(parts...)
}

// ReadFrom replaces the figures by what Freeze wrote.
func (s *ShopMeters) ReadFrom(r io.Reader) (int64, error) {
	return 0, pershop.Each(r, func(shop uint32) error {
		m := newPairOfMeters()
		s.Put(shop, m)
		_, err := slab.ReadAll(r, m.next, m.viewed)
		return err
	})
}

func newMeters() meters { return meters{next: quality.New(), viewed: quality.New()} }

// measure notes what the frames would have shown before a sampled click on item. It runs before the click is counted.
func (d *Demand) measure(s next.Sample, x *Interaction) {
	if len(s.Clicks) == 0 {
		return
	}
	m, t := &d.meters, x.Time
	shop := m.shops.Get(x.shop, newPairOfMeters)
	m.shown = d.models.Next.Shown(m.shown[:0], quality.K)
	m.next.Add(t, s.Rank, m.shown)
	shop.next.Add(t, s.Rank, d.ordinals(m.shown))
	last := s.Clicks[len(s.Clicks)-1]
	var p neighbours.Pairs
	m.near, p = d.models.Viewed.Read(m.near[:0], x.shop, last, t)
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
	rank := slices.Index(m.shown, x.Item) + 1
	m.viewed.Add(t, rank, m.shown)
	shop.viewed.Add(t, rank, d.ordinals(m.shown))
}

// ordinals makes of products, which it writes over, what a shop's meter knows them by.
func (d *Demand) ordinals(products []uint32) []uint32 {
	for i, item := range products {
		products[i] = d.models.Ordinals.Of(item)
	}
	return products
}

// Meters returns the quality of "next" and of "viewed together", sections of their own.
func (d *Demand) Meters() (next, viewed *quality.Meter) { return d.meters.next, d.meters.viewed }

// MetersOf returns those of a shop. Any goroutine may call it.
func (d *Demand) MetersOf(shop uint32) (next, viewed *quality.Meter) {
	m := d.meters.shops.Find(shop)
	if m == nil {
		m = noMeters
	}
	return m.next, m.viewed
}

// ShopMeters returns those of all shops, as a section of snapshots.
func (d *Demand) ShopMeters() *ShopMeters { return &d.meters.shops }

// noMeters are of a shop without samples.
var noMeters = newPairOfMeters()
