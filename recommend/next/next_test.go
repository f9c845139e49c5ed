package next

import (
	"bytes"
	"sync"
	"testing"

	"orrery/models/slab"
	"orrery/recommend/embedding"
	"orrery/recommend/session"
)

// shop is a recommender after some sessions along chains of items: i, i+1, i+2, i+3 within one of 50 chains of 10.
func shop(learn bool) (*Recommender, *Scratch) {
	r, s := New(session.Config{Blocks: 1 << 14}), NewScratch()
	for v := range uint32(3000) {
		start := v * 2654435761 >> 16 % 50 * 10
		var row session.Row
		var clicks []uint32
		for i := range uint32(4 + v%3) {
			item := start + (v*7+i)%10
			if learn && v > 500 && v%4 == 0 && i > 0 {
				r.LearnBeside(s, row, clicks, item)
			}
			clicks = append(clicks, item)
			row = r.Click(row, item)
		}
	}
	return r, s
}

func TestRecommendsTheNextOfTheChain(t *testing.T) {
	r, s := shop(true)
	hits := 0
	for i := range uint32(100) {
		at := i % 50 * 10
		got := r.Recommend(s, nil, []uint32{at + i%7, at + i%7 + 1}, Options{N: 1})
		if len(got) == 1 && got[0].Item == at+i%7+2 {
			hits++
			if got[0].Because/10 != at/10 || got[0].Count == 0 {
				t.Errorf("item %d is explained by item %d and %d sessions", got[0].Item, got[0].Because, got[0].Count)
			}
		}
	}
	if hits < 95 {
		t.Errorf("%d of 100 chains continued", hits)
	}
}

func TestAllowIsAskedBeforePlacesAreGiven(t *testing.T) {
	r, s := shop(false)
	even := func(item uint32) bool { return item%2 == 0 }
	got := r.Recommend(s, nil, []uint32{3, 4}, Options{N: 30, Allow: even})
	if len(got) != 30 {
		t.Fatalf("got %d items; want the 30 places filled", len(got))
	}
	for _, it := range got {
		if it.Item%2 == 1 {
			t.Errorf("item %d was recommended though it is not allowed", it.Item)
		}
	}
}

func TestUnknownVisitorGetsPopularItems(t *testing.T) {
	r, s := shop(false)
	f := func(clicks ...uint32) {
		t.Helper()
		got := r.Recommend(s, nil, clicks, Options{N: 10})
		seen := map[uint32]bool{}
		for _, it := range got {
			seen[it.Item] = true
		}
		if len(seen) != 10 {
			t.Errorf("got %d distinct items for %v; want 10", len(seen), clicks)
		}
	}
	f()
	f(99_999)
	f(1)
}

func TestEmptyShop(t *testing.T) {
	r, s := New(session.Config{}), NewScratch()
	if got := r.Recommend(s, nil, nil, Options{}); len(got) != 0 {
		t.Errorf("got %v from nothing", got)
	}
	if got := r.Recommend(s, nil, []uint32{5}, Options{}); len(got) != 1 || got[0].Item != 5 {
		t.Errorf("got %v; want the visitor's own item", got)
	}
	if rank := r.Learn(s, nil, 3); rank != 0 {
		t.Errorf("rank %d among no candidates", rank)
	}
}

func TestAllocations(t *testing.T) {
	r, s := shop(true)
	tr := embedding.NewTrainer(embedding.Config{Epochs: 1})
	from, to := r.Index().Range()
	tr.Train(r.Index(), from, to, nil)
	r.SetVectors(tr.Vectors())
	dst, clicks := make([]Item, 0, 20), []uint32{1, 2, 3}
	if n := testing.AllocsPerRun(50, func() { dst = r.Recommend(s, dst[:0], clicks, Options{}) }); n != 0 {
		t.Errorf("a recommendation allocates %g times", n)
	}
}

func TestFreezeRestore(t *testing.T) {
	r, s := shop(true)
	var state bytes.Buffer
	if _, err := slab.Join(r.index.Links().Freeze(), r.index.Freeze(), r.FreezeModel()).WriteTo(&state); err != nil {
		t.Fatal(err)
	}
	back := New(session.Config{Blocks: 1 << 14})
	if _, err := slab.ReadAll(&state, back.index.Links(), back.index); err != nil {
		t.Fatal(err)
	}
	if err := back.RestoreModel(&state); err != nil {
		t.Fatal(err)
	}
	r.publish()
	for i := range uint32(50) {
		clicks := []uint32{i * 10, i*10 + 1}
		a, b := r.Recommend(s, nil, clicks, Options{}), back.Recommend(s, nil, clicks, Options{})
		for k := range a {
			if a[k] != b[k] {
				t.Fatalf("place %d for %v: %+v; want %+v", k, clicks, b[k], a[k])
			}
		}
	}
}

func TestReadersBesideTheWriter(t *testing.T) {
	r, learner := shop(false)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for g := range uint32(2) {
		readers.Go(func() {
			s := NewScratch()
			var dst []Item
			for i := g; ; i++ {
				select {
				case <-done:
					return
				default:
					dst = r.Recommend(s, dst[:0], []uint32{i % 500, i * 3 % 500}, Options{})
				}
			}
		})
	}
	readers.Go(func() {
		tr := embedding.NewTrainer(embedding.Config{Epochs: 1, Negatives: 16})
		from, to := r.Index().Range()
		tr.Train(r.Index(), from, to, nil)
		r.SetVectors(tr.Vectors())
	})
	var row session.Row
	for i := range uint32(3000) {
		clicks := []uint32{i % 500, (i + 1) % 500}
		if i%5 == 0 {
			r.LearnBeside(learner, row, clicks, (i+2)%500)
			row = 0
		}
		row = r.Click(row, (i+2)%500)
	}
	close(done)
	readers.Wait()
}
