package session

import "math"

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
