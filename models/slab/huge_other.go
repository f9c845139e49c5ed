//go:build !linux

package slab

// Huge asks the kernel to back memory with large pages, where Orrery knows how to.
func Huge[T any](memory []T) {}
