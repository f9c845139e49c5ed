package stream

import (
	"fmt"
	"sync"
	"testing"

	"orrery/models"
	"orrery/models/flood"
	"orrery/models/intern"
)

// probes returns how many buckets of the sets are looked at to find every id once.
func (s *seen) probes() (n int) {
	for _, set := range s.sets {
		for i := range set.words.Len() {
			if h := set.words.Load(i); h != 0 {
				home, at := set.bucket(s.seed.Mix(h))/bucketWords, i/bucketWords
				n += int((at+set.buckets-home)%set.buckets) + 1
			}
		}
	}
	return n
}

// F11: ids of events made up to lie together cost no more than others.
func TestF11EventIDs(t *testing.T) {
	const ids = 50_000
	probes := func(seed uint64, n int, id func(i int) []byte) int {
		s := newSeen(DefaultRemembered, intern.SeedOf(seed))
		for i := range n {
			e := models.Event{ID: id(i), Trust: models.Public}
			if !s.add(e.IDHash()) {
				t.Fatalf("id %d is not new", i)
			}
		}
		return s.probes()
	}
	flood := flood.IDs(ids)
	crafted := func(i int) []byte { return flood[i] }
	other := func(i int) []byte { return fmt.Appendf(nil, "0192f6a0-%07x", i) }
	for seed := range uint64(3) {
		if a, b := probes(seed+1, ids, crafted), probes(seed+1, ids, other); 10*a > 12*b {
			t.Errorf("crafted ids take %d probes, others %d: want 1.2 times that at most", a, b)
		}
	}
	if n := probes(0, 2000, crafted); n < 50*2000 {
		t.Errorf("without a seed they take %d probes: they are no flood", n)
	}
}

// All who read a log get the same seed, whoever comes first and however many at once; it stays as it is.
func TestEnsureSeed(t *testing.T) {
	c, ctx := startLog(t, 2), testContext(t)
	seeds := make([]uint64, 6)
	var wg sync.WaitGroup
	for i := range seeds {
		wg.Go(func() {
			var err error
			if seeds[i], err = EnsureSeed(ctx, c, 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, s := range seeds {
		if s == 0 || s != seeds[0] {
			t.Fatalf("seeds %v, want one of a new log's", seeds)
		}
	}
	produce(t, c, events(1, 10))
	if again, err := EnsureSeed(ctx, c, 0); again != seeds[0] || err != nil {
		t.Errorf("later the seed is %d, %v, want %d", again, err, seeds[0])
	}
	if again, err := EnsureSeed(ctx, c, seeds[0]+1); again != seeds[0] || err != nil {
		t.Errorf("asked for another the seed is %d, %v, want %d", again, err, seeds[0])
	}
}

// A log from before there were seeds goes on without one; a new one may be given one.
func TestSeedOfOldAndNewLogs(t *testing.T) {
	ctx := testContext(t)
	old := startLog(t, 2)
	produce(t, old, events(1, 10))
	for _, want := range []uint64{5, 0} {
		if seed, err := EnsureSeed(ctx, old, want); seed != 0 || err != nil {
			t.Errorf("an old log has seed %d, %v", seed, err)
		}
	}
	if seed, err := EnsureSeed(ctx, startLog(t, 2), 5); seed != 5 || err != nil {
		t.Errorf("a new log has seed %d, %v, want 5", seed, err)
	}
}

// A state goes on with the seed that it was made with: a snapshot keeps it, and says nothing where it is of a time before
// seeds. What is known is known again.
func TestSnapshotKeepsSeed(t *testing.T) {
	records := hard(6, 300)
	for _, made := range []uint64{0, 77} {
		c, dir := startLog(t, 2), t.TempDir()
		produce(t, c, records)
		m := newLedger()
		p := run(t, Config{Cluster: c, Machine: m, Dir: dir, Seed: made})
		want := settle(t, p, m)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		if m.seed != made {
			t.Errorf("the machine was told seed %d, want %d", m.seed, made)
		}
		produce(t, c, records[:100]) // all again
		for _, now := range []uint64{made, 88} {
			m = newLedger()
			p = run(t, Config{Cluster: c, Machine: m, Dir: dir, Seed: now, crash: true})
			got := settle(t, p, m)
			if err := p.stop(); err != nil {
				t.Fatal(err)
			}
			if m.seed != made || got.State.String() != want.State.String() || got.Duplicates < want.Duplicates+50 {
				t.Errorf("a state of seed %d, restored in a log of %d: seed %d, %d duplicates, %v; want %v", made, now, m.seed, got.Duplicates, got.State, want.State)
			}
		}
		m = newLedger()
		p = run(t, Config{Cluster: c, Machine: m, Dir: dir, Seed: 88, Rebuild: true, crash: true})
		if got := settle(t, p, m); m.seed != 88 || got.State.String() != want.State.String() {
			t.Errorf("a rebuild has seed %d and %v, want 88 and %v", m.seed, got.State, want.State)
		}
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
	}
}
