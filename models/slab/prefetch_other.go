//go:build !amd64

package slab

// prefetch would ask the processor for the cache line at p; Go has no means to.
func prefetch(p *uint64) {}
