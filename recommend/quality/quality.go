// Package quality keeps how well a frame does, live: before the engine learns from a sampled click, it notes which rank
// the frame would have given the product clicked next (prequential evaluation, Dawid 1984; Gama, Sebastiao and
// Rodrigues, "On evaluating stream learning algorithms", Machine Learning 2013). Sums over the last hour, day and week
// of event time are exact; how many distinct products were shown is estimated by linear counting (Whang, Vander-Zanden
// and Taylor, ACM TODS 1990) to about 1 % up to 20,000 products.
//
// Memory: 61 buckets of a minute and 169 of an hour, 1 KiB each: 240 KiB a frame. A small meter has buckets only for the minutes
// and hours with samples, and 2 KiB beside. One goroutine writes, any number read.
package quality

import (
	"fmt"
	"io"
	"math"
	"math/bits"

	"orrery/models"
	"orrery/models/slab"
)

// K is the length of the lists that are judged.
const K = 20

const (
	minutes = 61  // the running one and 60 before it
	hours   = 169 // the running one and 168 before it

	bEpoch   = 0 // number of the minute or hour + 1, 0 while unused
	bCount   = 1 // samples
	bHits    = 2 // of them with the product among the first K
	bInverse = 3 // sum of 1/rank, in units of 1e-9
	bBits    = 4 // the products shown, hashed to so many bits
	mapWords = 128
	mapBits  = 64 * mapWords
	words    = bBits + mapWords
)

// Meter is the figures of one frame.
type Meter struct {
	words slab.Words // the buckets; of a small one, before them a word for each: where it is, 0 for nowhere
	small bool
}

// New returns a meter that has seen nothing.
func New() *Meter {
	m := new(Meter)
	m.words.Grow((minutes + hours) * words)
	return m
}

// NewSmall returns one that takes little memory while there are few samples.
func NewSmall() *Meter {
	m := &Meter{small: true}
	m.words.Grow(minutes + hours)
	return m
}

// place returns where a bucket is, 0 where a small meter has none.
func (m *Meter) place(bucket uint64) uint64 {
	if m.small {
		return m.words.Load(bucket)
	}
	return bucket * words
}

// make returns where a bucket is, of a small meter a new place or that of one which is of no window any more at moment t.
func (m *Meter) make(bucket uint64, t models.Time) uint64 {
	if at := m.place(bucket); at != 0 || !m.small {
		return at
	}
	for i := range uint64(minutes + hours) {
		oldest := uint64(t/models.Hour) - min(uint64(t/models.Hour), hours)
		if i < minutes {
			oldest = uint64(t/models.Minute) - min(uint64(t/models.Minute), minutes)
		}
		if at := m.words.Load(i); at != 0 && m.words.Load(at+bEpoch) <= oldest {
			m.words.Set(i, 0)
			m.words.Set(bucket, at)
			return at
		}
	}
	at := m.words.Len()
	m.words.Grow(at + words)
	m.words.Set(bucket, at)
	return at
}

// Add takes a sample of moment t: the rank of the product that was clicked, from 1 on, 0 where it was not in the list, and
// the first products of the list. What is older than a week before the newest sample does not count.
func (m *Meter) Add(t models.Time, rank int, shown []uint32) {
	minute, hour := uint64(t/models.Minute), uint64(t/models.Hour)
	m.add(m.make(minute%minutes, t), minute, rank, shown)
	m.add(m.make(minutes+hour%hours, t), hour, rank, shown)
}

func (m *Meter) add(at, epoch uint64, rank int, shown []uint32) {
	switch have := m.words.Load(at); {
	case have > epoch+1:
		return // late by more than the ring
	case have < epoch+1:
		for i := uint64(1); i < words; i++ {
			m.words.Set(at+i, 0)
		}
		m.words.Set(at, epoch+1)
	}
	m.bump(at+bCount, 1)
	if rank > 0 && rank <= K {
		m.bump(at+bHits, 1)
		m.bump(at+bInverse, uint64(1e9/float64(rank)+0.5))
	}
	for _, item := range shown[:min(K, len(shown))] {
		bit := mix(item) % mapBits
		if w, mask := at+bBits+bit/64, uint64(1)<<(bit%64); m.words.Load(w)&mask == 0 {
			m.words.Set(w, m.words.Load(w)|mask)
		}
	}
}

// mix is a hash of a product (the finisher of SplitMix64).
func mix(item uint32) uint64 {
	z := uint64(item) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (m *Meter) bump(at, by uint64) { m.words.Set(at, m.words.Load(at)+by) }

// Read returns the figures of the last hour, day and week before now. Any goroutine may call it; a sample that lands
// meanwhile may be in one sum and not in another.
func (m *Meter) Read(now models.Time) []models.QualityWindow {
	minute, hour := uint64(max(now, 0)/models.Minute), uint64(max(now, 0)/models.Hour)
	return []models.QualityWindow{
		m.sum("hour", 0, minutes, minute, 60), m.sum("day", minutes, hours, hour, 24), m.sum("week", minutes, hours, hour, 168),
	}
}

// sum adds up the running bucket and the last ones before it.
func (m *Meter) sum(name string, from, n, epoch, last uint64) models.QualityWindow {
	w := models.QualityWindow{Window: name}
	var seen [mapWords]uint64
	inverse := uint64(0)
	for i := range n {
		at := m.place(from + i)
		if at == 0 && (m.small || from+i > 0) {
			continue
		}
		e := m.words.Load(at)
		if e == 0 || e-1 > epoch || e-1+last < epoch {
			continue
		}
		w.Samples += m.words.Load(at + bCount)
		w.Hits += m.words.Load(at + bHits)
		inverse += m.words.Load(at + bInverse)
		for k := range seen {
			seen[k] |= m.words.Load(at + bBits + uint64(k))
		}
	}
	if w.Samples > 0 {
		w.HR = float64(w.Hits) / float64(w.Samples)
		w.MRR = float64(inverse) / 1e9 / float64(w.Samples)
	}
	w.Shown = distinct(&seen)
	return w
}

// distinct returns the estimate of linear counting: -m ln(share of zero bits).
func distinct(seen *[mapWords]uint64) int {
	ones := 0
	for _, w := range seen {
		ones += bits.OnesCount64(w)
	}
	zeros := max(mapBits-ones, 1)
	return int(math.Round(-mapBits * math.Log(float64(zeros)/mapBits)))
}

// Bytes returns the memory held, in bytes.
func (m *Meter) Bytes() uint64 { return m.words.Bytes() }

// Freeze returns the figures of this moment for a snapshot.
func (m *Meter) Freeze() *slab.Parts { return slab.Join(m.words.Freeze()) }

// ReadFrom replaces the figures by what Freeze wrote. It must not run beside readers.
func (m *Meter) ReadFrom(r io.Reader) (int64, error) {
	n, err := m.words.ReadFrom(r)
	if m.small {
		return n, m.check(err)
	}
	if err == nil && m.words.Len() != (minutes+hours)*words {
		err = fmt.Errorf("cannot restore quality figures: %d words instead of %d", m.words.Len(), (minutes+hours)*words)
	}
	return n, err
}

// check finds places that a damaged snapshot may name.
func (m *Meter) check(err error) error {
	if err == nil && m.words.Len() < minutes+hours {
		err = fmt.Errorf("cannot restore quality figures: %d words", m.words.Len())
	}
	for i := uint64(0); err == nil && i < minutes+hours; i++ {
		if at := m.words.Load(i); at != 0 && (at < minutes+hours || at+words > m.words.Len()) {
			err = fmt.Errorf("cannot restore quality figures: bucket %d lies outside", i)
		}
	}
	return err
}
