package next

import (
	"io"
	"slices"

	"orrery/models/slab"
	"orrery/recommend/session"
)

// Live is a recommender that knows which session every visitor is in: what a shop's stream drives.
type Live struct {
	*Recommender
	rows    slab.Words // visitor: session.Row
	every   uint64
	scratch *Scratch
	clicks  []uint32
	stirred []uint32
	recent  *Recent
}

// By default the ranker learns from one click in learnEvery until sessions have had learnOften clicks, and from one in
// learnRarely from then on. An example costs a few hundred microseconds, a click without one a few: at first learning costs
// as much as everything else together, later a tenth.
const (
	learnEvery  = 128
	learnOften  = 1 << 20
	learnRarely = 1024
)

// NewLive returns an empty recommender whose ranker learns from one click in so many (0: by default).
func NewLive(c session.Config, every int) *Live {
	return &Live{Recommender: New(c), every: uint64(max(every, 0)), scratch: NewScratch(), recent: newRecent()}
}

// End forgets the running session of a visitor: the next click opens another.
func (l *Live) End(visitor uint32) {
	if uint64(visitor) < l.rows.Len() && l.rows.Load(uint64(visitor)) != 0 {
		l.rows.Set(uint64(visitor), 0)
	}
}

// Ahead asks for which session a visitor is in and for what is known of an item, and AheadSession, when that has come, for
// the rest of what Visit will look at. See intern.Hashes.Ahead.
func (l *Live) Ahead(visitor, item uint32) {
	if uint64(visitor) < l.rows.Len() {
		l.rows.Ahead(uint64(visitor))
	}
	l.Index().Ahead(item)
}

// AheadSession asks for the session of a visitor, others its items, and for where it will be linked with an item.
func (l *Live) AheadSession(visitor, item uint32, others []uint32) {
	l.Index().AheadRow(l.Row(visitor))
	l.Index().AheadPostings(item)
	slab.Ahead(l.recent.stirOf(item))
	for _, other := range others {
		slab.Ahead(l.recent.stirOf(other))
	}
}

// Visit takes a click of a visitor on item. dice is a hash of the event: it chooses the clicks that the ranker learns
// from, so that a replay chooses the same.
func (l *Live) Visit(visitor, item uint32, dice uint64) (s Sample) {
	l.rows.Grow(uint64(visitor) + 1)
	row := session.Row(l.rows.Load(uint64(visitor)))
	if row != 0 && dice%l.share() == 0 {
		l.clicks = l.Index().Items(l.clicks[:0], row)
		s = Sample{Rank: l.LearnBeside(l.scratch, row, l.clicks, item), Clicks: l.clicks}
	}
	row = l.Click(row, item)
	l.rows.Set(uint64(visitor), uint64(row))
	l.stirred = l.Index().Items(l.stirred[:0], row)
	l.recent.stir(l.stirred)
	return s
}

// Void takes the newest clicks of a visitor back, which were a burst on these products: see session.Index.Void.
func (l *Live) Void(visitor uint32, products []uint32) {
	l.stirred = append(l.stirred[:0], products...)
	slices.Sort(l.stirred)
	had := l.Row(visitor)
	if row := l.Index().Void(had, l.stirred); row != had {
		l.rows.Set(uint64(visitor), uint64(row))
	}
	l.recent.stir(l.stirred)
}

// share returns which share of clicks the ranker learns from now, one in so many.
func (l *Live) share() uint64 {
	switch {
	case l.every > 0:
		return l.every
	case l.Index().Clicks() < learnOften:
		return learnEvery
	}
	return learnRarely
}

// Sample is a click that the ranker has learned from.
type Sample struct {
	Rank   int      // that the clicked item had before, from 1 on; 0 if it was not among the candidates
	Clicks []uint32 // of the session before it, oldest first; empty where the click was not sampled. It lives until the next Visit
}

// Shown appends the n items that the newest sample would have shown to dst, best first; for the writer.
func (l *Live) Shown(dst []uint32, n int) []uint32 { return l.scratch.Shown(dst, n) }

// Row returns the row of a visitor's newest session, for Options.Own. Any goroutine may call it.
func (l *Live) Row(visitor uint32) session.Row {
	if uint64(visitor) >= l.rows.Len() {
		return 0
	}
	return session.Row(l.rows.Load(uint64(visitor)))
}

// Recent returns the answers of the last moments.
func (l *Live) Recent() *Recent { return l.recent }

// Session appends the clicks of a visitor's newest session to dst, oldest first. Any goroutine may call it.
func (l *Live) Session(dst []uint32, visitor uint32) []uint32 {
	return l.Index().Items(dst, l.Row(visitor))
}

// RowBytes returns the memory of the visitors' running sessions, beside that of Index, in bytes.
func (l *Live) RowBytes() uint64 { return l.rows.Bytes() }

// Bytes returns the memory of the sessions, in bytes.
func (l *Live) Bytes() uint64 { return l.Index().Bytes() + l.RowBytes() }

// Freeze returns the state of this moment for a snapshot.
func (l *Live) Freeze() *slab.Parts {
	f := l.Recommender.Freeze()
	return slab.Join(f.Index, l.rows.Freeze(), f.Ranker)
}

// ReadFrom replaces the state by what Freeze wrote. It must not run beside readers.
func (l *Live) ReadFrom(r io.Reader) (int64, error) {
	if err := l.RestoreIndex(r); err != nil {
		return 0, err
	}
	if n, err := l.rows.ReadFrom(r); err != nil {
		return n, err
	}
	return 0, l.RestoreRanker(r)
}
