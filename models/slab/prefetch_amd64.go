package slab

// prefetch asks the processor for the cache line at p and does not wait for it.
//
//go:noescape
func prefetch(p *uint64)
