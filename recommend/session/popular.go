package session

import "slices"

// Popular is the number of items that the list of recently popular items holds.
const Popular = 128

const (
	popularEvery    = 1024 // sessions between two counts
	popularSessions = 4096 // newest blocks counted
)

// countPopular counts the items of the newest blocks and stores the most frequent ones, best first. It takes about
// 300 us and runs every 1,024 sessions (at first whenever their number has doubled).
func (x *Index) countPopular() {
	counts := map[uint32]int{}
	var items [MaxItems]uint32
	newest := uint32(x.meta.Load(metaNumber))
	for back := range min(newest, popularSessions, x.blocks) {
		number := newest - back
		// A continuation counts twice, with its head and by itself; what is popular does not turn on it.
		for _, item := range items[:x.read(number, &items)] {
			counts[item]++
		}
	}
	order := make([]uint32, 0, len(counts))
	for item := range counts {
		order = append(order, item)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return int(a) - int(b)
	})
	for i := range Popular {
		word := uint64(0)
		if i < len(order) {
			word = uint64(order[i]) + 1
		}
		x.meta.Set(uint64(metaPopular+i), word)
	}
}

// AppendPopular appends the items that were most frequent in the newest sessions to dst, best first, at most Popular.
func (x *Index) AppendPopular(dst []uint32) []uint32 {
	for i := range uint64(Popular) {
		word := x.meta.Load(metaPopular + i)
		if word == 0 {
			break
		}
		dst = append(dst, uint32(word-1))
	}
	return dst
}
