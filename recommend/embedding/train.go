package embedding

import "math"

// Config of a training. The zero value means the defaults.
type Config struct {
	Epochs    int     // passes over the sessions; default 3
	Negatives int     // items sampled for each batch of examples; default 256
	Rate      float32 // step of Adagrad by row; default 0.1
	Heat      float32 // softmax temperature; default 0.1
	Power     float64 // negatives are sampled by count to this power
	Correct   float32
	Drop      float32
}

func (c Config) withDefaults() Config {
	if c.Epochs == 0 {
		c.Epochs = 3
	}
	if c.Negatives == 0 {
		c.Negatives = 256
	}
	if c.Rate == 0 {
		c.Rate = 0.1
	}
	if c.Heat == 0 {
		c.Heat = 0.1
	}
	if c.Power == 0 {
		c.Power = 0.5
	}
	return c
}

const batch = 32 // examples that share negatives

// Trainer is a model in training.
type Trainer struct {
	Vectors
	config  Config
	squares []float32 // Adagrad, one a row
	sqAt    [reach]float32
	sqLike  [reach]float32
	sqM     float32

	seed   uint64
	counts []float64
	total  float64

	pool      []uint32 // item numbers by count^power
	negatives []uint32
	vectors   []vector
	gradients []vector
	logs      []float32
	logits    []float32
	logQ      []float32
	filled    int
}

// NewTrainer returns a trainer with random vectors, by a hash.
func NewTrainer(c Config) *Trainer {
	t := &Trainer{config: c.withDefaults(), seed: 1}
	for p := range t.at {
		t.at[p] = float32(math.Exp(-float64(p) / 3))
		t.sqAt[p], t.sqLike[p] = 1, 1
	}
	t.sqM = 1
	n := t.config.Negatives
	t.negatives, t.vectors, t.gradients = make([]uint32, n), make([]vector, n), make([]vector, n)
	t.logits, t.logs = make([]float32, n+1), make([]float32, n)
	return t
}

