package listwise

import (
	"cmp"
	"slices"
)

// Place is a candidate by its number, and its score.
type Place struct {
	At    int32
	Score float32
}

func (a Place) above(b Place) bool { return a.Score > b.Score || a.Score == b.Score && a.At < b.At }

// Top returns the k places of the highest scores, best first, of equal scores the one of the smaller number. It changes
// the order of p. Cost: linear in len(p), by quickselect, and sorting k.
func Top(p []Place, k int) []Place {
	k = min(k, len(p))
	for lo, hi := 0, len(p); hi-lo > 1 && k < len(p); {
		pivot := p[(lo+hi)/2]
		i, j := lo, hi-1
		for i <= j {
			for p[i].above(pivot) {
				i++
			}
			for pivot.above(p[j]) {
				j--
			}
			if i <= j {
				p[i], p[j] = p[j], p[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j + 1
		case k > i:
			lo = i
		default:
			lo = hi
		}
	}
	slices.SortFunc(p[:k], func(a, b Place) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.At, b.At)) })
	return p[:k]
}
