package vector

import "math"

// Matrix is a view of float32 numbers: element i, j is Data[i*Row+j*Column].
type Matrix struct {
	Data        []float32
	Row, Column int
}

// Rows is the matrix of rows of this length that lie one after another.
func Rows(data []float32, length int) Matrix { return Matrix{data, length, 1} }

// T is the transposed matrix.
func (m Matrix) T() Matrix { return Matrix{m.Data, m.Column, m.Row} }

// From is the matrix without its first i rows and j columns.
func (m Matrix) From(i, j int) Matrix { return Matrix{m.Data[i*m.Row+j*m.Column:], m.Row, m.Column} }

func (m Matrix) reaches(rows, columns int) bool {
	return (rows-1)*m.Row+(columns-1)*m.Column < len(m.Data)
}

// Multiply adds the product of a, of m rows and k columns, and b, of k rows and n columns, to c. m must be a multiple of
// 4 and n one of 16, and rows of b and c lie in one piece. Cost: about 10 multiplications and additions a cycle.
func Multiply(c, a, b Matrix, m, k, n int) {
	if m%4 != 0 || n%16 != 0 || b.Column != 1 || c.Column != 1 {
		panic("BUG: vector: matrices that Multiply cannot take")
	}
	if m == 0 || k == 0 || n == 0 {
		return
	}
	if !a.reaches(m, k) || !b.reaches(k, n) || !c.reaches(m, n) {
		panic("BUG: vector: a matrix ends too early")
	}
	if !fast {
		multiply(c, a, b, m, k, n)
		return
	}
	for j := 0; j < n; j += 16 {
		for i := 0; i < m; i += 4 {
			multiply4x16(&c.Data[i*c.Row+j], uintptr(c.Row)*4, &a.Data[i*a.Row], uintptr(a.Row)*4, uintptr(a.Column)*4,
				&b.Data[j], uintptr(b.Row)*4, uintptr(k))
		}
	}
}

func multiply(c, a, b Matrix, m, k, n int) {
	for i := range m {
		to := c.Data[i*c.Row:][:n]
		for l := range k {
			by := a.Data[i*a.Row+l*a.Column]
			for j, v := range b.Data[l*b.Row:][:n] {
				to[j] += by * v
			}
		}
	}
}

// Exps replaces each x by exp(by x - shift), exponents bounded to -85..85, and returns the sum. The number of places is
// a multiple of 8. Relative error below 1e-5. Cost: half a nanosecond a place.
func Exps(x, shift []float32, by float32) (sum float32) {
	if len(x)%8 != 0 || len(shift) < len(x) {
		panic("BUG: vector: exponents that Exps cannot take")
	}
	if len(x) == 0 {
		return 0
	}
	if fast {
		return exps8(&x[0], &shift[0], by, uintptr(len(x)))
	}
	for i, v := range x {
		x[i] = float32(math.Exp(float64(max(-85, min(85, v*by-shift[i])))))
		sum += x[i]
	}
	return sum
}
