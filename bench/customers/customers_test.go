package customers

import (
	"context"
	"strings"
	"testing"
)

func TestMeasure(t *testing.T) {
	r, err := Measure(context.Background(), Config{Contacts: 6000, Days: 500})
	if err != nil {
		t.Fatal(err)
	}
	if r.Purchases < r.Contacts || r.Distinct == 0 || r.Updates <= 0 || len(r.Fits) != 3 || len(r.Scores) != 2 || r.Bytes < 64 {
		t.Errorf("%+v", r)
	}
	var b strings.Builder
	if err := r.WriteText(&b); err != nil || !strings.Contains(b.String(), "pareto/nbd") {
		t.Errorf("%v: %s", err, b.String())
	}
}
