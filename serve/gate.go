package serve

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"orrery/models"
)

// gate bounds how many frames are worked on at once. Those above it wait in a short queue, for a short time; who finds
// the queue full or waits in vain gets a frame that takes no work (see fallback). So a server that is asked for more than it
// can do answers everybody in time, with less.
type gate struct {
	slots    chan struct{}
	queue    int32
	patience time.Duration

	waiting atomic.Int32
	waited  atomic.Uint64 // requests that had to wait
}

func newGate(atWork, queue int, patience time.Duration) *gate {
	return &gate{slots: make(chan struct{}, atWork), queue: int32(queue), patience: patience}
}

// enter takes a place, or reports that there is none to be had in time.
func (g *gate) enter() bool {
	select {
	case g.slots <- struct{}{}:
		return true
	default:
	}
	defer g.waiting.Add(-1)
	if g.waiting.Add(1) > g.queue {
		return false
	}
	g.waited.Add(1)
	timer := time.NewTimer(g.patience)
	defer timer.Stop()
	select {
	case g.slots <- struct{}{}:
		return true
	case <-timer.C:
		return false
	}
}

func (g *gate) leave() { <-g.slots }

// fallback keeps, by shop, a frame for nobody in particular. It is asked for when it is needed, once a second at most.
type fallback struct {
	mu    sync.Mutex
	shops map[string]*fallbackFrame
}

type fallbackFrame struct {
	items []models.FrameItem // never changed
	at    time.Time
	busy  bool // somebody asks for a newer one
}

const (
	fallbackFor   = time.Second
	fallbackItems = 50
	fallbackShops = 256
)

// get returns the items of a shop; ask makes them where they are old. Whoever comes while somebody does takes the old ones.
func (f *fallback) get(shop string, ask func() []models.FrameItem) []models.FrameItem {
	f.mu.Lock()
	if f.shops == nil || len(f.shops) > fallbackShops {
		f.shops = map[string]*fallbackFrame{}
	}
	kept := f.shops[shop]
	if kept == nil {
		kept = &fallbackFrame{}
		f.shops[shop] = kept
	}
	if kept.busy || time.Since(kept.at) < fallbackFor {
		defer f.mu.Unlock()
		return kept.items
	}
	kept.busy = true
	f.mu.Unlock()
	var items []models.FrameItem
	defer func() {
		f.mu.Lock()
		kept.items, kept.at, kept.busy = items, time.Now(), false
		f.mu.Unlock()
	}()
	items = ask()
	return items
}

// degrade fills c.frame with what is trending, for nobody in particular, or reports that there is nothing.
func (s *Server) degrade(c *call) bool {
	q := &c.query
	items := s.fallback.get(string(q.Shop), func() []models.FrameItem {
		return s.anybodys(q.Shop, q.Now)
	})
	n := q.N
	if n <= 0 {
		n = s.cfg.DegradedItems
	}
	c.frame.Name, c.frame.Items, c.frame.Truncated = "", c.frame.Items[:0], true
	for i := range items {
		id := items[i].Product.ID
		is := func(other []byte) bool { return bytes.Equal(id, other) }
		if !slices.ContainsFunc(q.Products, is) && !slices.ContainsFunc(q.Exclude, is) {
			c.frame.Items = append(c.frame.Items, items[i])
		}
	}
	permitted, known := s.deps.Recommender.Permit(q, c.frame.Items)
	c.frame.Items = permitted[:min(n, len(permitted))]
	return known && len(c.frame.Items) > 0
}

// anybodys asks for the trends of a shop and copies them.
func (s *Server) anybodys(shop []byte, now models.Time) []models.FrameItem {
	q := models.FrameQuery{Shop: shop, N: min(fallbackItems, s.cfg.MaxItems), Now: now} // not brief: a mail shows more
	var f models.Frame
	for _, name := range []string{s.cfg.TrendFrame, "bestsellers", "most_viewed"} {
		q.Frame = []byte(name)
		if s.deps.Recommender.Frame(&q, &f) == nil && len(f.Items) > 0 {
			break
		}
	}
	items := slices.Clone(f.Items)
	for i := range items {
		p := &items[i].Product
		for _, text := range []*[]byte{&items[i].Evidence.ID, &p.ID, &p.JSON, &p.Title, &p.URL, &p.Image, &p.Currency, &p.Brand, &p.Category} {
			*text = bytes.Clone(*text)
		}
	}
	return items
}
