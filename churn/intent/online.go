package intent

import "math"

// Online is a logistic regression that learns from each outcome as it comes: FTRL-Proximal with a learning rate of its
// own for every weight (McMahan et al. 2013, doi 10.1145/2487575.2488200). Inputs are the bins of all features, the
// logarithms of the values (linear within what bins cut apart), and a cell for every two features' coarse bins.
type Online struct {
	bins  *Bins
	mean  []float64 // of the scaled logarithms
	scale []float64
	z, n  []float64
	rate  Rates
}

// Rates are the settings of Online; the zero value is the defaults.
type Rates struct {
	Alpha float64 // learning rate; 0.05
	Beta  float64 // 1
	L1    float64 // 0.5
	L2    float64 // 1
}

func (r Rates) defaults() Rates {
	if r.Alpha <= 0 {
		r.Alpha = 0.05
	}
	if r.Beta <= 0 {
		r.Beta = 1
	}
	if r.L1 <= 0 {
		r.L1 = 0.5
	}
	if r.L2 <= 0 {
		r.L2 = 1
	}
	return r
}

// coarse is the number of bins that a feature has in a cross.
const coarse = 8

// crossInput is the value of a cross where it applies. Below 1, crosses learn more slowly than single features: they
// refine what those say instead of taking it over while data are few. Found on folds of the public set: 0.2 to 0.4 are
// equal, 1 overfits.
const crossInput = 0.4

// NewOnline returns a learner that has learned nothing; sample only sets bins and scales.
func NewOnline(sample [][]float64, rate Rates) *Online {
	o := &Online{bins: NewBins(sample), rate: rate.defaults()}
	f := o.bins.Features()
	o.mean, o.scale = make([]float64, f), make([]float64, f)
	for j := range f {
		var sum, squares, n float64
		for _, row := range sample {
			if v := squash(row[j]); !math.IsNaN(v) {
				sum, squares, n = sum+v, squares+v*v, n+1
			}
		}
		o.mean[j] = sum / max(n, 1)
		o.scale[j] = 1 / math.Sqrt(max(1e-12, squares/max(n, 1)-o.mean[j]*o.mean[j]))
	}
	size := 1 + f + f*(MaxBins+1) + f*(f-1)/2*coarse*coarse
	o.z, o.n = make([]float64, size), make([]float64, size)
	return o
}

// squash is a logarithm for both signs.
func squash(v float64) float64 { return math.Copysign(math.Log1p(math.Abs(v)), v) }

// active is an input that is not zero.
type active struct {
	at int32
	x  float32
}

// inputs lists the non-zero inputs of a row: the bias, the logarithms, one bin a feature, one cell a cross.
func (o *Online) inputs(dst []active, row []float64) []active {
	f := len(row)
	dst = append(dst, active{0, 1})
	var buf [128]uint8
	codes := o.bins.Codes(buf[:0], row)
	for j, v := range row {
		if x := (squash(v) - o.mean[j]) * o.scale[j]; !math.IsNaN(x) {
			dst = append(dst, active{int32(1 + j), float32(min(6, max(-6, x)))})
		}
		dst = append(dst, active{int32(1 + f + j*(MaxBins+1) + int(codes[j])), 1})
	}
	cell := int32(1 + f + f*(MaxBins+1))
	var third [128]int32
	for j, c := range codes {
		third[j] = o.third(j, c)
		for k := range j {
			dst = append(dst, active{cell + third[k]*coarse + third[j], crossInput})
			cell += coarse * coarse
		}
	}
	return dst
}

// third maps a bin to one of coarse: the first bins, which hold nothing and next to nothing, keep theirs.
func (o *Online) third(f int, code uint8) int32 {
	n := len(o.bins.edges[f]) + 1
	if n < coarse {
		return int32(code)
	}
	return int32(int(code) * (coarse - 1) / n)
}

func (o *Online) weight(i int32) float64 {
	z := o.z[i]
	l1 := o.rate.L1
	if i == 0 {
		l1 = 0
	}
	if math.Abs(z) <= l1 {
		return 0
	}
	return -(z - math.Copysign(l1, z)) / ((o.rate.Beta+math.Sqrt(o.n[i]))/o.rate.Alpha + o.rate.L2)
}

// Logit returns the log-odds of a row.
func (o *Online) Logit(row []float64) float64 {
	var buf [256]active
	return o.logit(o.inputs(buf[:0], row))
}

func (o *Online) logit(in []active) float64 {
	var sum float64
	for _, a := range in {
		sum += float64(a.x) * o.weight(a.at)
	}
	return sum
}

// Learn learns from an outcome and returns the log-odds that it gave before: the progressive forecast.
func (o *Online) Learn(row []float64, y bool) float64 {
	var buf [256]active
	in := o.inputs(buf[:0], row)
	logit := o.logit(in)
	err := Sigmoid(logit)
	if y {
		err--
	}
	for _, a := range in {
		g := err * float64(a.x)
		n := o.n[a.at]
		s := (math.Sqrt(n+g*g) - math.Sqrt(n)) / o.rate.Alpha
		o.z[a.at] += g - s*o.weight(a.at)
		o.n[a.at] = n + g*g
	}
	return logit
}
