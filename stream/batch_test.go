package stream

import "testing"

// A batch that was full lets go of what its events were read from when the stream slows down, and not before.
func TestBatchLetsGo(t *testing.T) {
	b := newBatch(batchEvents)
	fill := func(n int) {
		for range n {
			if err := b.events[b.used].Decode([]byte(`{"event":"page_view","visitor":"v","time":"2026-01-01T00:00:00Z"}`), 0); err != nil {
				t.Fatal(err)
			}
			b.used++
		}
		b.reset()
	}
	held := func() (n int) {
		for i := range b.events {
			if b.events[i].Visitor != nil {
				n++
			}
		}
		return n
	}
	for _, step := range []struct{ events, held int }{{100, 100}, {3, 100}, {batchEvents, batchEvents}, {batchEvents / 2, batchEvents}, {2, 2}, {5, 5}} {
		if fill(step.events); held() != step.held {
			t.Errorf("after a batch of %d events, %d hold on to what they were read from; want %d", step.events, held(), step.held)
		}
	}
}
