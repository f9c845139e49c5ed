//go:build !linux

package slab

// huge asks the kernel to back memory with large pages, where Orrery knows how to.
func huge[T any](memory []T) {}
