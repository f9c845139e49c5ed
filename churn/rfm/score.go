package rfm

import "orrery/models"

// Rules are how a shop scores. The zero Rules scores by quantiles.
type Rules struct {
	// Fixed edges, each ascending; nil means quantiles. Recency is in days since the last purchase: up to Recency[0] is
	// score 5, above Recency[3] score 1. Not below Frequency[0] orders is score 2, not below Frequency[3] score 5; Monetary
	// likewise.
	Recency   *[Levels - 1]uint16
	Frequency *[Levels - 1]uint32
	Monetary  *[Levels - 1]models.Money

	// Margin is by how much of a percentile, or of a fixed edge, a customer has to pass an edge before the settled score
	// follows; 0 means DefaultMargin, below 0 none.
	Margin float64
}

// DefaultMargin keeps a customer at an edge from flapping between two scores as others buy.
const DefaultMargin = 0.01

// Hysteresis returns the margin that holds.
func (r Rules) Hysteresis() float64 {
	switch {
	case r.Margin == 0:
		return DefaultMargin
	case r.Margin < 0:
		return 0
	}
	return r.Margin
}

// Score returns the scores of values on the day now.
func (r Rules) Score(t *Table, v Values, now uint16) Scores { return r.At(t.Percentiles(v), v, now) }

// At returns the scores of values whose percentiles are known, on the day now.
func (r Rules) At(p Percentiles, v Values, now uint16) Scores { return r.score(p, v, now, 0) }

// Settle returns the scores that a customer with values and old scores has, with hysteresis: an old score stays while
// the value lies within the margin of its edges.
func (r Rules) Settle(t *Table, old Scores, v Values, now uint16) Scores {
	p := t.Percentiles(v)
	m := r.Hysteresis()
	lo, at, hi := r.score(p, v, now, -m), r.score(p, v, now, 0), r.score(p, v, now, m)
	return Scores{settle(old.R, lo.R, at.R, hi.R), settle(old.F, lo.F, at.F, hi.F), settle(old.M, lo.M, at.M, hi.M)}
}

func settle(old, lo, at, hi uint8) uint8 {
	if lo <= old && old <= hi {
		return old
	}
	return at
}

// Fresh is how many days after a purchase nobody's recency score is lower than the best, however many have bought since: of who
// bought a week ago nothing is known yet.
const Fresh = 7

// score moves every value by shift (a share of a percentile, or of a fixed edge) before it scores it.
func (r Rules) score(p Percentiles, v Values, now uint16, shift float64) Scores {
	return r.fixed(Scores{level(p.R + shift), level(p.F + shift), level(p.M + shift)}, v, now, shift)
}

// fixed puts what does not follow from quantiles into scores that do.
func (r Rules) fixed(s Scores, v Values, now uint16, shift float64) Scores {
	if r.Recency == nil && max(now, v.Last)-v.Last <= Fresh {
		s.R = Levels
	}
	if r.Frequency == nil && v.Orders <= 1 {
		s.F = 1
	}
	if r.Recency != nil {
		age := float64(max(now, v.Last)-v.Last) * (1 - shift)
		s.R = Levels
		for _, e := range r.Recency {
			if age > float64(e) {
				s.R--
			}
		}
	}
	if r.Frequency != nil {
		s.F = atLeast(float64(v.Orders)*(1+shift), r.Frequency[:])
	}
	if r.Monetary != nil {
		s.M = atLeast(float64(v.Spent)*(1+shift), r.Monetary[:])
	}
	return s
}

func atLeast[E uint32 | models.Money](v float64, edges []E) uint8 {
	s := uint8(1)
	for _, e := range edges {
		if v >= float64(e) {
			s++
		}
	}
	return s
}

// level returns the score of a percentile.
func level(p float64) uint8 { return uint8(min(Levels, max(1, 1+int(p*Levels)))) }
