package ranker

import "testing"

// TestShared: models and their examples take what they may together, and not more; what finds no room is counted, and a model without
// room for an example learns from it once.
func TestShared(t *testing.T) {
	rows := make([]Row, 4)
	rows[1][0] = 1
	s := NewShared(modelBytes + 2*exampleBytes(len(rows)))
	m := s.Model()
	if m == nil || s.Model() != nil {
		t.Fatal("there is room for one model")
	}
	before := m.Linear[0]
	for range 5 {
		m.Learn(rows, 1)
	}
	if unlearnt, unkept := s.Dropped(); unlearnt != 1 || unkept != 3 {
		t.Errorf("%d examples nothing was learned from, %d not kept; want 1 and 3", unlearnt, unkept)
	}
	if m.Learned() != 5 || m.Linear[0] <= before {
		t.Errorf("learned from %d, the weight went from %g to %g", m.Learned(), before, m.Linear[0])
	}
	if got, want := s.Bytes(), uint64(modelBytes+2*exampleBytes(len(rows))); got != want {
		t.Errorf("%d bytes, want %d", got, want)
	}
}
