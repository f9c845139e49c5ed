package session

import "slices"

// Popular is the number of items that the list of recently popular items holds.
const Popular = 128

const (
	popularEvery    = 4096 // sessions between two counts
	popularSessions = 2048 // newest blocks counted
)

// countPopular counts the items of the newest blocks and stores the most frequent ones, best first. It takes about
// half a millisecond and runs every 4,096 sessions (at first whenever their number has doubled).
func (x *Index) countPopular() {
	x.meta.Grow(metaWords)
	counts := make(map[uint32]uint32, 4*popularSessions)
	items := make([]uint32, 0, MaxItems)
	newest := uint32(x.meta.Load(metaNumber))
	for back := range min(newest, popularSessions, x.blocks.Load()) {
		items = x.Session(items[:0], newest-back)
		for _, item := range items {
			counts[item]++
		}
	}
	order := make([]uint64, 0, len(counts)) // the complement of the count above the item: ascending is best first
	for item, n := range counts {
		order = append(order, uint64(^n)<<32|uint64(item))
	}
	slices.Sort(order)
	for i := range Popular {
		word := uint64(0)
		if i < len(order) {
			word = order[i]&(1<<32-1) + 1
		}
		x.meta.Set(uint64(metaPopular+i), word)
	}
}

// AppendPopular appends the items that were most frequent in the newest sessions to dst, best first, at most Popular.
func (x *Index) AppendPopular(dst []uint32) []uint32 {
	for i := range x.meta.Len() - metaPopular {
		word := x.meta.Load(metaPopular + i)
		if word == 0 {
			break
		}
		dst = append(dst, uint32(word-1))
	}
	return dst
}
