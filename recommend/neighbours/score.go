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
//
// Each cell adds k ln(k/E), with E what chance lets expect: four logarithms, and no difference of large numbers.
func LLR(count, left, right, total float32) float32 {
	k11, row, col := float64(count), float64(max(left, count)), float64(max(right, count))
	n := max(float64(total), row+col-k11)
	if k11 <= 0 || k11*n <= row*col {
		return 0
	}
	k12, k21 := row-k11, col-k11
	k22 := n - row - k21
	h := cell(k11, row, col, n) + cell(k12, row, k12+k22, n) + cell(k21, k21+k22, col, n) + cell(k22, k21+k22, k12+k22, n)
	return float32(2 * max(0, h)) // rounding may go below 0
}

// cell returns k ln(k/E) of a cell of the table with these sums of its row and its column.
func cell(k, row, col, n float64) float64 {
	if k <= 0 {
		return 0
	}
	return k * math.Log(k*n/(row*col))
}

// LLRAtMost returns a bound that LLR of the same figures does not pass, without a logarithm: who looks for the best of
// many pairs need not compute most of them.
//
// With d = k11 - E11 > 0, the mixed cells add less than nothing, and ln x <= x-1 makes the last one at most d + d^2/E22.
func LLRAtMost(count, left, right, total float32) float32 {
	k11, row, col := float64(count), float64(max(left, count)), float64(max(right, count))
	n := max(float64(total), row+col-k11)
	if k11 <= 0 || k11*n <= row*col {
		return 0
	}
	e11 := row * col / n
	d, e22 := k11-e11, n-row-col+e11
	if e22 <= 0 {
		return math.MaxFloat32
	}
	bound := 2.00001*(k11*logAtMost(k11/e11)+d+d*d/e22) + 1e-12*n // and what LLR may round up
	return float32(min(bound, math.MaxFloat32))
}

// logAtMost returns a bound of the logarithm of x >= 1, 0.06 too large at most: log2(1+m) <= m + 0.0861 for the fraction m
// that a floating-point number stores beside its exponent.
func logAtMost(x float64) float64 {
	bits := math.Float64bits(x)
	return math.Ln2 * (float64(int(bits>>52)-1023) + float64(bits&(1<<52-1))/(1<<52) + 0.0861)
}
