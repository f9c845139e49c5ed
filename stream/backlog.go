package stream

import (
	"sync"
	"sync/atomic"

	"orrery/models"
)

// Backlog counts what one Writer has written and the Pipeline of the same process has not applied, so that whoever writes can
// be held back while the models are too far behind. What others write is not counted, so an import that the models take
// minutes for holds nobody back; nor is what the log held at the start.
type Backlog struct {
	pipeline atomic.Pointer[Pipeline]

	mu    sync.Mutex
	parts map[partKey]*written
}

type partKey struct {
	topic string // in full
	part  int32
}

// written is what has been written to a partition: how many records, the offset of the last one, and where some of them lie.
type written struct {
	records uint64
	last    int64
	marks   []milestone // of what is not applied
	applied uint64      // records below the marks
}

type milestone struct {
	offset  int64
	records uint64 // written up to it
}

// markEvery is how many records lie between two marks: as exact as a backlog of many thousands has to be.
const markEvery = 64

// NewBacklog returns a Backlog for a WriterConfig. Nothing is behind until Follow.
func NewBacklog() *Backlog { return &Backlog{parts: make(map[partKey]*written)} }

// Follow names the pipeline that applies what is written.
func (b *Backlog) Follow(p *Pipeline) { b.pipeline.Store(p) }

// wrote notes a record that is acknowledged.
func (b *Backlog) wrote(topic string, part int32, offset int64) {
	if b == nil || b.pipeline.Load() == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.parts[partKey{topic, part}]
	if w == nil {
		w = &written{}
		b.parts[partKey{topic, part}] = w
	}
	w.records++
	w.last = offset
	if w.records%markEvery == 0 {
		w.marks = append(w.marks, milestone{offset, w.records})
	}
}

// Behind returns how many of the records written are not applied, to within markEvery of each partition.
func (b *Backlog) Behind() (n uint64) {
	p := b.pipeline.Load()
	if p == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range p.fold.parts {
		part := &p.fold.parts[i]
		if w := b.parts[partKey{part.name, part.part}]; w != nil {
			n += w.behind(p.public.next[i].Load())
		}
	}
	return n
}

// behind returns how many records are not applied where next is the first offset that is not.
func (w *written) behind(next int64) uint64 {
	passed := 0
	for passed < len(w.marks) && w.marks[passed].offset < next {
		w.applied = w.marks[passed].records
		passed++
	}
	w.marks = w.marks[passed:]
	if next > w.last {
		w.applied = w.records
	}
	return w.records - w.applied
}

// Full is models.ErrFull while more than most records are behind.
func (b *Backlog) Full(most uint64) error {
	if b.Behind() > most {
		return models.ErrFull
	}
	return nil
}
