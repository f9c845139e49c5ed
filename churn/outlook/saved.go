package outlook

import (
	"fmt"
	"io"

	"orrery/models/pershop"
	"orrery/models/slab"
	"orrery/models/wheel"
)

// Version is that of the layout that Freeze writes.
const Version = 13

// Bytes returns the memory held: a shop takes up to 16 KiB for the times of its forecasts that are pending.
func (h *Outlooks) Bytes() uint64 {
	n := h.pool.Bytes() + h.held.Bytes() + h.shops.Known()*uint64(2*foresightWords*8)
	for _, p := range h.paces.All() {
		if p != nil {
			n += p.wheel.Bytes()
		}
	}
	return n
}

// Freeze returns the state of this moment for a snapshot.
func (h *Outlooks) Freeze() *slab.Parts {
	parts := []io.WriterTo{slab.Numbers{h.lost.Load()}, h.pool.Freeze(), h.held.Freeze(), slab.Numbers{h.paces.Known()}}
	for shop, p := range h.paces.All() {
		if p != nil {
			parts = append(parts, slab.Numbers{uint64(shop), p.pending, uint64(p.wheel.Turn())}, p.wheel.Freeze())
		}
	}
	return slab.Join(append(parts, h.shops.Freeze((*model).freeze)...)...)
}

// ReadVersion replaces the state by what Freeze wrote, in this version or those before, in which all shops had one clock.
func (h *Outlooks) ReadVersion(r io.Reader, version uint16) error {
	if version < Version {
		return h.readShared(r, version)
	}
	lost := make(slab.Numbers, 1)
	if _, err := slab.ReadAll(r, lost, h.pool, &h.held); err != nil {
		return err
	}
	h.lost.Store(lost[0])
	err := pershop.Each(r, func(shop uint32) error {
		head := make(slab.Numbers, 2)
		p := &pace{wheel: wheel.NewSparse(horizonWheel)}
		h.paces.Put(shop, p)
		_, err := slab.ReadAll(r, head, p.wheel)
		p.pending = head[0]
		p.wheel.SetTurn(int64(head[1]))
		return err
	})
	if err != nil {
		return err
	}
	return h.shops.Read(r, foresightWords, thawForesight)
}

// readShared reads what versions up to 12 wrote: one wheel for all shops. Each shop goes on with its own forecasts, in their order.
func (h *Outlooks) readShared(r io.Reader, version uint16) error {
	head, all := make(slab.Numbers, 1), wheel.New(horizonWheel)
	if version == 10 { // its second is the number of shops
		head = make(slab.Numbers, 2)
	}
	if _, err := slab.ReadAll(r, head, h.pool, &h.held, all); err != nil {
		return err
	}
	all.SetTurn(int64(head[0]))
	var list []uint32
	var damaged error
	all.Each(func(slot int64, at uint32) {
		list = list[:0]
		for ; at != 0 && damaged == nil; at = uint32(h.pool.Get(at, hzWho)) {
			if list = append(list, at); uint64(at) >= h.pool.Records() || uint64(len(list)) > h.pool.Records() {
				damaged = fmt.Errorf("cannot read the purchase outlooks: forecast %d is damaged", at)
			}
		}
		for i := len(list) - 1; i >= 0 && damaged == nil; i-- { // the last one added is the first of its slot
			at := list[i]
			p := h.paces.Get(uint32(h.pool.Get(at, hzWhen))>>8, func() *pace {
				p := &pace{wheel: wheel.NewSparse(horizonWheel)}
				p.wheel.SetTurn(all.Turn())
				return p
			})
			p.pending++
			h.pool.Set(at, hzWho, h.pool.Get(at, hzWho)&^0xffffffff|uint64(p.wheel.Add(at, slot)))
		}
	})
	if damaged != nil {
		return damaged
	}
	if version == 10 {
		return h.shops.Read10(r, head[1], foresightWords, thawForesight)
	}
	return h.shops.Read(r, foresightWords, thawForesight)
}
