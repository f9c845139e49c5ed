package embedding

import (
	"math"
	"slices"

	"orrery/recommend/session"
)

// Config of a Trainer. The zero value means the defaults, which are the same for every shop.
type Config struct {
	Epochs    int     // passes over the sessions of a call of Train; default 5
	Negatives int     // items that a batch of about 64 examples is trained against, a multiple of 16; default 1,024
	Rate      float32 // step of Adagrad, one accumulator an item; default 0.3
	Weights   float32 // step of Adam, for the weights of the encoder; default 0.001
	Heat      float32 // temperature of the softmax; default 0.07
	Drop      float32 // share of the older clicks that an example leaves out at random; default 0.25
	Fade      float32 // share of the dimensions of a clicked item that are left out at random; default 0.1
	MaxItems  int     // items numbered from here on get no vector; default 1 Mi: 264 MiB for readers, as much for the trainer
	Rest      func()  // is called after every tenth of a millisecond or so of training, which it may hold up; default none
}

func (c Config) withDefaults() Config {
	set(&c.Epochs, 5)
	set(&c.Negatives, 1024)
	set(&c.Rate, 0.3)
	set(&c.Weights, 0.001)
	set(&c.Heat, 0.07)
	set(&c.Drop, 0.25)
	set(&c.Fade, 0.1)
	set(&c.MaxItems, 1<<20)
	if c.Rest == nil {
		c.Rest = func() {}
	}
	return c
}

func set[T int | float32](v *T, to T) {
	if *v == 0 {
		*v = to
	}
}

const (
	batchSize = 64   // examples that share negatives, and up to a session more
	startSum  = 0.01 // accumulators of items

	// What is done between two calls of Config.Rest.
	restSessions = 64
	restItems    = 256
	restExamples = 16
)

// Trainer is a model in training, for one goroutine, usually a background one: it reads the session index beside the
// index's writer. All randomness is a hash of a counter, so that the same calls give the same vectors.
type Trainer struct {
	v         Vectors
	config    Config
	gradient  params
	negatives negatives
	batch     batch
}

// NewTrainer returns a trainer that has seen nothing.
func NewTrainer(c Config) *Trainer {
	t := Resume(c, &Vectors{seed: 1, steps: adam{mean: make(params, paramLen), square: make(params, paramLen)}})
	t.v.params = newParams(t.random)
	return t
}

// Resume returns a trainer that goes on from v.
func Resume(c Config, v *Vectors) *Trainer {
	t := &Trainer{v: v.clone(), config: c.withDefaults(), gradient: make(params, paramLen)}
	t.negatives.init(t.config.Negatives)
	return t
}

// Vectors returns a copy of the vectors as trained so far, for readers.
func (t *Trainer) Vectors() *Vectors {
	v := t.v.clone()
	return &v
}

func (v Vectors) clone() Vectors {
	v.items, v.params = slices.Clone(v.items), slices.Clone(v.params)
	v.squares, v.counts = slices.Clone(v.squares), slices.Clone(v.counts)
	v.steps.mean, v.steps.square = slices.Clone(v.steps.mean), slices.Clone(v.steps.square)
	return v
}

// Sessions is what is learned from: blocks of sessions by number, as session.Index has them.
type Sessions interface {
	Range() (oldest, newest uint32)
	Session(dst []uint32, number uint32) []uint32
}

