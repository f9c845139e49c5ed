package intent

import (
	"math"

	"orrery/models/pool"
)

// What is kept of a forecast until its outcome is known is packed: it is kept for many at a time, and the last digits of an
// input teach nothing.

// PackLogit keeps a probability in 16 bits, its log-odds to 1/2730.
func PackLogit(p float64) uint64 {
	return uint64(math.Round((min(12, max(-12, Logit(p))) + 12) * (65535. / 24)))
}

func UnpackLogit(w uint64) float64 { return Sigmoid(float64(uint16(w))*(24./65535) - 12) }

// packInput keeps an input in 8 bits, in steps of 1/32 from -2 to almost 6.
func packInput(x float64) uint64 { return uint64(math.Round((min(5.96875, max(-2, x)) + 2) * 32)) }

func unpackInput(w uint64) float64 { return float64(uint8(w))/32 - 2 }

// Rounded is what is left of inputs when they have been packed: a forecast is made of these, so that what is learned is
// what was said.
func Rounded(x []float64) {
	for i, v := range x {
		x[i] = unpackInput(packInput(v))
	}
}

// PackInputs writes inputs to a record of a pool, eight to a word.
func PackInputs(p *pool.Pool, record uint32, word uint64, x []float64) {
	for i := 0; i < len(x); i += 8 {
		var w uint64
		for k, v := range x[i:min(i+8, len(x))] {
			w |= packInput(v) << (8 * k)
		}
		p.Set(record, word+uint64(i/8), w)
	}
}

func UnpackInputs(p *pool.Pool, record uint32, word uint64, x []float64) {
	for i := range x {
		x[i] = unpackInput(p.Get(record, word+uint64(i/8)) >> (i % 8 * 8))
	}
}
