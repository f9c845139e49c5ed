package neighbours

import "math"

// Cosine returns the cosine of two products' basket vectors: count/sqrt(left*right), 0 where a side is empty.
func Cosine(count, left, right float32) float32 {
	if left <= 0 || right <= 0 {
		return 0
	}
	return count / float32(math.Sqrt(float64(left)*float64(right)))
}

// LLR returns Dunning's log-likelihood ratio of a pair (Dunning, "Accurate methods for the statistics of surprise and
// coincidence", Computational Linguistics 19(1), 1993): how surprising count common baskets are, given left and right
// baskets of the two sides among total ones. It is 0 where the pair is rarer than chance. Fading counts may disagree a
// little; what would be negative is taken as 0.
func LLR(count, left, right, total float32) float32 {
	k11, row, col := float64(count), float64(max(left, count)), float64(max(right, count))
	n := math.Max(float64(total), row+col-k11)
	if k11 <= 0 || k11*n <= row*col {
		return 0
	}
	k12, k21, k22 := row-k11, col-k11, n-row-col+k11
	h := xlogx(k11) + xlogx(k12) + xlogx(k21) + xlogx(k22)
	rows, cols := xlogx(row)+xlogx(n-row), xlogx(col)+xlogx(n-col)
	return float32(2 * max(0, h+xlogx(n)-rows-cols)) // rounding may go below 0
}

func xlogx(x float64) float64 {
	if x <= 0 {
		return 0
	}
	return x * math.Log(x)
}
