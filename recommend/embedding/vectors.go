// Package embedding learns a vector for each item such that the vector of a visitor's session points to the items that
// are clicked next. It sees likeness that counting does not: two items that never met in a session but that met the
// same others.
//
// Model: unit item vectors e_i; the session's vector is s = sum_p w_p e_p + A e_last over its newest clicks, p clicks old,
// scaled to unit length; the score of an item is the cosine s.e_i. A click's weight is learned attention:
// w_p = a_p (1 + b_p e_last.e_p) + v.max(0, Q e_last + K e_p + c_p). Trained by sampled softmax at a temperature, on
// clicks that are left out and dimensions that are faded out at random.
// Sources: normalised item and session vectors as in NISER (Gupta et al., 2019), which the softmax needs where item
// counts are skewed; one space for input and output, and the fading, as in CORE (Hou et al., SIGIR 2022); last item beside
// the sum, and additive attention, as in STAMP (Liu et al., KDD 2018), with places counted from the end as in GCE-GNN (Wang
// et al., SIGIR 2020). Cost: 20 to 25 us a training example, 8 us a session, 10 ns a score.
package embedding

import (
	"math"

	kernel "orrery/recommend/vector"
)

// Dim is the number of dimensions.
const Dim = 64

// reach is the number of newest clicks that make a session's vector.
const reach = 12

type vector = [Dim]float32

// Vectors are trained item vectors with everything that training goes on from, immutable once published.
type Vectors struct {
	items   []vector // by item; zero for an item without one
	params  params
	squares []float32 // by item: Adagrad's accumulator
	counts  []float32 // by item: clicks that training has seen
	steps   adam
	seed    uint64
	learned uint32
}

// Items returns the length of the array of vectors.
func (v *Vectors) Items() int { return len(v.items) }

// Learned returns the number of the newest session block that training has seen.
func (v *Vectors) Learned() uint32 { return v.learned }

// Bytes returns the memory held, in bytes: 264 an item, and about 150 KB.
func (v *Vectors) Bytes() uint64 { return uint64(len(v.items))*(Dim*4+8) + 3*paramLen*4 }

// Session stores the unit vector of a session, newest click last, in into, and reports whether there is one.
func (v *Vectors) Session(into *[Dim]float32, clicks []uint32) bool {
	var items, keys [reach * Dim]float32
	var query, hidden [4 * Dim]float32
	*into = vector{}
	n := 0 // clicks on items that have a vector, newest first
	for at := len(clicks) - 1; at >= 0 && n < reach; at-- {
		if e := v.item(clicks[at]); e != nil {
			*row(items[:], n) = *e
			n++
		}
	}
	if n == 0 {
		return false
	}
	m := (n + 3) / 4 * 4
	kernel.Multiply(kernel.Rows(keys[:], Dim), kernel.Rows(items[:], Dim), v.params.matrix(keyAt), m, Dim, Dim)
	kernel.Multiply(kernel.Rows(query[:], Dim), kernel.Rows(items[:], Dim), v.params.matrix(queryAt), 4, Dim, Dim)
	kernel.Multiply(kernel.Rows(hidden[:], Dim), kernel.Rows(items[:], Dim), v.params.matrix(lastAt), 4, Dim, Dim)
	*into = *row(hidden[:], 0)
	for age := range n {
		e := row(items[:], age)
		axpy(v.params.weight(age, row(items[:], 0), e, row(query[:], 0), row(keys[:], age), row(hidden[:], 0)), e, into)
	}
	return normalise(into) > 0
}

// Score returns the cosine of a unit vector with an item, 0 for an item without a vector.
func (v *Vectors) Score(s *[Dim]float32, item uint32) float32 {
	if e := v.item(item); e != nil {
		return dot(s, e)
	}
	return 0
}

// Item returns the vector of an item, nil if there is none.
func (v *Vectors) Item(item uint32) *[Dim]float32 { return v.item(item) }

func (v *Vectors) item(i uint32) *vector {
	if uint64(i) >= uint64(len(v.counts)) || v.counts[i] == 0 {
		return nil
	}
	return &v.items[i]
}

func dot(a, b *vector) float32     { return kernel.Dot64(a, b) }
func axpy(a float32, x, y *vector) { kernel.Add64(a, x, y) }

// normalise scales a to unit length and returns the length it had, 0 for the zero vector, which stays.
func normalise(a *vector) float32 {
	n := float32(math.Sqrt(float64(dot(a, a))))
	if n > 0 {
		scale(a, 1/n)
	}
	return n
}

func scale(a *vector, by float32) {
	for d := range a {
		a[d] *= by
	}
}
