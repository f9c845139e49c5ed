package slab

const (
	hugePage = 2 << 20
	// minBlock is what an array grows by once it is large: two huge pages, so that at least one of them lies within,
	// wherever the heap puts the block; later it grows by an eighth, up to maxBlock, of which nearly all are huge pages.
	// Pages that nobody has written to take no memory.
	minBlock = 2 * hugePage
	maxBlock = 16 * hugePage
	// smallBytes is the size up to which words lie in Go's heap and double, and text grows by single chunks. Most arrays of
	// most shops stay below.
	smallBytes = 1 << 20
)

// store hands out chunks of memory of type T, a power of two of bytes.
type store[T any] struct{ spare []T }

// next returns a chunk of zeros for an array that holds so many, each of size bytes.
func (s *store[T]) next(held, size int) *T {
	if held*size < smallBytes {
		return new(T)
	}
	if len(s.spare) == 0 {
		block := minBlock
		for block < maxBlock && 16*block <= held*size {
			block *= 2
		}
		s.spare = make([]T, block/size)
		huge(s.spare)
	}
	c := &s.spare[0]
	s.spare = s.spare[1:]
	return c
}
