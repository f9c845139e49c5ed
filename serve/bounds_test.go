package serve

import (
	"testing"
	"time"

	"orrery/models"
)

// Who finds the queue of the gate full is refused at once: with a patience of an hour the test would not end otherwise.
func TestGateQueueIsBounded(t *testing.T) {
	g := newGate(1, 2, time.Hour)
	if !g.enter() {
		t.Fatal("a free place is refused")
	}
	entered := make(chan bool)
	for range 2 {
		go func() { entered <- g.enter() }()
	}
	for g.waiting.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	refused := make(chan bool)
	go func() { refused <- g.enter() }()
	select {
	case in := <-refused:
		if in {
			t.Error("the third in the queue is let in")
		}
	case <-time.After(time.Minute):
		t.Fatal("the third in the queue waits")
	}
	for range 2 {
		g.leave()
		if !<-entered {
			t.Error("who waits for a place that is given up is refused")
		}
	}
	if waited := g.waited.Load(); waited != 2 {
		t.Errorf("%d have waited, not 2", waited)
	}
}

// A frame for nobody in particular is made anew when it is a second old, not before; past a number of shops all are.
func TestFallbackIsBounded(t *testing.T) {
	var f fallback
	asked := 0
	ask := func() []models.FrameItem { asked++; return make([]models.FrameItem, asked) }
	age := func(by time.Duration) { f.shops["a"].at = time.Now().Add(-by) }
	if got := f.get("a", ask); len(got) != 1 {
		t.Fatalf("%d items at first", len(got))
	}
	age(-time.Hour)
	if got := f.get("a", ask); len(got) != 1 || asked != 1 {
		t.Errorf("a fresh one is made anew: asked %d times", asked)
	}
	age(1100 * time.Millisecond)
	if got := f.get("a", ask); len(got) != 2 || asked != 2 {
		t.Errorf("an old one is not made anew: asked %d times", asked)
	}
	for n := range 1000 {
		f.get(string(rune('α'+n)), ask)
		if len(f.shops) > fallbackShops+1 {
			t.Fatalf("frames of %d shops are kept", len(f.shops))
		}
	}
}
