// Package ranker orders the candidates of a walk over the session index by a learned listwise model: a linear score plus
// a small multi-layer perceptron (32 rectified units) over some hundred features of each candidate, softmax over the
// candidates, trained online by Adagrad on what visitors clicked next. Each new example is followed by two steps on some of
// the newest ones: an example costs more to find than to learn from.
//
// Sources: the listwise softmax loss is that of ListNet (Cao et al., ICML 2007) with one relevant item; Adagrad is Duchi,
// Hazan and Singer, JMLR 2011; the repetition is Lin's experience replay (Machine Learning 8, 1992). Cost: about 30 us for
// 100 candidates, 130 us to learn from them.
package ranker

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"orrery/recommend/vector"
)

// Hidden is the number of rectified units.
const Hidden = 32

// Weights are the parameters of the scoring function: of feature vector x the score is
// Linear.x + Out.max(0, Bias + In'x).
type Weights struct {
	Linear [Features]float32
	Bias   [Hidden]float32
	Out    [Hidden]float32
	In     [Features][Hidden]float32
}

// size is the number of parameters.
const size = Features + 2*Hidden + Features*Hidden

// Model is a ranker that learns. One goroutine calls Learn; Mean may be copied out for readers.
type Model struct {
	Weights
	mean    Weights // of the newest steps, see average
	squares Weights // Adagrad: sums of squared gradients
	rows    uint64  // queries learned from
	steps   uint64  // of Adagrad: one a query, and those that go over earlier ones again
	newest  [replayed]example
	shared  *Shared
}

// Step sizes of Adagrad, which the accumulators' start keeps from overshooting at first.
const (
	linearStep = 0.08
	hiddenStep = 0.04
	startSum   = 0.1 // of a blank model
	fittedSum  = 1.0 // of one that starts with the default weights
)

// NewModel returns a model that starts with the default weights. Its steps are smaller than those of a blank model:
// the weights are sensible already.
func NewModel() *Model { return NewShared(math.MaxInt64).model() }

func (s *Shared) model() *Model {
	m := &Model{Weights: Default(), mean: Default(), shared: s}
	m.squares.fill(fittedSum)
	return m
}

