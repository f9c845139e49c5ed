package posts

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"
)

// The body of a request holds as many events as it is said to, and is as long as its head says.
func TestEvents(t *testing.T) {
	for _, n := range []int{1, 20} {
		e := &events{rng: rand.New(rand.NewPCG(1, 1)), n: n}
		raw, _ := e.Next(nil, time.Unix(1, 0))
		_, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
		var list []map[string]any
		if err := json.Unmarshal(body, &list); err != nil || len(list) != n {
			t.Errorf("%d events: %v in %s", len(list), err, raw)
		}
	}
}

// The ratio of rounds is the median of theirs, and its interval lies within them.
func TestCompare(t *testing.T) {
	first := &Figure{CPU: []float64{1, 2, 4, 1, 2}}
	f := &Figure{CPU: []float64{1.1, 2, 5, 0.9, 2.2}}
	f.compare(first)
	if f.Ratio < 1.0999 || f.Ratio > 1.1001 || f.Low < 0.9 || f.Low > f.Ratio || f.High < f.Ratio || f.High > 1.25 {
		t.Errorf("got %v between %v and %v", f.Ratio, f.Low, f.High)
	}
}
