package next

import (
	"cmp"
	"slices"
)

func (a place) above(b place) bool { return a.score > b.score || a.score == b.score && a.at < b.at }

// selectTop moves the k best places to the front: quickselect.
func selectTop(s []place, k int) {
	lo, hi := 0, len(s)
	for hi-lo > 1 {
		pivot := s[(lo+hi)/2]
		i, j := lo, hi-1
		for i <= j {
			for s[i].above(pivot) {
				i++
			}
			for pivot.above(s[j]) {
				j--
			}
			if i <= j {
				s[i], s[j] = s[j], s[i]
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
			return
		}
	}
}

func sortPlaces(s []place) {
	slices.SortFunc(s, func(a, b place) int {
		if a.score != b.score {
			return cmp.Compare(b.score, a.score)
		}
		return cmp.Compare(a.at, b.at)
	})
}
