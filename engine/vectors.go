package engine

import (
	"io"

	"orrery/models/slab"
	"orrery/recommend/embedding"
	"orrery/recommend/next"
)

// VectorTraining learns item vectors from the sessions that the engine holds, beside the goroutine that applies events.
// One goroutine uses it.
type VectorTraining struct {
	e       *Engine
	trainer *embedding.Trainer
	next    uint32 // first session block that it has not learned from
}

// NewVectorTraining returns a training that goes on from the vectors that the engine has, which a snapshot brought, if
// any. rest is called after every tenth of a millisecond or so of training, which it may hold up.
func (e *Engine) NewVectorTraining(rest func()) *VectorTraining {
	config := embedding.Config{Rest: rest}
	if v := e.m.Next.Vectors(); v != nil {
		return &VectorTraining{e: e, trainer: embedding.Resume(config, v), next: v.Learned() + 1}
	}
	return &VectorTraining{e: e, trainer: embedding.NewTrainer(config), next: 1}
}

// Fresh returns how many blocks of sessions, of up to six clicks each, have come since the last step, and how many the
// index holds.
func (v *VectorTraining) Fresh() (fresh, held uint32) {
	oldest, newest := v.e.m.Next.Index().Range()
	if newest < oldest {
		return 0, 0
	}
	return newest + 1 - max(v.next, oldest), newest + 1 - oldest
}

// Step learns from the sessions that have come since the last step and makes the vectors what "next" ranks with. more is
// asked before every session whether to go on; a step that is ended by it counts as done.
func (v *VectorTraining) Step(more func() bool) {
	oldest, newest := v.e.m.Next.Index().Range()
	from := max(v.next, oldest)
	if newest < from {
		return
	}
	v.trainer.Train(v.e.m.Next.Index(), from, newest, more)
	v.next = newest + 1
	v.e.m.Next.SetVectors(v.trainer.Vectors())
}

// vectors is the section of snapshots with the newest published item vectors and what training goes on from: 264 bytes
// an item that was clicked in a session, for at most the million items that get vectors, 264 MiB. Learning them again
// would take hours of a tenth of a core at that size, during which a restarted engine would rank worse.
type vectors struct{ next *next.Recommender }

// Freeze returns the vectors, which nobody changes any more.
func (v vectors) Freeze() *slab.Parts {
	if p := v.next.Vectors(); p != nil {
		return slab.Join(slab.Numbers{1}, p)
	}
	return slab.Join(slab.Numbers{0})
}

// ReadFrom makes the vectors that Freeze wrote what "next" ranks with.
func (v vectors) ReadFrom(r io.Reader) (int64, error) {
	have := make(slab.Numbers, 1)
	n, err := have.ReadFrom(r)
	if err != nil || have[0] == 0 {
		return n, err
	}
	p := new(embedding.Vectors)
	m, err := p.ReadFrom(r)
	if err == nil {
		v.next.SetVectors(p)
	}
	return n + m, err
}

// Bytes returns the memory held.
func (v vectors) Bytes() uint64 {
	if p := v.next.Vectors(); p != nil {
		return p.Bytes()
	}
	return 0
}
