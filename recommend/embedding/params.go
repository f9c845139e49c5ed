package embedding

import (
	"math"

	kernel "orrery/recommend/vector"
)

// params are the weights of the session encoder, one after another. Matrices have a row for each dimension that goes in.
type params []float32

// Places of the weights.
const (
	ageAt    = 0                   // a_p
	likeAt   = ageAt + reach       // b_p
	lastAt   = likeAt + reach      // A
	queryAt  = lastAt + Dim*Dim    // what the last item gives to the hidden units of the attention
	keyAt    = queryAt + Dim*Dim   // what the item that is weighed gives to them
	placeAt  = keyAt + Dim*Dim     // what its age gives
	outAt    = placeAt + reach*Dim // weights of the hidden units
	paramLen = outAt + Dim
)

func newParams(random func() uint64) params {
	p := make(params, paramLen)
	for i := range reach {
		p[ageAt+i] = float32(math.Exp(-float64(i) / 3))
	}
	for i := queryAt; i < paramLen; i++ {
		p[i] = 0.2 * float32(int64(random())) / (1 << 63)
	}
	return p
}

func (p params) matrix(at int) kernel.Matrix { return kernel.Rows(p[at:at+Dim*Dim], Dim) }
func (p params) row(at, i int) *vector       { return (*vector)(p[at+i*Dim:]) }

// adam takes steps of Adam (Kingma and Ba, ICLR 2015).
type adam struct {
	mean, square params
	steps        int
}

func (a *adam) step(w, g params, rate float32) {
	const keepMean, keepSquare = 0.9, 0.999
	a.steps++
	n := float64(a.steps)
	by := rate * float32(math.Sqrt(1-math.Pow(keepSquare, n))/(1-math.Pow(keepMean, n)))
	for i, v := range g {
		a.mean[i] += (1 - keepMean) * (v - a.mean[i])
		a.square[i] += (1 - keepSquare) * (v*v - a.square[i])
		w[i] -= by * a.mean[i] / (sqrt(a.square[i]) + 1e-8)
	}
}
