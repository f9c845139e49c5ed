package serve

import (
	"sync/atomic"

	"orrery/models"
)

// recommendationIDs makes the ids of answered frames: "r-" and 20 digits of Crockford's base 32, ten of the time in
// milliseconds, five of a counter, five of the process's random seed. They sort by time and, within a process, by order of
// answer; two processes collide only where seed, millisecond and counter agree.
type recommendationIDs struct {
	counter atomic.Uint32
	seed    uint32
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func (r *recommendationIDs) append(dst []byte, now models.Time) []byte {
	dst = append(dst, 'r', '-')
	dst = appendBase32(dst, uint64(max(now, 0)), 10)
	dst = appendBase32(dst, uint64(r.counter.Add(1)), 5)
	return appendBase32(dst, uint64(r.seed), 5)
}

// appendBase32 appends the lowest digits of n.
func appendBase32(dst []byte, n uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, crockford[n>>(5*i)&31])
	}
	return dst
}