// Train does the configured number of passes over the sessions that begin with the blocks from..to of x, in random
// order, each prefix of a session predicting its next click. Calls for newer and newer blocks go on from where the last
// one ended, which keeps vectors fresh at a fraction of the cost: every other session is then one of all that x holds,
// lest the vectors forget them. More says before every session whether to go on; nil is always. Cost: 20 to 25 us a click
// and pass, twice that where there are older sessions.
func (t *Trainer) Train(x Sessions, from, to uint32, more func() bool) {
	if to < from {
		return
	}
	t.count(x, from, to)
	t.v.learned = to
	if len(t.negatives.pool) == 0 {
		return
	}
	clicks := make([]uint32, 0, session.MaxItems)
	blocks := uint64(to-from) + 1
	oldest, _ := x.Range()
	all, turns := uint64(to-oldest)+1, uint64(t.config.Epochs)*blocks
	if all > blocks {
		turns *= 2
	}
	for range turns {
		if more != nil && !more() {
			break
		}
		dice := t.random()
		number := from + uint32(dice>>1%blocks)
		if all > blocks && dice&1 == 1 {
			number = oldest + uint32(dice>>1%all)
		}
		clicks = x.Session(clicks[:0], number)
		clicks = slices.DeleteFunc(clicks, func(item uint32) bool { return t.v.item(item) == nil })
		t.add(clicks)
		if len(t.batch.examples) >= batchSize {
			t.learn()
		}
	}
	t.learn()
}

// count gives the items of the blocks a vector and prepares the sampling of negatives.
func (t *Trainer) count(x Sessions, from, to uint32) {
	clicks := make([]uint32, 0, session.MaxItems)
	for number := from; ; number++ {
		clicks = x.Session(clicks[:0], number)
		for _, item := range clicks {
			if int(item) < t.config.MaxItems {
				t.see(item)
			}
		}
		if number%restSessions == 0 {
			t.config.Rest()
		}
		if number == to {
			break
		}
	}
	t.negatives.fill(t)
}

func (t *Trainer) see(item uint32) {
	if grow := int(item) + 1 - len(t.v.counts); grow > 0 {
		t.v.items = append(t.v.items, make([]vector, grow)...)
		t.v.squares = append(t.v.squares, make([]float32, grow)...)
		t.v.counts = append(t.v.counts, make([]float32, grow)...)
	}
	if t.v.counts[item]++; t.v.counts[item] > 1 {
		return
	}
	e := &t.v.items[item]
	for d := range e {
		e[d] = float32(int64(t.random())) / (1 << 63)
	}
	normalise(e)
	t.v.squares[item] = startSum
}

// random is SplitMix64.
func (t *Trainer) random() uint64 {
	t.v.seed += 0x9e3779b97f4a7c15
	z := (t.v.seed ^ t.v.seed>>30) * 0xbf58476d1ce4e5b9
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
	t.v.squares[item] += square
	axpy(-t.config.Rate/sqrt(t.v.squares[item]), g, e)
	normalise(e)
}

// add adds a session to the batch.
func (t *Trainer) add(clicks []uint32) {
	if len(clicks) < 2 {
		return
	}
	b := &t.batch
	at := len(b.clicks)
	b.clicks = append(b.clicks, clicks[:len(clicks)-1]...)
	for n := 1; n < len(clicks); n++ {
		b.examples = append(b.examples, example{at, at + n, clicks[n]})
	}
}

// learn takes a step for the batch.
func (t *Trainer) learn() {
	b := &t.batch
	if len(b.examples) == 0 {
		return
	}
	b.steps, b.scales = b.steps[:0], b.scales[:0]
	t.negatives.draw(t)
	b.forward(t)
	t.negatives.softmax(t, b)
	clear(t.gradient)
	b.backward(t, t.gradient)
	t.config.Rest()
	for k, e := range b.examples {
		var g vector
		axpy(b.steps[k], row(b.sums, k), &g)
		t.move(e.target, &g)
	}
	for i, item := range b.clicks {
		t.move(item, row(b.dItems, i))
	}
	t.negatives.settle(t)
	t.v.steps.step(t.v.params, t.gradient, t.config.Weights)
	b.clicks, b.examples = b.clicks[:0], b.examples[:0]
}

func (t *Trainer) chance(p float32) bool { return float32(t.random()>>40)/(1<<24) < p }

func exp(x float32) float32 { return float32(math.Exp(float64(x))) }

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
