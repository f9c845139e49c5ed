package together

import "orrery/recommend/neighbours"

// ridge is added to the variance of each product of the cart, in orders: what is known of a product bought a few times
// only counts little.
const ridge = 100

// regression is the best linear forecast of a candidate from the products of the cart, given all pair counts: products
// that are bought together anyway do not count twice, as they do in a sum over pairs. It is the closed form of EASE
// (Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019) for one cart, with centred counts:
// w = (cov(C,C) + ridge I)^-1 (1 - p_C), and a candidate j gets p_j + w' cov(C,j). Cost: n^3/6 for a cart of n <= 32.
type regression struct {
	n      int
	total  float32
	left   [maxCart]float32
	gram   [maxCart][maxCart]float64
	w      [maxCart]float64
	offset float32 // sum of w n / total
}

// begin starts with a cart of n products.
func (g *regression) begin(n int) {
	g.n = n
	for i := range n {
		clear(g.gram[i][:n])
	}
}

// side takes the figures of product i of the cart, pair those of products i and j.
func (g *regression) side(i int, p neighbours.Pairs) { g.left[i], g.total = p.Left, p.Total }

func (g *regression) pair(i, j int, count float32) {
	g.gram[i][j] = max(g.gram[i][j], float64(count))
	g.gram[j][i] = g.gram[i][j]
}

// solve computes the weights, by Cholesky.
func (g *regression) solve() {
	n, total := g.n, max(float64(g.total), 1)
	for i := range n {
		g.gram[i][i] = float64(g.left[i]) + ridge
		for j := range n {
			g.gram[i][j] -= float64(g.left[i]) * float64(g.left[j]) / total
		}
		g.w[i] = 1 - float64(g.left[i])/total
	}
	for j := range n {
		d := g.gram[j][j]
		for k := range j {
			d -= g.gram[j][k] * g.gram[j][k]
		}
		if d < 1e-6*ridge { // counts that disagree because they fade: this product adds nothing
			d = 1e12
		}
		root := float64(sqrt(float32(d)))
		g.gram[j][j] = root
		for i := j + 1; i < n; i++ {
			v := g.gram[i][j]
			for k := range j {
				v -= g.gram[i][k] * g.gram[j][k]
			}
			g.gram[i][j] = v / root
		}
	}
	for i := range n {
		for k := range i {
			g.w[i] -= g.gram[i][k] * g.w[k]
		}
		g.w[i] /= g.gram[i][i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			g.w[i] -= g.gram[k][i] * g.w[k]
		}
		g.w[i] /= g.gram[i][i]
	}
	g.offset = 0
	for i := range n {
		g.offset += float32(g.w[i]) * g.left[i] / float32(total)
	}
}
