package embedding

import (
	"math"
	"testing"

	"orrery/recommend/session"
)

// shelves is an index of sessions that each stay on one of 20 shelves of 10 items; items 0 and 1 of a shelf are never
// in one session.
func shelves() *session.Index {
	x := session.New(session.Config{Blocks: 1 << 14})
	for i := range uint32(4000) {
		var row session.Row
		h := i * 2654435761
		for k := range uint32(4) {
			item := (h>>17 + k*3) % 10
			if item < 2 {
				item = h >> 11 % 2
			}
			row = x.Click(row, h>>7%20*10+item)
		}
	}
	return x
}

func trained(x *session.Index) *Vectors {
	t := NewTrainer(Config{Epochs: 2, Negatives: 64})
	from, to := x.Range()
	t.Train(x, from, to, nil)
	return t.Vectors()
}

func TestItemsThatNeverMetAreAlike(t *testing.T) {
	v := trained(shelves())
	for shelf := range uint32(20) {
		same := v.Score(v.Item(shelf*10), shelf*10+1)
		other := v.Score(v.Item(shelf*10), (shelf+7)%20*10+1)
		if same < other+0.3 {
			t.Errorf("shelf %d: cosine %.2f with an item of the same shelf, %.2f with one of another", shelf, same, other)
		}
	}
}

func TestSessionPointsToItsShelf(t *testing.T) {
	v := trained(shelves())
	var s [Dim]float32
	for shelf := range uint32(20) {
		if !v.Session(&s, []uint32{shelf*10 + 3, shelf*10 + 6}) {
			t.Fatal("no vector")
		}
		if n := float64(dot(&s, &s)); math.Abs(n-1) > 1e-3 {
			t.Errorf("a session's vector has square length %g", n)
		}
		if in, out := v.Score(&s, shelf*10+9), v.Score(&s, (shelf+3)%20*10+9); in < out+0.3 {
			t.Errorf("shelf %d: score %.2f within, %.2f elsewhere", shelf, in, out)
		}
	}
	if v.Session(&s, nil) || v.Session(&s, []uint32{9999}) {
		t.Error("a session of nothing known has a vector")
	}
}

func TestSameCallsSameVectors(t *testing.T) {
	a, b := trained(shelves()), trained(shelves())
	for i := range a.items {
		if a.items[i] != b.items[i] {
			t.Fatalf("item %d differs", i)
		}
	}
}

// Training lets others go first all along, within a step as well, which takes a millisecond and more; nothing comes to
// depend on it.
func TestTrainRestsOften(t *testing.T) {
	x := shelves()
	from, to := x.Range()
	run := func(rest func()) *Vectors {
		tr := NewTrainer(Config{Epochs: 1, Rest: rest})
		tr.Train(x, from, to, nil)
		return tr.Vectors()
	}
	rests := 0
	a, b := run(nil), run(func() { rests++ })
	if steps := int(to-from) * 3 / batchSize; rests < 20*steps {
		t.Errorf("%d rests in about %d steps", rests, steps)
	}
	for i := range a.items {
		if a.items[i] != b.items[i] {
			t.Fatalf("item %d differs", i)
		}
	}
}

func TestTrainStopsWhenAsked(t *testing.T) {
	x := shelves()
	tr := NewTrainer(Config{})
	from, to := x.Range()
	n := 0
	tr.Train(x, from, to, func() bool { n++; return n < 10 })
	if n != 10 {
		t.Errorf("asked %d times; want 10", n)
	}
	tr.Train(x, to+1, to, nil) // nothing new
}

func TestNewerSessionsAreMixedWithOlderOnes(t *testing.T) {
	x := shelves()
	from, to := x.Range()
	tr := NewTrainer(Config{Epochs: 1, Negatives: 16})
	turns := func(from, to uint32) (n uint32) {
		tr.Train(x, from, to, func() bool { n++; return true })
		return n
	}
	if n, want := turns(from, to-100), to-from-99; n != want {
		t.Errorf("%d sessions of the first part; want %d", n, want)
	}
	if n := turns(to-99, to); n != 200 {
		t.Errorf("%d sessions for 100 new ones; want as many of all again", n)
	}
}

func TestBoundOnItems(t *testing.T) {
	tr := NewTrainer(Config{Epochs: 1, MaxItems: 50})
	x := shelves()
	from, to := x.Range()
	tr.Train(x, from, to, nil)
	v := tr.Vectors()
	if v.Item(49) == nil || v.Item(50) != nil || v.Items() != 50 {
		t.Errorf("%d items have room for vectors; want 50", v.Items())
	}
}

func BenchmarkTrain(b *testing.B) {
	x := shelves()
	from, to := x.Range()
	tr := NewTrainer(Config{Epochs: 1})
	for b.Loop() {
		tr.Train(x, from, to, nil)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(x.Clicks()*3/4), "ns/example")
}

func BenchmarkSession(b *testing.B) {
	v := trained(shelves())
	var s [Dim]float32
	for b.Loop() {
		v.Session(&s, []uint32{3, 6, 9, 13, 16, 19, 3, 6, 9, 13, 16, 19})
	}
}

func TestSessionAllocatesNothing(t *testing.T) {
	v := trained(shelves())
	var s [Dim]float32
	clicks := []uint32{3, 6, 9, 13}
	if n := testing.AllocsPerRun(100, func() { v.Session(&s, clicks) }); n > 0 {
		t.Errorf("%g allocations", n)
	}
}
