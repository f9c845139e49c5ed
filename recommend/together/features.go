package together

import (
	"math"

	"orrery/recommend/neighbours"
)

// Places of the features. Sums over the cart come twice: as their ratio to the best candidate's, and its logarithm.
const (
	sums    = 8
	ratioAt = 0
	logAt   = ratioAt + sums
	restAt  = logAt + sums
)

const (
	popularity  = restAt + iota // ln of the candidate's share of all orders
	popularCart                 // the same, times ln of the cart's size
	linked                      // share of the cart's products that the candidate has been bought with
	evidence                    // ln(1 + orders with one of them)
	strongest                   // largest P(candidate | product of the cart)
	either                      // 1 - product of (1 - P): noisy or
	lift                        // mean ln of the shrunk lift over the cart
	bayes                       // popularity + sum of ln lift: naive Bayes
	linear                      // the regression's forecast less popularity
	linearRatio                 // the forecast by the best candidate's
	linearLog                   // and its logarithm
	unlinked                    // a bestseller that no product of the cart leads to
	features
)

// rows is the feature vectors of the candidates, one after the other.
type rows [maxRanked * features]float32

func (r *rows) of(i int) []float32   { return r[i*features : (i+1)*features] }
func (r *rows) flat(n int) []float32 { return r[:n*features] }

// liftPrior is the number of orders by which observed and expected pairs are both raised: it keeps the lift of a pair
// that was seen once from being anything.
const liftPrior = 3

// candidate is a product that goes with the cart, and what its pairs add up to.
type candidate struct {
	item  uint32
	from  uint32  // product of the cart with the most surprising pair
	count float32 // its orders
	stat  float32 // its log-likelihood ratio
	right float32 // orders that hold the candidate

	sum    [sums]float32
	pairs  float32 // products of the cart that lead here
	orders float32
	most   float32
	none   float32 // product of (1 - P)
	lifts  float32
	linear float32
}

// add takes the pair of a product of the cart and a candidate.
func (c *candidate) add(from uint32, n neighbours.Neighbour, p neighbours.Pairs, weight float32) {
	cosine := neighbours.Cosine(n.Count, p.Left, n.Right)
	llr := neighbours.LLR(n.Count, p.Left, n.Right, p.Total)
	share := min(n.Count/max(p.Left, 1), 1)
	back := n.Count / max(n.Right, 1)
	expected := p.Left * n.Right / max(p.Total, 1)
	up := logOf((n.Count + liftPrior) / (expected + liftPrior))
	root := sqrt(llr)
	for i, v := range [sums]float32{cosine, root, llr, share, back, max(up, 0), cosine * weight, root * weight} {
		c.sum[i] += v
	}
	c.pairs++
	c.orders += n.Count
	c.most = max(c.most, share)
	c.none *= 1 - min(share, 0.999)
	c.lifts += up
	if llr > c.stat || c.from == 0 {
		c.from, c.count, c.stat = from, n.Count, llr
	}
}

// fill computes the features of candidates.
func fill(rows *rows, candidates []candidate, cart int, g *regression) {
	total := max(g.total, 1)
	top := float32(1e-6)
	for i := range candidates {
		c := &candidates[i]
		c.linear -= g.offset * c.right
		top = max(top, c.linear+c.right/total)
	}
	best := [sums]float32{1e-30, 1e-30, 1e-30, 1e-30, 1e-30, 1e-30, 1e-30, 1e-30}
	for i := range candidates {
		for k, v := range candidates[i].sum {
			best[k] = max(best[k], v)
		}
	}
	size := float32(max(cart, 1))
	for i := range candidates {
		c, r := &candidates[i], rows.of(i)
		clear(r)
		for k, v := range c.sum {
			if v > 0 {
				ratio := v / best[k]
				r[ratioAt+k], r[logAt+k] = ratio, 1+logOf(ratio+1e-4)/9.2
			}
		}
		share := logOf((c.right + 1) / (total + 1))
		r[popularity] = 1 + share/12
		r[popularCart] = r[popularity] * logOf(size) / 3
		r[linked] = c.pairs / size
		r[evidence] = logOf(1+c.orders) / 8
		r[strongest] = c.most
		r[either] = 1 - c.none
		r[lift] = c.lifts / size / 2
		r[bayes] = (share + c.lifts) / 10
		r[linear] = min(max(c.linear, -1), 1)
		forecast := max((c.linear+c.right/total)/top, 1e-4)
		r[linearRatio], r[linearLog] = forecast, 1+logOf(forecast)/9.2
		if c.pairs == 0 {
			r[unlinked] = 1
		}
	}
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// logOf is ln x for positive normal x, to 2e-4.
func logOf(x float32) float32 {
	b := math.Float32bits(x)
	e := float32(int32(b>>23) - 127)
	m := math.Float32frombits(b&0x7fffff|0x3f800000) - 1
	return 0.6931472 * (e + m*(1.4249536+m*(-0.5845544+m*0.1600108)))
}
