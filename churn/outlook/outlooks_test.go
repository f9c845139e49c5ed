package outlook

import (
	"testing"

	"orrery/models/people"
)

// There are as many pending forecasts as the README's memory is reckoned with, and not one more.
func TestPendingAreBounded(t *testing.T) {
	const limit = 1 << 16
	h := New(people.New(people.Config{}), nil, nil)
	for n := range limit {
		if h.pool.Take() == 0 {
			t.Fatalf("%d forecasts of %d", n, limit)
		}
	}
	if extra := h.pool.Take(); extra != 0 {
		t.Errorf("forecast %d beyond the limit of %d", extra, limit)
	}
}
