package vector

import "math"

// Mul32 adds the product of x, a row, with the matrix of len(x) rows to y: y[j] += sum_i x[i] rows[i][j]. rows is as long
// as x.
func Mul32(x []float32, rows [][32]float32, y *[32]float32) {
	if len(rows) != len(x) {
		panic("BUG: vector: a matrix of another height")
	}
	if len(x) == 0 {
		return
	}
	if fast {
		mul32(&x[0], len(x), &rows[0], y)
		return
	}
	for i, a := range x {
		for j := range y {
			y[j] += a * rows[i][j]
		}
	}
}

// Outer32 adds the outer product of x and y to the matrix of len(x) rows: rows[i][j] += x[i] y[j].
func Outer32(x []float32, y *[32]float32, rows [][32]float32) {
	if len(rows) != len(x) {
		panic("BUG: vector: a matrix of another height")
	}
	if len(x) == 0 {
		return
	}
	if fast {
		outer32(&x[0], len(x), y, &rows[0])
		return
	}
	for i, a := range x {
		for j := range y {
			rows[i][j] += a * y[j]
		}
	}
}

// Adagrad takes a step of w against its gradient g: sums, which must be above zero, gain the squares of g, and w loses
// rate g / sqrt(sums).
func Adagrad(w, g, sums []float32, rate float32) {
	g, sums = g[:len(w)], sums[:len(w)]
	i := 0
	if n := len(w) &^ 7; fast && n > 0 {
		adagrad(&w[0], &g[0], &sums[0], n, rate)
		i = n
	}
	for ; i < len(w); i++ {
		sums[i] += g[i] * g[i]
		w[i] -= rate * g[i] / float32(math.Sqrt(float64(sums[i])))
	}
}
