package social

import (
	"io"

	"orrery/models"
	"orrery/models/slab"
)

// Lengths of the windows.
const (
	Now     = 5 * models.Minute
	Lately  = 24 * models.Hour
	noCount = -1
)

// Proof is the social-proof counters of all products.
type Proof struct {
	viewing, viewed, carted, bought *Window
	floor                           int
}

// DefaultFloor is the smallest count that is shown: below it a number tells more about one person than about a product.
const DefaultFloor = 2

// NewProof returns empty counters that stay silent below floor (0: DefaultFloor).
func NewProof(floor int) *Proof {
	if floor <= 0 {
		floor = DefaultFloor
	}
	return &Proof{
		viewing: NewWindow(Now), viewed: NewWindow(Lately), carted: NewWindow(Lately), bought: NewWindow(Lately),
		floor: floor,
	}
}

// Viewed, Carted and Bought note what a visitor (32 bits of its hash) did to a product.
func (p *Proof) Viewed(product, visitor uint32, t models.Time) {
	p.viewing.Touch(product, visitor, t)
	p.viewed.Touch(product, visitor, t)
}

// Carted notes that a visitor put a product into the cart.
func (p *Proof) Carted(product, visitor uint32, t models.Time) { p.carted.Touch(product, visitor, t) }

// Bought notes that a visitor bought a product.
func (p *Proof) Bought(product, visitor uint32, t models.Time) { p.bought.Touch(product, visitor, t) }

// Forget takes a crawler's views and carts of a product back.
func (p *Proof) Forget(product, visitor uint32) {
	p.viewing.Forget(product, visitor)
	p.viewed.Forget(product, visitor)
	p.carted.Forget(product, visitor)
}

// Of returns the counters of a product at moment now, the visitor self left out; -1 below the floor.
func (p *Proof) Of(product, self uint32, now models.Time) models.Social {
	count := func(w *Window) int32 {
		if n := w.Count(product, self, now); n >= p.floor {
			return int32(n)
		}
		return noCount
	}
	return models.Social{
		ViewingNow: count(p.viewing), Viewed24h: count(p.viewed), Carted24h: count(p.carted), Bought24h: count(p.bought),
	}
}

// Bytes returns the memory held, in bytes.
func (p *Proof) Bytes() uint64 {
	return p.viewing.Bytes() + p.viewed.Bytes() + p.carted.Bytes() + p.bought.Bytes()
}

// Freeze returns the counters of this moment for a snapshot.
func (p *Proof) Freeze() *slab.Parts {
	return slab.Join(p.viewing.Freeze(), p.viewed.Freeze(), p.carted.Freeze(), p.bought.Freeze())
}

// ReadFrom replaces the counters by what Freeze wrote. It must not run beside readers.
func (p *Proof) ReadFrom(r io.Reader) (int64, error) {
	return slab.ReadAll(r, p.viewing, p.viewed, p.carted, p.bought)
}
