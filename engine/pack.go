package engine

import (
	"math"

	"orrery/churn/intent"
	"orrery/models/pool"
)

// What is kept of a forecast until its outcome is known is packed: it is kept for many at a time, and the last digits of an
// input teach nothing.

// packLogit keeps a probability in 16 bits, its log-odds to 1/2730.
func packLogit(p float64) uint64 {
	return uint64(math.Round((min(12, max(-12, intent.Logit(p))) + 12) * (65535. / 24)))
}

func unpackLogit(w uint64) float64 { return intent.Sigmoid(float64(uint16(w))*(24./65535) - 12) }

// packInput keeps an input in 8 bits, in steps of 1/32 from -2 to almost 6.
func packInput(x float64) uint64 { return uint64(math.Round((min(5.96875, max(-2, x)) + 2) * 32)) }

func unpackInput(w uint64) float64 { return float64(uint8(w))/32 - 2 }

// rounded is what is left of inputs when they have been packed: a forecast is made of these, so that what is learned is
// what was said.
func rounded(x []float64) {
	for i, v := range x {
		x[i] = unpackInput(packInput(v))
	}
}

// packInputs writes inputs to a record of a pool, eight to a word.
func packInputs(p *pool.Pool, record uint32, word uint64, x []float64) {
	for i := 0; i < len(x); i += 8 {
		var w uint64
		for k, v := range x[i:min(i+8, len(x))] {
			w |= packInput(v) << (8 * k)
		}
		p.Set(record, word+uint64(i/8), w)
	}
}

func unpackInputs(p *pool.Pool, record uint32, word uint64, x []float64) {
	for i := range x {
		x[i] = unpackInput(p.Get(record, word+uint64(i/8)) >> (i % 8 * 8))
	}
}

// packLong keeps a non-negative number, such as of minutes, in 8 bits, to 6 %: 0 for none (negative), 1 for 0, 255 for
// five million and more.
func packLong(x float64) uint64 {
	if x < 0 {
		return 0
	}
	return uint64(min(255, 1+math.Round(math.Log1p(x)*longStep)))
}

const longStep = 16.4

func unpackLong(w uint64) float64 {
	if uint8(w) == 0 {
		return -1
	}
	return math.Expm1(float64(uint8(w)-1) / longStep)
}

// packMoney keeps a non-negative amount in 16 bits, to 0.2 %: a float32 less its sign and the last 15 digits.
func packMoney(x float64) uint64 {
	return uint64(min(math.Float32bits(float32(max(0, x)))+1<<14, math.MaxInt32) >> 15)
}

func unpackMoney(w uint64) float64 { return float64(math.Float32frombits(uint32(uint16(w)) << 15)) }
