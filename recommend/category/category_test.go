package category

import (
	"math"
	"testing"
)

// A row of moves that is full is halved as a whole: its numbers stay in bounds, and shares what they were.
func TestMovesAreHalved(t *testing.T) {
	s := New(nil, nil)
	for i := range 3 * rowMost {
		to := uint32(2)
		if i%4 == 3 {
			to = 3
		}
		s.move(1, to)
	}
	row := s.rows.Block(rowWords, rowWords)
	if row[0] > rowMost || row[0] < rowMost/2 {
		t.Errorf("%d moves are counted, of at most %d", row[0], rowMost)
	}
	counts := map[uint32]float64{}
	for _, w := range row[1:] {
		counts[uint32(w>>32)] += float64(uint32(w))
	}
	if all := counts[2] + counts[3]; math.Abs(all-float64(row[0])) > 4 || math.Abs(counts[2]/all-0.75) > 0.001 {
		t.Errorf("%g and %g of %d moves, not three to one", counts[2], counts[3], row[0])
	}
}
