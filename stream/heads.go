package stream

import (
	"sync/atomic"

	"orrery/models"
)

// heads is how far a log has been written, fetched and taken, by partition. It is what those who fetch, list and take tell each other.
type heads struct {
	next []atomic.Int64 // taken: stored by whoever takes, after each batch

	// Of the fetcher and the follower.
	warnings models.WarningCounts // of the events read since the start
	end      []atomic.Int64       // of what may be read; only grows
	high     []atomic.Int64       // of all that is written, what open transactions hold back included
	fetched  atomic.Int64

	misplaced atomic.Uint64 // records in other partitions than their persons'

	// Between the two: a partition that ought to deliver and does not, and the offset that reading may go on from there.
	silent []atomic.Bool
	skip   []atomic.Int64
	look   chan struct{} // capacity 1: there is a silent partition
}

func (h *heads) init(ends []int64) {
	n := len(ends)
	h.next = make([]atomic.Int64, n)
	h.end, h.high = make([]atomic.Int64, n), make([]atomic.Int64, n)
	h.silent, h.skip = make([]atomic.Bool, n), make([]atomic.Int64, n)
	h.look = make(chan struct{}, 1)
	for i, end := range ends {
		h.end[i].Store(end)
		h.high[i].Store(end)
	}
}

// ask has the follower look why partition i delivers nothing.
func (h *heads) ask(i int) {
	h.silent[i].Store(true)
	select {
	case h.look <- struct{}{}:
	default:
	}
}

// ended notes an end of partition i that a fetch or a listing has seen.
func (h *heads) ended(i int, end int64) {
	for {
		old := h.end[i].Load()
		if end <= old || h.end[i].CompareAndSwap(old, end) {
			return
		}
	}
}
