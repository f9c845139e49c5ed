package capacity

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
)

func TestMeasureSmall(t *testing.T) {
	r, err := Measure(context.Background(), Config{Sizes: []Size{{200, 300, 500, 2000}}, Dir: t.TempDir(), Command: "test"})
	if err != nil {
		t.Fatal(err)
	}
	p := r.Points[0]
	if p.Events < 2000+200+300*5 || p.Orders == 0 || p.State == 0 || p.Snapshot.Bytes == 0 || p.Snapshot.Restore == 0 {
		t.Errorf("got %+v", p)
	}
	for _, u := range p.Units {
		if u.Count == 0 || u.Measured <= 0 {
			t.Errorf("nothing measured: %+v", u)
		}
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "restored in") {
		t.Errorf("text: %v\n%s", err, text.String())
	}
	if err := r.Plot(filepath.Join(t.TempDir(), "size.png")); err != nil {
		t.Error(err)
	}
}
