package rfm

// Cuts are the edges of a moment in all three dimensions, kept for later: by them a customer's scores depend on nobody else. For
// each score from 2 on they hold the lowest bucket that has it; three times, for values that are moved down by a margin, not at
// all, and up. Cuts of an empty table are none.
type Cuts [3][3][Levels - 1]uint16 // by shift; by dimension: R, F, M; by score

// None tells whether there are no cuts.
func (c *Cuts) None() bool { return *c == Cuts{} }

// Cuts returns the cuts of this moment with a margin, see Rules.
func (t *Table) Cuts(margin float64) (c Cuts) {
	if t.Customers() == 0 {
		return c
	}
	for i, shift := range [...]float64{-margin, 0, margin} {
		for k := range Levels - 1 {
			c[i][0][k] = t.last.cut(uint8(k+2), shift)
			c[i][1][k] = t.orders.cut(uint8(k+2), shift)
			c[i][2][k] = t.spent.cut(uint8(k+2), shift)
		}
	}
	return c
}

// cut returns the lowest bucket whose percentile, moved by shift, has a score. They rise with buckets.
func (r *ranks) cut(score uint8, shift float64) uint16 {
	s := r.held.Load()
	low, high := s.first, s.first+len(s.counts) // the percentile of high is 1
	if low > 0 && level(r.percentile(low-1)+shift) >= score {
		return 0 // of a margin as wide as a score
	}
	for low < high {
		if mid := (low + high) / 2; level(r.percentile(mid)+shift) >= score {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return uint16(low)
}

// CutWords is how many words cuts take.
const CutWords = 9

// Words returns the cuts as words.
func (c *Cuts) Words() (out [CutWords]uint64) {
	for i := range out {
		for k, cut := range c[i/3][i%3] {
			out[i] |= uint64(cut) << (16 * k)
		}
	}
	return out
}

// CutsOf returns the cuts that Words has made words of.
func CutsOf(words [CutWords]uint64) (c Cuts) {
	for i, w := range words {
		for k := range c[i/3][i%3] {
			c[i/3][i%3][k] = uint16(w >> (16 * k))
		}
	}
	return c
}

// SettleBy is Settle by cuts.
func (r Rules) SettleBy(c *Cuts, old Scores, v Values, now uint16) Scores {
	b, m := v.buckets(), r.Hysteresis()
	at := func(i int, shift float64) Scores { return r.fixed(b.scores(&c[i]), v, now, shift) }
	lo, mid, hi := at(0, -m), at(1, 0), at(2, m)
	return Scores{settle(old.R, lo.R, mid.R, hi.R), settle(old.F, lo.F, mid.F, hi.F), settle(old.M, lo.M, mid.M, hi.M)}
}

// ScoreBy is Score by cuts.
func (r Rules) ScoreBy(c *Cuts, v Values, now uint16) Scores {
	b := v.buckets()
	return r.fixed(b.scores(&c[1]), v, now, 0)
}

// buckets are the buckets of values by dimension.
type buckets [3]uint16

func (v Values) buckets() buckets {
	return buckets{min(v.Last, days-1), uint16(min(v.Orders, frequencies-1)), uint16(bucket(v.Spent))}
}

func (b *buckets) scores(cuts *[3][Levels - 1]uint16) Scores {
	s := [3]uint8{1, 1, 1}
	for d := range s {
		for _, cut := range cuts[d] {
			if b[d] >= cut {
				s[d]++
			}
		}
	}
	return Scores{s[0], s[1], s[2]}
}
