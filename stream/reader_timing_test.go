package stream

import (
	"context"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// TestProofReaders says what two readers cost a pipeline that catches up as fast as it can, in turns with and without them: readers
// that rest, as consumers in the server's process do, and readers that do not.
func TestProofReaders(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("ORRERY_READER_EVENTS"))
	if n == 0 {
		t.Skip("ORRERY_READER_EVENTS says of how many events")
	}
	_, c := startBroker(t, t.TempDir(), 4)
	fill(t, c, n)
	rest := func() { time.Sleep(20 * time.Millisecond) } // a batch in 20 ms: 12,800 events a second
	kinds := []struct {
		name    string
		readers int
		rest    func()
	}{{"alone", 0, nil}, {"two that rest", 2, rest}, {"two at full speed", 2, nil}}
	took := make([][]float64, len(kinds))
	for range 5 {
		for k, kind := range kinds {
			took[k] = append(took[k], besides(t, c, n, kind.readers, kind.rest).Seconds())
		}
	}
	for k, kind := range kinds {
		slices.Sort(took[k])
		median := took[k][len(took[k])/2]
		t.Logf("%-18s %.2f s, %.0f events/s, %.3f of alone", kind.name, median, float64(n)/median, took[0][len(took[0])/2]/median)
	}
}

// besides returns how long a pipeline takes to read n events while readers read the same.
func besides(t *testing.T, c Cluster, n, readers int, rest func()) time.Duration {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for range readers {
		r, err := OpenReader(ctx, ReaderConfig{Cluster: c, Rest: rest})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			defer r.Close()
			if err := r.Run(ctx, func([]Record) error { return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	m := &idle{}
	began := time.Now()
	p := run(t, Config{Cluster: c, Machine: m})
	if err := p.WaitCaughtUp(testContext(t)); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	if m.n != n {
		t.Fatalf("the pipeline took %d of %d", m.n, n)
	}
	return took
}
