package serve

import (
	"strings"
	"sync"
	"testing"
	"time"

	"orrery/models"
)

// slow is a recommender whose personal frames wait until they are let go.
type slow struct {
	*fake
	entered chan struct{}
	release chan struct{}
}

func (k *slow) Frame(q *models.FrameQuery, into *models.Frame) error {
	if len(q.Visitor) > 0 {
		k.entered <- struct{}{}
		<-k.release
		into.Truncated = q.DeadlineExceeded()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	into.Name, into.Items = string(q.Frame), append(into.Items[:0], k.items...)
	return nil
}

func newCall(visitor, frame string) *call {
	c := &call{}
	c.query = models.FrameQuery{Frame: []byte(frame), Visitor: []byte(visitor), N: 8}
	return c
}

// Above the bounds a frame is for nobody in particular, and marked; without one there is a 503; when the crowd has gone,
// all is as before.
func TestGate(t *testing.T) {
	k := &slow{newFake(), make(chan struct{}, 8), make(chan struct{})}
	s, _ := newStillServer(t)
	s.deps.Recommender, s.cfg.FrameBudget = k, time.Hour
	s.gate = newGate(2, 1, 20*time.Millisecond)
	var working sync.WaitGroup
	for range 2 {
		working.Go(func() {
			if f := s.ask(newCall("v", "for_you")); f != nil {
				t.Error(f)
			}
		})
		<-k.entered
	}
	began, c := time.Now(), newCall("w", "for_you")
	if f := s.ask(c); f != nil || !c.frame.Truncated || len(c.frame.Items) == 0 {
		t.Fatalf("fault %v, cut %t, %d items", f, c.frame.Truncated, len(c.frame.Items))
	}
	if took := time.Since(began); took < 20*time.Millisecond {
		t.Errorf("it did not wait: %s", took)
	}
	if body := string(s.appendFrame(nil, c, time.Now())); !strings.Contains(body, `"degraded":true`) {
		t.Error(body)
	}
	s.gate.waiting.Store(1) // the queue is full: no wait, which would be for an hour
	s.gate.patience = time.Hour
	c = newCall("w", "for_you")
	c.query.Products = [][]byte{[]byte("SKU7")}
	if f := s.ask(c); f != nil || len(c.frame.Items) != 1 || string(c.frame.Items[0].Product.ID) == "SKU7" {
		t.Errorf("fault %v, %d items: the product asked about must not come back", f, len(c.frame.Items))
	}
	if f := s.ask(newCall("w", "nonsense")); f == nil || f.status != 503 {
		t.Errorf("a frame that does not exist: %v", f)
	}
	s.gate.waiting.Store(0)
	close(k.release)
	working.Wait()
	c = newCall("v", "for_you")
	if f := s.ask(c); f != nil || c.frame.Truncated {
		t.Errorf("fault %v, cut %t after the crowd has gone", f, c.frame.Truncated)
	}
	if d, r := s.metrics.degraded.Load(), s.metrics.refused.Load(); d != 2 || r != 1 {
		t.Errorf("%d degraded, %d refused", d, r)
	}
}

// A frame that takes longer than its budget is answered with what it has, and marked.
func TestBudget(t *testing.T) {
	k := &slow{newFake(), make(chan struct{}, 1), make(chan struct{})}
	s, _ := newStillServer(t)
	s.deps.Recommender, s.cfg.FrameBudget = k, time.Nanosecond
	close(k.release)
	c := newCall("v", "for_you")
	if f := s.ask(c); f != nil || !c.frame.Truncated || len(c.frame.Items) != 2 {
		t.Errorf("fault %v, cut %t, %d items", f, c.frame.Truncated, len(c.frame.Items))
	}
}

// terse is a recommender that tells of products no more than was asked for.
type terse struct{ *fake }

func (k terse) Frame(q *models.FrameQuery, into *models.Frame) error {
	err := k.fake.Frame(q, into)
	for i := range into.Items {
		if p := &into.Items[i].Product; q.Brief {
			*p = models.Product{ID: p.ID, JSON: p.JSON}
		}
	}
	return err
}

// A mail that is written while there is too much to do shows products as ever.
func TestDegradedMail(t *testing.T) {
	s, _ := newStillServer(t)
	s.deps.Recommender = terse{newFake()}
	s.gate = newGate(1, 1, time.Nanosecond)
	if !s.gate.enter() {
		t.Fatal("the gate is shut")
	}
	c := newCall("", "for_you")
	if f := s.ask(c); f != nil || !c.frame.Truncated {
		t.Fatalf("fault %v, cut %t", f, c.frame.Truncated)
	}
	body := string(appendMail(nil, &c.frame))
	for _, want := range []string{`<a href="https://shop/p/7"`, `src="https://shop/i/7.jpg"`, ">Kettle</div>", "19.90&nbsp;EUR"} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing in\n%s", want, body)
		}
	}
}
