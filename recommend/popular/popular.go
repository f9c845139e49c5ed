// Package popular knows what sells and what rises, per shop and per category.
//
// Every product has three fading counts (forward decay): orders with half-life 30 days for bestsellers, and views with
// half-lives of 6 hours and 7 days for trends. A scope (a shop, or a category with all above it) keeps the 64 products
// of the largest count; since stored weights only ever grow, the list is exact, not an approximation.
//
// A product trends when its fast count is more than its slow count lets expect: with e the count that a steady stream
// of views would leave in the fast counter, the score is (fast-e)/sqrt(e+1), deviations of a Poisson count.
package popular

import (
	"io"
	"math"
	"sync/atomic"

	"orrery/models"
	"orrery/models/decay"
	"orrery/models/slab"
)

// Half-lives of the counts. Six hours follow the day's fashion without following every minute; the ratio of the slow to
// the fast one is what "usual" means in a trend.
const (
	sellHalfLife = 30 * models.Day
	fastHalfLife = 6 * models.Hour
	slowHalfLife = 7 * models.Day
)

// top is the number of products kept per scope and list.
const top = 64

// The words of a product.
const (
	pSold  = iota // float32 orders<<32 | float32 slow views
	pViews        // float32 fast views
	productWords
)

// The lists of a scope.
const (
	listSold = iota
	listViewed
	lists
)

// Counts is the popularity of all products.
type Counts struct {
	sell, fast, slow *decay.Clock
	products         slab.Words
	scopes           slab.Words // scope*lists+list: offset of its list, 0 where it has none
	tops             slab.Words // top words: product<<32 | float32 weight
}

// New returns empty counts. Without decay (for exact comparisons) nothing fades and nothing trends.
func New(withDecay bool) *Counts {
	c := &Counts{sell: decay.NewClock(0), fast: decay.NewClock(0), slow: decay.NewClock(0)}
	if withDecay {
		c.sell, c.fast, c.slow = decay.NewClock(sellHalfLife), decay.NewClock(fastHalfLife), decay.NewClock(slowHalfLife)
	}
	c.tops.Grow(top) // place 0 stays unused
	return c
}

func halves(word uint64) (hi, lo float32) {
	return math.Float32frombits(uint32(word >> 32)), math.Float32frombits(uint32(word))
}

func join(hi, lo float32) uint64 {
	return uint64(math.Float32bits(hi))<<32 | uint64(math.Float32bits(lo))
}

// Sold counts an order of product at moment t, in all its scopes.
func (c *Counts) Sold(product uint32, scopes []uint32, t models.Time) {
	w, rescale := c.sell.Weight(t)
	if rescale != 1 {
		c.rescale(listSold, rescale, 1, 1)
	}
	at := c.word(product, pSold)
	sold, slow := halves(c.products.Load(at))
	c.products.Set(at, join(sold+w, slow))
	for _, s := range scopes {
		c.rise(s, listSold, product, sold+w)
	}
}

// Viewed counts a view of product at moment t, in all its scopes.
func (c *Counts) Viewed(product uint32, scopes []uint32, t models.Time) {
	w, rescale := c.fast.Weight(t)
	if rescale != 1 {
		c.rescale(listViewed, 1, rescale, 1)
	}
	ws, rescale := c.slow.Weight(t)
	if rescale != 1 {
		c.rescale(-1, 1, 1, rescale)
	}
	at := c.word(product, pSold)
	sold, slow := halves(c.products.Load(at))
	c.products.Set(at, join(sold, slow+ws))
	fast, _ := halves(c.products.Load(at + pViews))
	c.products.Set(at+pViews, join(fast+w, 0))
	for _, s := range scopes {
		c.rise(s, listViewed, product, fast+w)
	}
}

func (c *Counts) word(product uint32, w uint64) uint64 {
	at := uint64(product) * productWords
	c.products.Grow(at + productWords)
	return at + w
}

// rise enters the product's new weight into a list of a scope, if it belongs there.
func (c *Counts) rise(scope uint32, list int, product uint32, w float32) {
	handle := uint64(scope)*lists + uint64(list)
	c.scopes.Grow(handle + 1)
	place := c.scopes.Load(handle)
	if place == 0 {
		place = c.tops.Alloc(top)
		c.scopes.Set(handle, place)
	}
	block := c.tops.Edit(place, top)
	least, at := float32(math.MaxFloat32), 0
	for i, word := range block {
		if uint32(word>>32) == product || word == 0 {
			least, at = 0, i
			break
		}
		if _, x := halves(word); x < least {
			least, at = x, i
		}
	}
	if w > least {
		atomic.StoreUint64(&block[at], uint64(product)<<32|uint64(math.Float32bits(w)))
	}
}

