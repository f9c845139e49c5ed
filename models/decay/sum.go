package decay

import (
	"math"

	"orrery/models"
)

// Sum is a fading count: float32 value<<32 | the second, since 1970, that the value is of. The zero Sum is empty. It is
// one word, so that a reader never sees a value with another one's moment.
type Sum uint64

// HalfLife is how long it takes a Sum to halve. 0: it does not fade.
type HalfLife models.Time

func makeSum(value float32, second uint32) Sum {
	return Sum(uint64(math.Float32bits(value))<<32 | uint64(second))
}

func (s Sum) value() float32 { return math.Float32frombits(uint32(s >> 32)) }

func (s Sum) second() uint32 { return uint32(s) }

// Add returns s with an event of moment t in it.
func (h HalfLife) Add(s Sum, t models.Time) Sum {
	at := t.Seconds()
	if at > s.second() {
		return makeSum(s.value()*h.fade(s.second(), at)+1, at)
	}
	return makeSum(s.value()+h.fade(at, s.second()), s.second())
}

// Take returns s without an event of moment t that is in it; what rounding would leave of nothing is nothing.
func (h HalfLife) Take(s Sum, t models.Time) Sum {
	w := h.fade(t.Seconds(), s.second())
	if left := s.value() - w; left > w*1e-4 {
		return makeSum(left, s.second())
	}
	return 0
}

// Join returns the events of both in one.
func (h HalfLife) Join(a, b Sum) Sum {
	if a.second() < b.second() {
		a, b = b, a
	}
	if b == 0 {
		return a
	}
	return makeSum(a.value()+b.value()*h.fade(b.second(), a.second()), a.second())
}

// At returns what s is worth at moment now; before the newest event it is what it is worth at that event.
func (h HalfLife) At(s Sum, now models.Time) float32 {
	return s.value() * h.fade(s.second(), now.Seconds())
}

// Settle returns what s is worth at moment now as a sum of that moment, from which on another half-life may hold.
func (h HalfLife) Settle(s Sum, now models.Time) Sum {
	if s == 0 {
		return 0
	}
	return makeSum(h.At(s, now), max(s.second(), now.Seconds()))
}

// fade returns what is left at one second of an event of an earlier one.
func (h HalfLife) fade(from, to uint32) float32 {
	if h <= 0 || to <= from {
		return 1
	}
	return float32(math.Exp2(-float64(to-from) * float64(models.Second) / float64(h)))
}

// ranked is the time that ranks span, from 2000-01-01 on: a century.
const ranked = 36525 * models.Day

// Rank returns a number that orders sums of one half-life by what they are worth at any one moment, so that sums compare
// though none of them is touched: the logarithm of the forward-decayed weight, in 32 bits over a century of half-lives.
// Sums of equal rank differ by 2.4e-5 of their worth at most with a half-life of six hours, by less with a longer one.
// Without decay it is the count itself.
func (h HalfLife) Rank(s Sum) uint32 {
	v := float64(s.value())
	if v <= 0 {
		return 0
	}
	if h <= 0 {
		return uint32(min(v, math.MaxUint32))
	}
	life := float64(h)
	age := float64(models.Time(s.second())*models.Second-models.MinTime) / life
	rank := (math.Log2(v) + age) * life * (1 << 32) / float64(ranked)
	return uint32(min(1+max(0, rank), math.MaxUint32)) // 0 is the empty sum's
}
