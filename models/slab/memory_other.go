//go:build !linux || race

package slab

// memory is where an array lies: in Go's heap. The race detector sees accesses there only.
type memory struct{}

// Mapped returns the bytes of all arrays that lie outside of Go's heap.
func Mapped() int64 { return 0 }

// grow returns the words in an array of n of them, whole pages; the new ones are zero.
func (m *memory) grow(words []uint64, n int) []uint64 { return larger(words, n) }
