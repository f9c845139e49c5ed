package next

import (
	"io"

	"orrery/models/pershop"
	"orrery/models/slab"
	"orrery/recommend/embedding"
	"orrery/recommend/session"
)

// Training learns item vectors from the sessions that a shop has, beside the goroutine that applies events: those of the shop that is
// in most need of it. One goroutine uses it.
type Training struct {
	live    *Live
	rest    func()
	trainer *embedding.Trainer // of the shop that was trained last
	of      uint32
	from    map[uint32]uint32 // by shop: the first session block that it has not learned from
}

const (
	// trainLeast is how many blocks of sessions a shop has before it is trained at all: with fewer vectors say little, and they take
	// 150 KB whatever there is.
	trainLeast = 500
	// vectorBytes is what the vectors of all shops take before further shops get none: two shops of the largest size, or 3,000 that
	// have sold a few hundred products. A shop that has vectors keeps them, and they grow with its products.
	vectorBytes = 512 << 20
)

// NewTraining returns a training that goes on from the vectors that there are, which a snapshot brought, if any. rest is called after
// every tenth of a millisecond or so of training, which it may hold up.
func NewTraining(l *Live, rest func()) *Training {
	return &Training{live: l, rest: rest, from: make(map[uint32]uint32)}
}

// next returns the first block of a shop that training has not seen.
func (v *Training) next(r *Recommender) uint32 {
	if from, ok := v.from[r.shop]; ok {
		return from
	}
	if p := r.Vectors(); p != nil {
		return p.Learned() + 1
	}
	return 1
}

// due returns the shop whose sessions have grown by most since the last step, of those that have enough if there are any, with how many
// blocks of sessions have come, and how many it has.
func (v *Training) due() (most *Recommender, fresh, held uint32) {
	full := v.live.VectorBytes() >= vectorBytes
	for _, r := range v.live.shops.All() {
		if r == nil {
			continue
		}
		oldest, newest := r.index.Range()
		if newest < oldest || full && r.Vectors() == nil {
			continue
		}
		n, all := newest+1-max(v.next(r), oldest), newest+1-oldest
		enough, had := all >= trainLeast, held >= trainLeast
		if most == nil || enough && !had || enough == had && uint64(n)*uint64(held) > uint64(fresh)*uint64(all) {
			most, fresh, held = r, n, all
		}
	}
	return most, fresh, held
}

// Fresh returns how many blocks of sessions, of up to six clicks each, have come since the last step to the shop that the next step
// would be of, and how many it has.
func (v *Training) Fresh() (fresh, held uint32) {
	_, fresh, held = v.due()
	return fresh, held
}

// Step learns from the sessions of a shop that have come since its last step, and makes the vectors what "next" ranks with. more is
// asked before every session whether to go on; a step that is ended by it counts as done.
func (v *Training) Step(more func() bool) {
	r, fresh, _ := v.due()
	if fresh == 0 {
		return
	}
	if v.trainer == nil || v.of != r.shop {
		config := embedding.Config{Rest: v.rest}
		if p := r.Vectors(); p != nil {
			v.trainer = embedding.Resume(config, p)
		} else {
			v.trainer = embedding.NewTrainer(config)
		}
		v.of = r.shop
	}
	oldest, newest := r.index.Range()
	v.trainer.Train(numbered{r.index, r.ordinals}, max(v.next(r), oldest), newest, more)
	v.from[r.shop] = newest + 1
	r.SetVectors(v.trainer.Vectors())
}

// numbered is the sessions of a shop, of items by their ordinals.
type numbered struct {
	*session.Index
	ordinals *pershop.Ordinals
}

// Session implements embedding.Sessions.
func (n numbered) Session(dst []uint32, number uint32) []uint32 {
	from := len(dst)
	dst = n.Index.Session(dst, number)
	for i, item := range dst[from:] {
		dst[from+i] = n.ordinals.Of(item)
	}
	return dst
}

// VectorBytes returns the memory of the item vectors of all shops. Any goroutine may call it.
func (l *Live) VectorBytes() (n uint64) {
	for _, v := range l.vectors.All() {
		if v != nil {
			n += v.Bytes()
		}
	}
	return n
}

// Section is the section of snapshots with the newest published item vectors of every shop and what training goes on from: 264 bytes
// an item that was clicked in a session, for at most the million items of a shop that get vectors, 264 MiB. Learning them again
// would take hours of a tenth of a core at that size, during which a restarted engine would rank worse.
type Section struct{ Next *Live }

// Freeze returns the vectors, which nobody changes any more.
func (v Section) Freeze() *slab.Parts {
	var parts []io.WriterTo
	n := uint64(0)
	for shop, p := range v.Next.vectors.All() {
		if p != nil {
			parts = append(parts, slab.Numbers{uint64(shop)}, p)
			n++
		}
	}
	return slab.Join(append([]io.WriterTo{slab.Numbers{n}}, parts...)...)
}

// ReadVersion makes the vectors that Freeze wrote what "next" ranks with. In the versions before there was one set for all shops, which
// is the first one's: see Adopt.
func (v Section) ReadVersion(r io.Reader, version uint16) error {
	read := func(shop uint32) error {
		p := new(embedding.Vectors)
		if _, err := p.ReadFrom(r); err != nil {
			return err
		}
		v.Next.vectors.Put(shop, p)
		return nil
	}
	if version >= Version {
		return pershop.Each(r, read)
	}
	have := make(slab.Numbers, 1)
	if _, err := have.ReadFrom(r); err != nil || have[0] == 0 {
		return err
	}
	return read(1)
}

// Bytes returns the memory held.
func (v Section) Bytes() uint64 { return v.Next.VectorBytes() }
