package vector

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
