package next

import (
	"io"

	"orrery/models/slab"
	"orrery/recommend/embedding"
)

// Training learns item vectors from the sessions that the index holds, beside the goroutine that applies events.
// One goroutine uses it.
type Training struct {
	next    *Recommender
	trainer *embedding.Trainer
	from    uint32 // first session block that it has not learned from
}

// NewTraining returns a training that goes on from the vectors that there are, which a snapshot brought, if any. rest is called after every tenth of a millisecond or so of training, which it may hold up.
func NewTraining(r *Recommender, rest func()) *Training {
	config := embedding.Config{Rest: rest}
	if v := r.Vectors(); v != nil {
		return &Training{next: r, trainer: embedding.Resume(config, v), from: v.Learned() + 1}
	}
	return &Training{next: r, trainer: embedding.NewTrainer(config), from: 1}
}

// Fresh returns how many blocks of sessions, of up to six clicks each, have come since the last step, and how many the
// index holds.
func (v *Training) Fresh() (fresh, held uint32) {
	oldest, newest := v.next.Index().Range()
	if newest < oldest {
		return 0, 0
	}
	return newest + 1 - max(v.from, oldest), newest + 1 - oldest
}

// Step learns from the sessions that have come since the last step and makes the vectors what "next" ranks with. more is
// asked before every session whether to go on; a step that is ended by it counts as done.
func (v *Training) Step(more func() bool) {
	oldest, newest := v.next.Index().Range()
	from := max(v.from, oldest)
	if newest < from {
		return
	}
	v.trainer.Train(v.next.Index(), from, newest, more)
	v.from = newest + 1
	v.next.SetVectors(v.trainer.Vectors())
}

// Section is the section of snapshots with the newest published item vectors and what training goes on from: 264 bytes
// an item that was clicked in a session, for at most the million items that get vectors, 264 MiB. Learning them again
// would take hours of a tenth of a core at that size, during which a restarted engine would rank worse.
type Section struct{ Next *Recommender }

// Freeze returns the vectors, which nobody changes any more.
func (v Section) Freeze() *slab.Parts {
	if p := v.Next.Vectors(); p != nil {
		return slab.Join(slab.Numbers{1}, p)
	}
	return slab.Join(slab.Numbers{0})
}

// ReadFrom makes the vectors that Freeze wrote what "next" ranks with.
func (v Section) ReadFrom(r io.Reader) (int64, error) {
	have := make(slab.Numbers, 1)
	n, err := have.ReadFrom(r)
	if err != nil || have[0] == 0 {
		return n, err
	}
	p := new(embedding.Vectors)
	m, err := p.ReadFrom(r)
	if err == nil {
		v.Next.SetVectors(p)
	}
	return n + m, err
}

// Bytes returns the memory held.
func (v Section) Bytes() uint64 {
	if p := v.Next.Vectors(); p != nil {
		return p.Bytes()
	}
	return 0
}
