package load

import (
	"math/rand/v2"
	"time"
)

// schedule says when requests are due, in nanoseconds after the beginning. A closed loop has none.
type schedule struct {
	step    float64
	poisson *rand.Rand // nil: at equal distances
	next    float64
	n       uint64
}

func newSchedule(c Config) *schedule {
	if c.Rate <= 0 {
		return nil
	}
	s := &schedule{step: float64(time.Second) / c.Rate}
	if c.Poisson {
		s.poisson = rand.New(rand.NewPCG(c.Seed, 0x6c6f6f70))
		s.next = s.step * s.poisson.ExpFloat64()
	}
	return s
}

// due is when the next request is.
func (s *schedule) due() int64 { return int64(s.next) }

// pass moves on to the request after it.
func (s *schedule) pass() {
	s.n++
	if s.poisson != nil {
		s.next += s.step * s.poisson.ExpFloat64()
		return
	}
	s.next = float64(s.n) * s.step // no rounding adds up
}
