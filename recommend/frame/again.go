package frame

import (
	"math"

	"orrery/models"
	"orrery/recommend/recent"
)

// A product's frame that its neighbour lists fill is the same for everybody. It is kept with a hash of the lists that it
// was made from and given again while that stays the same: so a pair that is counted shows at once, as ever. How often
// each of a pair's products was seen by itself goes into the rank as well, and is not looked at again for keepFor.
const (
	keepFor     = 5 * models.Second
	keepFrames  = 1 << 14
	keepSlots   = 12 // of the longest frame that is kept
	keepSteps   = 6  // eight bits each of a word, after the number of steps
	keepWords   = 2 + 2*keepSlots
	questionOf  = 0x9e3779b97f4a7c15
	excludeMark = 1 << 32
)

// NewRecent returns memory for the frames that many visitors ask for: up to 4 MB.
func NewRecent() *recent.Table { return recent.New(keepFrames, keepWords) }

// shared tells whether a step depends on nothing but the lists of the product asked about.
func (s Step) shared() bool { return s.Recipe == ViewedTogether || s.Recipe == BoughtAfterViewing }

// question returns the hash of what is asked, 0 where answers are not kept.
func (a *Answerer) question(f *Frame) uint64 {
	if len(a.products) != 1 || a.n > keepSlots || len(f.Steps) == 0 || !f.Steps[0].shared() {
		return 0
	}
	h := recent.Mix(questionOf, uint64(a.shop)<<32|uint64(a.products[0]))
	h = recent.Mix(h, f.hash<<8|uint64(a.n))
	for _, x := range a.c.exclude {
		h = recent.Mix(h, uint64(x)|excludeMark)
	}
	return max(h, 1)
}

// stamp adds the list that a step reads to a hash.
func (a *Answerer) stamp(h uint64, s Step) uint64 {
	switch {
	case len(a.products) != 1:
		return h
	case s.Recipe == ViewedTogether:
		return recent.Mix(h, a.m.Viewed.Stamp(a.products[0]))
	case s.Recipe == BoughtAfterViewing:
		return recent.Mix(h, a.m.After.Stamp(a.products[0]))
	}
	return h
}

// again fills a.slots with what the same question got a moment ago, if it holds.
func (a *Answerer) again(f *Frame, key uint64) bool {
	kept, at, ok := a.m.Recent.Get(a.kept[:0], key)
	a.kept = kept
	if age := a.q.Now - at; !ok || len(kept) < 2 || age < 0 || age >= keepFor {
		return false
	}
	steps := int(kept[1] & 0xff)
	stamp := uint64(0)
	for _, s := range f.Steps[:min(steps, len(f.Steps))] {
		stamp = a.stamp(stamp, s)
	}
	if kept[0] != stamp {
		return false
	}
	slots := kept[2:]
	for step := range steps {
		for range kept[1] >> (8 * (step + 1)) & 0xff {
			s := slot{candidate{
				item: uint32(slots[0] >> 32), score: math.Float32frombits(uint32(slots[0])),
				from: a.products[0], count: math.Float32frombits(uint32(slots[1] >> 32)), stat: math.Float32frombits(uint32(slots[1])),
			}, step}
			if !a.c.allowed(s.item) { // what was in stock then may not be now
				a.slots = a.slots[:0]
				return false
			}
			a.slots, slots = append(a.slots, s), slots[2:]
		}
	}
	return true
}

// keep remembers a.slots, if all the steps that filled them are shared.
func (a *Answerer) keep(f *Frame, key uint64, steps int, stamp uint64) {
	if steps > keepSteps || a.cut {
		return
	}
	for _, s := range f.Steps[:steps] {
		if !s.shared() {
			return
		}
	}
	a.kept = append(a.kept[:0], stamp, uint64(steps))
	for i := range a.slots {
		s := &a.slots[i]
		a.kept[1] += 1 << (8 * (s.step + 1))
		a.kept = append(a.kept, uint64(s.item)<<32|uint64(math.Float32bits(s.score)),
			uint64(math.Float32bits(s.count))<<32|uint64(math.Float32bits(s.stat)))
	}
	a.m.Recent.Put(key, a.q.Now, a.kept)
}