func (t *Trainer) random() uint64 {
	t.seed += 0x9e3779b97f4a7c15
	z := (t.seed ^ t.seed>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Count makes sure that all items of the sessions have a vector, and prepares the sampling of negatives.
func (t *Trainer) Count(sessions [][]uint32) {
	for _, s := range sessions {
		for _, item := range s {
			for uint32(len(t.items)) <= item {
				t.items = append(t.items, vector{})
				t.squares = append(t.squares, 0.01)
				t.counts = append(t.counts, 0)
			}
			if t.counts[item] == 0 {
				for d := range t.items[item] {
					t.items[item][d] = float32(int64(t.random())) / (1 << 63)
				}
				normalise(&t.items[item])
			}
			t.counts[item]++
		}
	}
	// a table of about 4 M entries would be large: 1 M places, by count^power
	t.pool = t.pool[:0]
	sum := 0.0
	for _, n := range t.counts {
		sum += math.Pow(n, t.config.Power)
	}
	const places = 1 << 20
	t.logQ = make([]float32, len(t.counts))
	carry := 0.0
	for i, n := range t.counts {
		if n == 0 {
			continue
		}
		share := math.Pow(n, t.config.Power) / sum
		t.logQ[i] = float32(math.Log(share))
		for carry += share * places; carry >= 1; carry-- {
			t.pool = append(t.pool, uint32(i))
		}
	}
}

// Train does the configured passes over the sessions.
func (t *Trainer) Train(sessions [][]uint32) { t.TrainN(sessions, t.config.Epochs) }

func (t *Trainer) TrainN(sessions [][]uint32, epochs int) {
	for range epochs {
		for range sessions {
			s := sessions[t.random()%uint64(len(sessions))]
			for n := 1; n < len(s); n++ {
				t.Learn(s[:n], s[n])
			}
		}
	}
	t.flush()
}

func (t *Trainer) sample() {
	for i := range t.negatives {
		item := t.pool[t.random()%uint64(len(t.pool))]
		t.negatives[i] = item
		t.vectors[i] = t.items[item]
		t.gradients[i] = vector{}
		t.logs[i] = t.config.Correct * t.logQ[item]
	}
}

func (t *Trainer) flush() {
	if t.filled == 0 {
		return
	}
	for i, item := range t.negatives {
		t.move(item, &t.gradients[i])
	}
	t.filled = 0
}

// move takes a step of item against gradient g and back to the sphere.
func (t *Trainer) move(item uint32, g *vector) {
	e := &t.items[item]
	axpy(-dot(g, e), e, g) // along the sphere
	sq := dot(g, g)
	if sq == 0 {
		return
	}
	t.squares[item] += sq
	axpy(-t.config.Rate/float32(math.Sqrt(float64(t.squares[item]))), g, e)
	normalise(e)
}

// Learn takes a step from one example.
func (t *Trainer) Learn(clicks []uint32, target uint32) {
	if t.filled == 0 {
		t.sample()
	}
	var s, g vector
	var used [reach]bool
	clicks = clicks[max(0, len(clicks)-reach):]
	n := len(clicks)
	last := t.items[clicks[n-1]]
	for p := range n {
		if p > 0 && t.config.Drop > 0 && float32(t.random()>>40)/(1<<24) < t.config.Drop {
			continue
		}
		used[p] = true
		e := &t.items[clicks[n-1-p]]
		axpy(t.at[p]*(1+t.like[p]*dot(&last, e)), e, &s)
	}
	for d := range s {
		s[d] += dot(&t.matrix[d], &last)
	}
	size := normalise(&s)
	if size == 0 {
		return
	}
	hot := 1 / t.config.Heat
	e := t.items[target]
	k := len(t.negatives)
	t.logits[k] = dot(&s, &e)*hot - t.config.Correct*t.logQ[target]
	top := t.logits[k]
	for i := range t.vectors {
		t.logits[i] = dot(&s, &t.vectors[i])*hot - t.logs[i]
		if t.negatives[i] == target {
			t.logits[i] = -1e9
		}
		top = max(top, t.logits[i])
	}
	sum := float32(0)
	for i, v := range t.logits {
		v = exp(v - top)
		t.logits[i] = v
		sum += v
	}
	for i := range t.vectors {
		if p := t.logits[i] / sum; p > 1e-4 {
			axpy(p*hot, &t.vectors[i], &g)
			axpy(p*hot, &s, &t.gradients[i])
		}
	}
	p := t.logits[k]/sum - 1
	axpy(p*hot, &e, &g)
	ge := vector{}
	axpy(p*hot, &s, &ge)
	t.move(target, &ge)
	// through the scaling of s
	axpy(-dot(&g, &s), &s, &g)
	blas.Sscal(Dim, 1/size, g[:], 1)
	var gl vector
	for p := range n {
		if !used[p] {
			continue
		}
		item := clicks[n-1-p]
		e := t.items[item]
		ga, c := dot(&g, &e), dot(&last, &e)
		gi := vector{}
		axpy(t.at[p]*(1+t.like[p]*c), &g, &gi)
		if p == 0 {
			for d := range g {
				axpy(g[d], &t.matrix[d], &gi)
			}
		} else {
			pull := ga * t.at[p] * t.like[p]
			axpy(pull, &last, &gi)
			axpy(pull, &e, &gl)
			gb := ga * t.at[p] * c
			t.sqLike[p] += gb * gb
			t.like[p] -= 0.05 * gb / float32(math.Sqrt(float64(t.sqLike[p])))
		}
		gp := ga * (1 + t.like[p]*c)
		t.sqAt[p] += gp * gp
		t.at[p] -= 0.02 * gp / float32(math.Sqrt(float64(t.sqAt[p])))
		t.move(item, &gi)
	}
	t.move(clicks[n-1], &gl)
	t.sqM += dot(&g, &g)
	step := 0.05 / float32(math.Sqrt(float64(t.sqM)))
	for d := range g {
		axpy(-step*g[d], &last, &t.matrix[d])
	}
	if t.filled++; t.filled == batch {
		t.flush()
	}
}

func exp(x float32) float32 {
	if x < -20 {
		return 0
	}
	return float32(math.Exp(float64(x)))
}
