package soak

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// steady returns a run of n minutes in which nothing moves but what change says.
func steady(n int, change func(minute int, s *Sample)) *Result {
	r := &Result{}
	for i := range n {
		s := Sample{Seconds: float64(60 * (i + 1)), Resident: 400e6, Goroutines: 90, Files: 80, P50: 300, P99: 2000}
		change(i, &s)
		r.Samples = append(r.Samples, s)
	}
	r.judge()
	return r
}

func TestJudge(t *testing.T) {
	f := func(name string, want bool, change func(minute int, s *Sample)) {
		t.Helper()
		if r := steady(20, change); r.Flat != want {
			t.Errorf("%s: flat is %t, want %t: %+v", name, r.Flat, want, r.Verdicts)
		}
	}
	f("nothing moves", true, func(int, *Sample) {})
	f("the warm-up is not judged", true, func(i int, s *Sample) {
		if i < 4 {
			s.Resident, s.P99 = 100e6, 90
		}
	})
	f("one bad minute", true, func(i int, s *Sample) {
		if i == 17 {
			s.P99, s.Resident = 1e6, 1e9
		}
	})
	f("a handle leaks every minute", false, func(i int, s *Sample) { s.Files += 5 * i })
	f("goroutines leak", false, func(i int, s *Sample) { s.Goroutines += 5 * i })
	f("memory leaks", false, func(i int, s *Sample) { s.Resident += uint64(i) * 10e6 })
	f("the state grows", true, func(i int, s *Sample) { s.State += uint64(i) * 10e6; s.Resident += uint64(i) * 10e6 })
	f("answers become slower", false, func(i int, s *Sample) { s.P99 += float64(i) * 600 })
	f("one error", false, func(i int, s *Sample) {
		if i == 0 {
			s.Errors = 1
		}
	})
	if r := steady(3, func(int, *Sample) {}); r.Flat || len(r.Verdicts) > 0 {
		t.Errorf("a run of three samples was judged: %+v", r)
	}
}

func TestWrite(t *testing.T) {
	r := steady(10, func(int, *Sample) {})
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "flat: true") {
		t.Errorf("text: %v\n%s", err, text.String())
	}
	if raw, err := json.Marshal(r); err != nil || len(raw) < 100 {
		t.Errorf("JSON: %v: %s", err, raw)
	}
	if err := r.Plot(filepath.Join(t.TempDir(), "soak.png")); err != nil {
		t.Error(err)
	}
}
