//go:build !amd64 || race

package slab

import "sync/atomic"

// Store stores v in a word of a block, atomically, and after all that was stored before.
func Store(word *uint64, v uint64) { atomic.StoreUint64(word, v) }
