//go:build amd64 && !race

package slab

// Store stores v in a word of a block, atomically, and after all that was stored before. The processor's plain store is
// both; sync/atomic's waits until all others see it too, which nobody here asks for and which takes as long as a dozen
// loads. It is a call so that the compiler leaves stores where they are.
//
//go:noinline
func Store(word *uint64, v uint64) { *word = v }
