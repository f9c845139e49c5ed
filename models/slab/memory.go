package slab

// larger returns the words in an array of Go's heap of at least n; the new ones are zero.
func larger(words []uint64, n int) []uint64 {
	if n <= cap(words) {
		return words[:n]
	}
	bigger := make([]uint64, n, max(n, 2*cap(words)))
	copy(bigger, words)
	return bigger
}
