package embedding

import (
	"math"
	"slices"

	"orrery/recommend/session"
)

// Config of a Trainer. The zero value means the defaults, which are the same for every shop.
type Config struct {
	Epochs    int     // passes over the sessions of a call of Train; default 4
	Negatives int     // items that a batch of 32 examples is trained against; default 256
	Rate      float32 // step of Adagrad, one accumulator an item; default 0.3
	Heat      float32 // temperature of the softmax; default 0.1
	Drop      float32 // share of the older clicks that an example leaves out at random; default 0.25
	MaxItems  int     // items numbered from here on get no vector; default 1 Mi, 256 MiB
}

func (c Config) withDefaults() Config {
	set(&c.Epochs, 4)
	set(&c.Negatives, 256)
	set(&c.Rate, 0.3)
	set(&c.Heat, 0.1)
	set(&c.Drop, 0.25)
	set(&c.MaxItems, 1<<20)
	return c
}

func set[T int | float32](v *T, to T) {
	if *v == 0 {
		*v = to
	}
}

const (
	batch      = 32   // examples that share negatives
	atRate     = 0.02 // steps of Adagrad of a_p, b_p, A
	likeRate   = 0.05
	matrixRate = 0.05
	startSum   = 0.01 // accumulators of items
)

// Trainer is a model in training, for one goroutine, usually a background one: it reads the session index beside the
// index's writer. All randomness is a hash of a counter, so that the same calls give the same vectors.
type Trainer struct {
	v       Vectors
	config  Config
	squares []float32 // Adagrad: one accumulator an item
	counts  []float64 // clicks by item
	sums    struct {
		at, like [reach]float32
		matrix   float32
	}
	seed      uint64
	negatives negatives
	logits    []float32
}

// NewTrainer returns a trainer that has seen nothing.
func NewTrainer(c Config) *Trainer {
	t := &Trainer{config: c.withDefaults(), seed: 1}
	for p := range t.v.at {
		t.v.at[p] = float32(math.Exp(-float64(p) / 3))
		t.sums.at[p], t.sums.like[p] = 1, 1
	}
	t.sums.matrix = 1
	t.negatives.init(t.config.Negatives)
	t.logits = make([]float32, t.config.Negatives+1)
	return t
}

// Vectors returns a copy of the vectors as trained so far, for readers.
func (t *Trainer) Vectors() *Vectors {
	v := t.v
	v.items = slices.Clone(v.items)
	return &v
}

// Train does the configured number of passes over the sessions that begin with the blocks from..to of x, in random
// order, each prefix of a session predicting its next click. Calls for newer and newer blocks go on from where the last
// one ended, which keeps vectors fresh at a fraction of the cost. More says before every session whether to go on; nil
// is always. Cost: 10 to 20 us a click and pass.
func (t *Trainer) Train(x *session.Index, from, to uint32, more func() bool) {
	if to < from {
		return
	}
	t.count(x, from, to)
	if len(t.negatives.pool) == 0 {
		return
	}
	clicks := make([]uint32, 0, session.MaxItems)
	blocks := uint64(to-from) + 1
	for range uint64(t.config.Epochs) * blocks {
		if more != nil && !more() {
			break
		}
		clicks = x.Session(clicks[:0], from+uint32(t.random()%blocks))
		clicks = slices.DeleteFunc(clicks, func(item uint32) bool { return t.v.item(item) == nil })
		for n := 1; n < len(clicks); n++ {
			t.learn(clicks[max(0, n-reach):n], clicks[n])
		}
	}
	t.settle()
}

// count gives the items of the blocks a vector and prepares the sampling of negatives.
func (t *Trainer) count(x *session.Index, from, to uint32) {
	clicks := make([]uint32, 0, session.MaxItems)
	for number := from; ; number++ {
		clicks = x.Session(clicks[:0], number)
		for _, item := range clicks {
			if int(item) < t.config.MaxItems {
				t.see(item)
			}
		}
		if number == to {
			break
		}
	}
	t.negatives.fill(t.counts)
}

func (t *Trainer) see(item uint32) {
	if grow := int(item) + 1 - len(t.counts); grow > 0 {
		t.v.items = append(t.v.items, make([]vector, grow)...)
		t.squares = append(t.squares, make([]float32, grow)...)
		t.counts = append(t.counts, make([]float64, grow)...)
	}
	if t.counts[item]++; t.counts[item] > 1 {
		return
	}
	e := &t.v.items[item]
	for d := range e {
		e[d] = float32(int64(t.random())) / (1 << 63)
	}
	normalise(e)
	t.squares[item] = startSum
}

// random is SplitMix64.
func (t *Trainer) random() uint64 {
	t.seed += 0x9e3779b97f4a7c15
	z := (t.seed ^ t.seed>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// move takes a step of an item against gradient g, which it spoils, and back to the sphere.
func (t *Trainer) move(item uint32, g *vector) {
	e := &t.v.items[item]
	axpy(-dot(g, e), e, g) // along the sphere
	square := dot(g, g)
	if square == 0 {
		return
	}
	t.squares[item] += square
	axpy(-t.config.Rate/sqrt(t.squares[item]), g, e)
	normalise(e)
}

// settle applies what the batch's negatives have gathered.
func (t *Trainer) settle() {
	n := &t.negatives
	if n.examples == 0 {
		return
	}
	for i, item := range n.items {
		t.move(item, &n.gradients[i])
	}
	n.examples = 0
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
