package engine

import "orrery/recommend/embedding"

// VectorTraining learns item vectors from the sessions that the engine holds, beside the goroutine that applies events.
// One goroutine uses it.
type VectorTraining struct {
	e       *Engine
	trainer *embedding.Trainer
	next    uint32 // first session block that it has not learned from
}

// NewVectorTraining returns a training that has seen nothing.
func (e *Engine) NewVectorTraining() *VectorTraining {
	return &VectorTraining{e: e, trainer: embedding.NewTrainer(embedding.Config{}), next: 1}
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
