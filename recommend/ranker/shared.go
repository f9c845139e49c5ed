package ranker

import "sync/atomic"

// Shared is what the models of several shops share: the scratch of learning, and how many bytes they may take together. A shop ranks
// with the default weights until it has an example to learn from; then it gets a model of its own, while there is room for one. So an
// idle shop takes nothing, and what a shop has learned does not follow from others, but where the memory of all is used up: then
// shops that come later go on with the default weights, and of those that learn the older examples stay. Both are counted. One
// goroutine uses it.
type Shared struct {
	most     int64
	used     atomic.Int64  // bytes
	unkept   atomic.Uint64 // examples that found no room
	unlearnt atomic.Uint64 // examples of shops that found none for a model

	hidden [MaxCandidates][Hidden]float32
	scores [MaxCandidates]float32
	again  [MaxCandidates]Row
}

// NewShared returns what models that take so many bytes at most share.
func NewShared(bytes int64) *Shared { return &Shared{most: bytes} }

// modelBytes is what a model takes without its examples: the weights, their mean, accumulators, and the copy for readers.
const modelBytes = 4*4*size + 32*replayed

func (s *Shared) take(bytes int64) bool {
	if bytes > s.most-s.used.Load() {
		return false
	}
	s.used.Add(bytes)
	return true
}

// Model returns a new model, nil where there is no room.
func (s *Shared) Model() *Model {
	if !s.take(modelBytes) {
		s.unlearnt.Add(1)
		return nil
	}
	return s.model()
}

// Restored returns a model to restore, for which there was room when it was made.
func (s *Shared) Restored() *Model {
	s.used.Add(modelBytes)
	return s.model()
}

// Dropped returns how many examples nothing was learned from, and how many were learned from once, because there was no room. Any
// goroutine may call it.
func (s *Shared) Dropped() (unlearnt, unkept uint64) { return s.unlearnt.Load(), s.unkept.Load() }

// Take makes a new model go on from the weights of another, without its examples.
func (m *Model) Take(from *Model) {
	m.Weights, m.mean, m.squares, m.rows, m.steps = from.Weights, from.mean, from.squares, from.rows, from.steps
}

// Restore sets what Dropped returns.
func (s *Shared) Restore(unlearnt, unkept uint64) {
	s.unlearnt.Store(unlearnt)
	s.unkept.Store(unkept)
}

// Bytes returns the memory that the models take. Any goroutine may call it.
func (s *Shared) Bytes() uint64 { return uint64(s.used.Load()) }
