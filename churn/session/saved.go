package session

import (
	"fmt"
	"io"

	"orrery/models"
	"orrery/models/pershop"
	"orrery/models/pool"
	"orrery/models/slab"
	"orrery/models/wheel"
)

// Version is that of the layout that Freeze writes.
const Version = 13

// Freeze returns the state of this moment for a snapshot.
func (in *Intents) Freeze() *slab.Parts {
	parts := []io.WriterTo{in.visits.freeze(), in.products.freeze()}
	return slab.Join(append(parts, in.shops.Freeze((*forecaster).freeze)...)...)
}

// ReadVersion replaces the state by what Freeze wrote, in this version or those before, in which all shops had one clock.
func (in *Intents) ReadVersion(r io.Reader, version uint16) error {
	forecasters := uint64(0) // in version 10
	if version >= Version {
		if err := in.visits.read(r); err != nil {
			return err
		}
	} else {
		head := make(slab.Numbers, 1)
		if version == 10 {
			head = make(slab.Numbers, 2)
		}
		if _, err := head.ReadFrom(r); err != nil {
			return err
		}
		if err := in.visits.readShared(r, models.Time(head[0])); err != nil {
			return err
		}
		forecasters = head[len(head)-1]
	}
	if err := in.products.read(r, version); err != nil {
		return err
	}
	if version == 10 {
		return in.shops.Read10(r, forecasters, forecasterWords, thawForecaster)
	}
	return in.shops.Read(r, forecasterWords, thawForecaster)
}

// bytes returns the memory held, but for slots, which is told by itself.
func (v *visits) bytes() uint64 {
	n := v.pool.Bytes() + v.points.Bytes()
	for _, p := range v.paces.All() {
		if p != nil {
			n += p.wheel.Bytes()
		}
	}
	return n
}

func (v *visits) freeze() *slab.Parts {
	parts := []io.WriterTo{
		slab.Numbers{v.lostVisits.Load(), v.lostPoints.Load()}, v.slots.Freeze(), v.pool.Freeze(), v.points.Freeze(), slab.Numbers{v.paces.Known()},
	}
	for shop, p := range v.paces.All() {
		if p == nil {
			continue
		}
		parts = append(parts, slab.Numbers{uint64(shop), uint64(p.clock), p.visits, p.points, uint64(p.wheel.Turn())}, p.wheel.Freeze())
	}
	return slab.Join(parts...)
}

// read replaces the visits by what freeze wrote.
func (v *visits) read(r io.Reader) error {
	lost := make(slab.Numbers, 2)
	if _, err := slab.ReadAll(r, lost, &v.slots, v.pool, v.points); err != nil {
		return err
	}
	v.lostVisits.Store(lost[0])
	v.lostPoints.Store(lost[1])
	return pershop.Each(r, func(shop uint32) error {
		head, p := make(slab.Numbers, 4), v.pace(shop)
		_, err := slab.ReadAll(r, head, p.wheel)
		p.clock, p.visits, p.points = models.Time(head[0]), head[1], head[2]
		p.wheel.SetTurn(int64(head[3]))
		return err
	})
}

// readShared reads what versions up to 12 wrote: visits of five words, and one wheel and one clock for all shops. Each shop goes on from
// that clock with its own visits, in their order.
func (v *visits) readShared(r io.Reader, clock models.Time) error {
	const words = 5
	turn, shared := make(slab.Numbers, 1), pool.New(words, pool.Unbounded)
	all := wheel.New(wheelSize)
	v.start = clock
	if _, err := slab.ReadAll(r, turn, &v.slots, shared, v.points, all); err != nil {
		return err
	}
	v.widen(shared, words)
	all.SetTurn(int64(turn[0]))
	var list []uint32
	var damaged error
	all.Each(func(slot int64, visit uint32) {
		list = list[:0]
		for ; visit != 0 && damaged == nil; visit = uint32(v.get(visit, vstNext)) {
			if list = append(list, visit); uint64(visit) >= v.pool.Records() || uint64(len(list)) > v.pool.Records() {
				damaged = fmt.Errorf("cannot read the running sessions: visit %d is damaged", visit)
			}
		}
		for i := len(list) - 1; i >= 0 && damaged == nil; i-- { // the last one added is the first of its slot
			p := v.pace(uint32(v.get(list[i], vstShop)))
			if p.visits == 0 {
				p.wheel.SetTurn(all.Turn())
			}
			p.visits++
			for point := uint32(v.get(list[i], vstChain)); point != 0 && uint64(point) < v.points.Records(); point = uint32(v.points.Get(point, ptChain) >> 32) {
				if p.points++; p.points > v.points.Records() {
					damaged = fmt.Errorf("cannot read the running sessions: forecast %d is damaged", point)
					break
				}
			}
			v.set(list[i], vstNext, uint64(p.wheel.Add(list[i], slot)))
		}
	})
	return damaged
}

// widen takes visits of so many words, in which what comes next in the wheel and the newest forecast shared a word with other fields.
func (v *visits) widen(from *pool.Pool, words uint64) {
	next, chain := field{1, 45, 19}, field{1, 26, 19}
	v.pool.Fill(from.Records())
	for record := range uint32(from.Records()) {
		for w := range words {
			v.pool.Set(record, w, from.Get(record, w))
		}
		if record == 0 { // of nobody: the first free one, and how many are in use
			continue
		}
		word := from.Get(record, 1)
		v.pool.Set(record, 1, word&^(next.most()<<next.shift|chain.most()<<chain.shift))
		v.set(record, vstNext, word>>next.shift&next.most())
		v.set(record, vstChain, word>>chain.shift&chain.most())
	}
}