// rescale multiplies the stored weights of one kind after its landmark has moved.
func (c *Counts) rescale(list int, sold, fast, slow float32) {
	for at := uint64(0); at < c.products.Len(); at += productWords {
		a, b := halves(c.products.Load(at + pSold))
		f, _ := halves(c.products.Load(at + pViews))
		c.products.Set(at+pSold, join(a*sold, b*slow))
		c.products.Set(at+pViews, join(f*fast, 0))
	}
	for handle := uint64(0); handle < c.scopes.Len(); handle++ {
		place := c.scopes.Load(handle)
		if place == 0 || int(handle%lists) != list {
			continue
		}
		block := c.tops.Edit(place, top)
		for i, word := range block {
			if word != 0 {
				_, w := halves(word)
				atomic.StoreUint64(&block[i], word&^0xffffffff|uint64(math.Float32bits(w*sold*fast)))
			}
		}
	}
}

// Ranked is a product with the figures that rank it.
type Ranked struct {
	Product uint32
	Score   float32
	Count   float32 // orders or recent views, faded
}

// Bestsellers appends the best-selling products of a scope to dst, in no order.
func (c *Counts) Bestsellers(dst []Ranked, scope uint32, now models.Time) []Ranked {
	factor := c.sell.At(now)
	return c.read(dst, scope, listSold, func(product uint32, w float32) Ranked {
		return Ranked{Product: product, Score: w * factor, Count: w * factor}
	})
}

// MostViewed appends the most viewed products of a scope lately to dst, in no order.
func (c *Counts) MostViewed(dst []Ranked, scope uint32, now models.Time) []Ranked {
	factor := c.fast.At(now)
	return c.read(dst, scope, listViewed, func(product uint32, w float32) Ranked {
		return Ranked{Product: product, Score: w * factor, Count: w * factor}
	})
}

// Trending appends the products of a scope that are viewed more than usual to dst, in no order; Score is the number of
// standard deviations above the usual.
func (c *Counts) Trending(dst []Ranked, scope uint32, now models.Time) []Ranked {
	fast, slow := c.fast.At(now), c.slow.At(now)
	return c.read(dst, scope, listViewed, func(product uint32, w float32) Ranked {
		_, views := halves(c.products.Load(uint64(product)*productWords + pSold))
		usual := views * slow * float32(fastHalfLife) / float32(slowHalfLife)
		n := w * fast
		return Ranked{Product: product, Score: (n - usual) / float32(math.Sqrt(float64(usual)+1)), Count: n}
	})
}

func (c *Counts) read(dst []Ranked, scope uint32, list int, rank func(product uint32, w float32) Ranked) []Ranked {
	handle := uint64(scope)*lists + uint64(list)
	if handle >= c.scopes.Len() {
		return dst
	}
	place := c.scopes.Load(handle)
	if place == 0 {
		return dst
	}
	block := c.tops.Block(place, top)
	for i := range block {
		if word := atomic.LoadUint64(&block[i]); word != 0 {
			_, w := halves(word)
			dst = append(dst, rank(uint32(word>>32), w))
		}
	}
	return dst
}

// Bytes returns the memory held, in bytes.
func (c *Counts) Bytes() uint64 { return c.products.Bytes() + c.scopes.Bytes() + c.tops.Bytes() }

// Freeze returns the counts of this moment for a snapshot.
func (c *Counts) Freeze() *slab.Parts {
	head := slab.Numbers{uint64(c.sell.Landmark()), uint64(c.fast.Landmark()), uint64(c.slow.Landmark())}
	return slab.Join(head, c.products.Freeze(), c.scopes.Freeze(), c.tops.Freeze())
}

// ReadFrom replaces the counts by what Freeze wrote. It must not run beside readers.
func (c *Counts) ReadFrom(r io.Reader) (int64, error) {
	head := make(slab.Numbers, 3)
	n, err := slab.ReadAll(r, head, &c.products, &c.scopes, &c.tops)
	if err != nil {
		return n, err
	}
	c.sell.Restore(models.Time(head[0]))
	c.fast.Restore(models.Time(head[1]))
	c.slow.Restore(models.Time(head[2]))
	c.tops.Grow(top)
	return n, nil
}
