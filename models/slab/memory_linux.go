//go:build linux && !race

package slab

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// memory is where an array lies: in Go's heap while it is small, then in an address range that is reserved for as much as
// an array may ever hold, so that it grows where it is. Pages of the range take memory when they are first written to, and
// are huge ones where the kernel gives them: see huge.
type memory struct {
	lease *lease
	heap  bool // the range cannot be had, or has become too small: the array stays in Go's heap
}

// lease is the use of a range. When nobody holds it any more the range's memory goes back to the kernel, and the range
// waits for whoever needs one next: it is never unmapped, so that a block that outlives its array is a bug and no crash.
type lease struct{ *addresses }

// addresses is a range.
type addresses struct {
	raw  []byte
	open int // bytes of raw that may be touched; the rest is to be opened as the array grows
}

const (
	// rangeBytes is the size of a range: 512 million visitors. Address space has room for 4,000 ranges.
	rangeBytes = 32 << 30
	// openBytes is what a range is opened by, or a sixteenth of what is open where that is more.
	openBytes = hugePage
)

// idle are the ranges that nobody holds.
var idle struct {
	sync.Mutex
	ranges []*addresses
}

var mappedBytes atomic.Int64

// Mapped returns the bytes of all arrays that lie outside of Go's heap, which no memory limit of the runtime knows of.
func Mapped() int64 { return mappedBytes.Load() }

// grow returns the words in an array of n of them, whole pages; the new ones are zero.
func (m *memory) grow(words []uint64, n int) []uint64 {
	switch {
	case m.heap || m.lease == nil && 8*n <= smallBytes:
		return larger(words, n)
	case m.lease == nil:
		if m.lease = reserve(); m.lease != nil && m.lease.expose(8*n) {
			copy(m.lease.words(n), words)
			return m.lease.words(n)
		}
	case m.lease.expose(8 * n):
		return m.lease.words(n)
	}
	m.heap = true
	return larger(words, n)
}

// words returns the first n words of the range.
func (a *addresses) words(n int) []uint64 {
	return unsafe.Slice((*uint64)(unsafe.Pointer(&a.raw[0])), n)
}

// expose opens the range for so many bytes, and tells whether that is possible.
func (a *addresses) expose(bytes int) bool {
	if bytes <= a.open {
		return true
	}
	if bytes > len(a.raw) {
		return false
	}
	to := max(bytes, a.open+a.open/16)
	to = min((to+openBytes-1)/openBytes*openBytes, len(a.raw))
	if syscall.Mprotect(a.raw[a.open:to], syscall.PROT_READ|syscall.PROT_WRITE) != nil {
		return false
	}
	mappedBytes.Add(int64(to - a.open))
	a.open = to
	return true
}

// reserve returns the use of a range, nil where the kernel gives none.
func reserve() *lease {
	idle.Lock()
	defer idle.Unlock()
	var a *addresses
	if last := len(idle.ranges) - 1; last >= 0 {
		a, idle.ranges = idle.ranges[last], idle.ranges[:last]
		mappedBytes.Add(int64(a.open))
	} else {
		raw, err := syscall.Mmap(-1, 0, rangeBytes+hugePage, syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
		if err != nil {
			return nil
		}
		skip := int(-uintptr(unsafe.Pointer(&raw[0])) % hugePage)
		a = &addresses{raw: raw[skip : skip+rangeBytes]}
		huge(a.raw)
	}
	l := &lease{a}
	runtime.AddCleanup(l, release, a)
	return l
}

// release takes a range back.
func release(a *addresses) {
	if syscall.Madvise(a.raw[:a.open], syscall.MADV_DONTNEED) != nil {
		return // what is not empty cannot be used again
	}
	mappedBytes.Add(-int64(a.open))
	idle.Lock()
	defer idle.Unlock()
	idle.ranges = append(idle.ranges, a)
}
