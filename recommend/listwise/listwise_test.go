package listwise

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// query makes candidates of which the one with the largest hidden score is relevant; feature 2 says nothing.
func query(random *rand.Rand, n int) (rows []float32, relevant int) {
	best := math.Inf(-1)
	for i := range n {
		x, y := random.Float32(), random.Float32()
		rows = append(rows, x, y, random.Float32())
		if s := float64(2*x - y); s > best {
			best, relevant = s, i
		}
	}
	return rows, relevant
}

// A model that starts with the wrong idea learns the right one, and what it has published ranks as it does.
func TestLearns(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	m := New(3, map[int]float32{2: 1})
	sum := 0
	for i := range 4000 {
		rank := m.Learn(query(random, 20))
		if i >= 3000 {
			sum += rank
		}
	}
	if mean := float64(sum) / 1000; mean > 1.3 {
		t.Errorf("after 3,000 steps the relevant of 20 candidates has rank %.2f on average", mean)
	}
	w, hits := m.Weights(), 0
	for range 500 {
		rows, relevant := query(random, 20)
		best := 0
		for i := range 20 {
			if w.Score(rows[3*i:3*i+3]) > w.Score(rows[3*best:3*best+3]) {
				best = i
			}
		}
		if best == relevant {
			hits++
		}
	}
	if hits < 400 {
		t.Errorf("the published weights put the relevant candidate first %d times of 500", hits)
	}
}

// A restored model goes on as the original, bit for bit.
func TestRestore(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	m := New(3, nil)
	for range 100 {
		m.Learn(query(random, 10))
	}
	var b bytes.Buffer
	if _, err := m.Freeze().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	whole := bytes.Clone(b.Bytes())
	r := New(3, nil)
	if _, err := r.ReadFrom(&b); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		rows, relevant := query(random, 10)
		if a, b := m.Learn(rows, relevant), r.Learn(rows, relevant); a != b {
			t.Fatalf("ranks %d and %d", a, b)
		}
	}
	if !slices.Equal(m.w.all, r.w.all) || !slices.Equal(m.mean, r.mean) || m.Learned() != r.Learned() {
		t.Error("the restored model is another one")
	}
	if _, err := New(4, nil).ReadFrom(bytes.NewReader(whole)); err == nil {
		t.Error("a model of 3 features was taken for one of 4")
	}
	if _, err := New(3, nil).ReadFrom(bytes.NewReader(whole[:len(whole)-1])); err == nil {
		t.Error("a truncated model was taken")
	}
	copy(whole[40:], []byte{0, 0, 0xc0, 0x7f, 0, 0, 0xc0, 0x7f})
	if _, err := New(3, nil).ReadFrom(bytes.NewReader(whole)); err == nil {
		t.Error("a weight that is no number was taken")
	}
}

// Readers take weights while the model learns.
func TestReaders(t *testing.T) {
	m := New(3, nil)
	done := make(chan bool)
	go func() {
		defer close(done)
		for range 2000 {
			if v := m.Weights().Score([]float32{1, 2, 3}); math.IsNaN(float64(v)) {
				t.Error("a score is no number")
				return
			}
		}
	}()
	random := rand.New(rand.NewPCG(3, 3))
	for range 500 {
		m.Learn(query(random, 10))
	}
	<-done
}