// NewBlank returns a model that has learned nothing: linear weights zero, hidden ones small, by a hash.
func NewBlank() *Model {
	m := &Model{shared: NewShared(math.MaxInt64)}
	m.squares.fill(startSum)
	seed := uint64(1)
	uniform := func() float32 {
		seed += 0x9e3779b97f4a7c15
		z := (seed ^ seed>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return float32(z>>40)/(1<<23) - 1
	}
	for i := range m.In {
		for j := range m.In[i] {
			m.In[i][j] = 0.2 * uniform()
		}
	}
	for j := range m.Out {
		m.Out[j] = 0.2 * uniform()
	}
	m.mean = m.Weights
	return m
}

func (w *Weights) fill(v float32) {
	for i := range w.Linear {
		w.Linear[i] = v
	}
	for j := range w.Bias {
		w.Bias[j], w.Out[j] = v, v
	}
	for i := range w.In {
		for j := range w.In[i] {
			w.In[i][j] = v
		}
	}
}

// AppendWeights appends all weights in their fixed order to dst.
func (w *Weights) AppendWeights(dst []float32) []float32 {
	w.each(func(v *float32) { dst = append(dst, *v) })
	return dst
}

// Learned returns the number of queries that the model has learned from.
func (m *Model) Learned() uint64 { return m.rows }

// Score stores the score of each row of features in scores.
func (w *Weights) Score(rows []Row, scores []float32) {
	var h [Hidden]float32
	for i := range rows {
		scores[i] = w.score(&rows[i], &h)
	}
}

func (w *Weights) score(row *Row, h *[Hidden]float32) float32 {
	*h = w.Bias
	vector.Mul32(row[:], w.In[:], h)
	var s, s2, s3, s4 float32 // so that no addition waits for the one before
	f := 0
	for ; f+4 <= len(row); f += 4 {
		s += w.Linear[f] * row[f]
		s2 += w.Linear[f+1] * row[f+1]
		s3 += w.Linear[f+2] * row[f+2]
		s4 += w.Linear[f+3] * row[f+3]
	}
	for ; f < len(row); f++ {
		s += w.Linear[f] * row[f]
	}
	for j := 0; j < Hidden; j += 2 {
		s += w.Out[j] * max(h[j], 0)
		s2 += w.Out[j+1] * max(h[j+1], 0)
	}
	return s + s2 + (s3 + s4)
}

// Learn takes a step towards scoring row positive above the others, and one on each of some earlier examples. It returns
// the loss, -ln of the probability that the model gave the row before. len(rows) is at most MaxCandidates.
func (m *Model) Learn(rows []Row, positive int) float32 {
	loss := m.step(rows, positive)
	m.keep(rows, positive)
	m.rows++
	m.replay()
	return loss
}

// step takes one step.
func (m *Model) step(rows []Row, positive int) float32 {
	s, top := m.shared, float32(math.Inf(-1))
	for i := range rows {
		s.scores[i] = m.score(&rows[i], &s.hidden[i])
		top = max(top, s.scores[i])
	}
	sum := float32(0)
	for i := range rows {
		s.scores[i] = float32(math.Exp(float64(s.scores[i] - top)))
		sum += s.scores[i]
	}
	var g Weights
	for i := range rows {
		p := s.scores[i] / sum
		if i == positive {
			p--
		}
		if p > 1e-5 || p < -1e-5 {
			g.add(&m.Weights, &rows[i], &s.hidden[i], p)
		}
	}
	loss := float32(-math.Log(float64(max(s.scores[positive]/sum, 1e-12))))
	vector.Adagrad(m.Linear[:], g.Linear[:], m.squares.Linear[:], linearStep)
	vector.Adagrad(m.Bias[:], g.Bias[:], m.squares.Bias[:], hiddenStep)
	vector.Adagrad(m.Out[:], g.Out[:], m.squares.Out[:], hiddenStep)
	for f := range m.In {
		vector.Adagrad(m.In[f][:], g.In[f][:], m.squares.In[f][:], hiddenStep)
	}
	if m.steps++; m.steps%averageEvery == 0 {
		m.average()
	}
	return loss
}

const (
	averageEvery = 32                 // steps between two that are averaged
	averageOver  = 50 * (1 + replays) // of these
)

// average adds the weights to their running mean (Polyak and Juditsky, SIAM J. Control Optim. 1992): single steps jump
// about what is best, their mean stays near it. It reaches over the newest 1,600 examples, fewer at the start.
func (m *Model) average() {
	share := 1 / float32(min(m.steps/averageEvery, averageOver))
	blend := func(mean, now []float32) {
		for i, v := range now {
			mean[i] += (v - mean[i]) * share
		}
	}
	blend(m.mean.Linear[:], m.Linear[:])
	blend(m.mean.Bias[:], m.Bias[:])
	blend(m.mean.Out[:], m.Out[:])
	for f := range m.In {
		blend(m.mean.In[f][:], m.In[f][:])
	}
}

// Mean returns the weights to rank with: the running mean of those that Learn has stepped through.
func (m *Model) Mean() Weights { return m.mean }

// add adds the gradient of p times the score of row, whose hidden sums are h.
func (g *Weights) add(w *Weights, row *Row, h *[Hidden]float32, p float32) {
	var back [Hidden]float32
	for j := range h {
		if h[j] > 0 {
			back[j] = p * w.Out[j]
			g.Out[j] += p * h[j]
			g.Bias[j] += back[j]
		}
	}
	for f, x := range row {
		g.Linear[f] += p * x
	}
	vector.Outer32(row[:], &back, g.In[:])
}

// WriteTo writes the state: the number of queries, weights, their mean, accumulators, and the newest examples. It implements
// io.WriterTo.
func (m *Model) WriteTo(dst io.Writer) (int64, error) {
	buf := binary.LittleEndian.AppendUint64(nil, size)
	buf = binary.LittleEndian.AppendUint64(buf, m.rows)
	buf = binary.LittleEndian.AppendUint64(buf, m.steps)
	for _, w := range []*Weights{&m.Weights, &m.mean, &m.squares} {
		w.each(func(v *float32) { buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(*v)) })
	}
	for i := range m.newest {
		buf = m.newest[i].append(buf)
	}
	n, err := dst.Write(buf)
	return int64(n), err
}

// Restore replaces the state by what WriteTo wrote. A state with another set of features is an error: the caller goes on
// with the default weights, from which a few thousand clicks lead back.
func (m *Model) Restore(src io.Reader) error {
	buf := make([]byte, headBytes+12*size)
	if _, err := io.ReadFull(src, buf); err != nil {
		return fmt.Errorf("cannot restore the ranker: %w", err)
	}
	if n := binary.LittleEndian.Uint64(buf); n != size {
		return fmt.Errorf("cannot restore the ranker: it has %d weights, not %d", n, size)
	}
	m.rows, m.steps = binary.LittleEndian.Uint64(buf[8:]), binary.LittleEndian.Uint64(buf[16:])
	buf = buf[headBytes:]
	for _, w := range []*Weights{&m.Weights, &m.mean, &m.squares} {
		w.each(func(v *float32) {
			*v = math.Float32frombits(binary.LittleEndian.Uint32(buf))
			buf = buf[4:]
		})
	}
	for i := range m.newest {
		if err := m.newest[i].restore(src); err != nil {
			return fmt.Errorf("cannot restore the ranker's example %d: %w", i, err)
		}
		m.shared.used.Add(m.newest[i].bytes())
	}
	return nil
}

const headBytes = 3 * 8

// each visits all parameters in their fixed order.
func (w *Weights) each(visit func(*float32)) {
	for i := range w.Linear {
		visit(&w.Linear[i])
	}
	for j := range w.Bias {
		visit(&w.Bias[j])
	}
	for j := range w.Out {
		visit(&w.Out[j])
	}
	for i := range w.In {
		for j := range w.In[i] {
			visit(&w.In[i][j])
		}
	}
}
