package frame

import (
	"sync"
	"sync/atomic"

	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/condition"
)

// verdicts keeps which products meet which conditions of a shop: a row of bits a product, made when a request first comes to it, and forgotten
// when the product changes. So a request tests bits and evaluates nothing. Many products have the same row, which is kept once: it is eight
// bytes a product, in pages of those that were asked for.
type verdicts struct {
	conditions []*condition.Condition
	shelf      *catalogue.Catalogue
	pages      [bitPages]atomic.Pointer[bitPage]
	machines   sync.Pool

	rows  atomic.Pointer[[][]uint64] // only grows
	mu    sync.Mutex
	byRow map[string]uint32 // place in rows + 1
	full  atomic.Uint64     // rows that found no room, and were evaluated at each question
}

const (
	bitPages   = 1 << 12
	bitPerPage = 1 << 12
	maxRows    = 1 << 17
)

// bitPage has a word a product: in its upper half how often it has changed, in its lower one the place of its row + 1, 0 where none is made.
type bitPage [bitPerPage]atomic.Uint64

func newVerdicts(conditions []*condition.Condition, shelf *catalogue.Catalogue) *verdicts {
	b := &verdicts{conditions: conditions, shelf: shelf, byRow: map[string]uint32{}}
	b.machines.New = func() any { return new(condition.Machine) }
	b.rows.Store(new([][]uint64))
	return b
}

// test tells whether a product meets a condition, by its number.
func (b *verdicts) test(item uint32, condition int) bool {
	return b.row(item)[condition/64]>>(condition%64)&1 != 0
}

// row returns the bits of a product.
func (b *verdicts) row(item uint32) []uint64 {
	if item >= bitPages*bitPerPage {
		return b.evaluate(item)
	}
	page := b.pages[item/bitPerPage].Load()
	if page == nil {
		// It is there before the product is read: who changes it meanwhile finds it, and the row is not kept.
		fresh := new(bitPage)
		if page = fresh; !b.pages[item/bitPerPage].CompareAndSwap(nil, fresh) {
			page = b.pages[item/bitPerPage].Load()
		}
	}
	word := &page[item%bitPerPage]
	was := word.Load()
	if n := uint32(was); n != 0 {
		return (*b.rows.Load())[n-1]
	}
	row := b.evaluate(item)
	if n := b.place(row); n != 0 {
		word.CompareAndSwap(was, was|uint64(n))
	}
	return row
}

// clear forgets the row of a product that has changed. The applying goroutine calls it, after the change.
func (b *verdicts) clear(item uint32) {
	if item >= bitPages*bitPerPage {
		return
	}
	page := b.pages[item/bitPerPage].Load()
	if page == nil {
		return
	}
	for word := &page[item%bitPerPage]; ; {
		was := word.Load()
		if word.CompareAndSwap(was, (was>>32+1)<<32) {
			return
		}
	}
}

// place returns where a row is kept + 1, 0 where there is no room for another one.
func (b *verdicts) place(row []uint64) uint32 {
	key := make([]byte, 0, 8*len(row))
	for _, w := range row {
		for i := range 8 {
			key = append(key, byte(w>>(8*i)))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.byRow[string(key)]
	if n == 0 {
		rows := *b.rows.Load()
		if len(rows) == maxRows {
			b.full.Add(1)
			return 0
		}
		rows = append(rows, row) // past the end of what anybody reads
		n = uint32(len(rows))
		b.rows.Store(&rows)
		b.byRow[string(key)] = n
	}
	return n
}

// evaluate asks all conditions about a product.
func (b *verdicts) evaluate(item uint32) []uint64 {
	row := make([]uint64, (len(b.conditions)+63)/64)
	m := b.machines.Get().(*condition.Machine)
	p := subject(b.shelf, item)
	for i, c := range b.conditions {
		if c.Holds(m, &p) {
			row[i/64] |= 1 << (i % 64)
		}
	}
	b.machines.Put(m)
	return row
}

// subject returns what a condition may say of a product.
func subject(shelf *catalogue.Catalogue, item uint32) condition.Product {
	var p models.Product
	shelf.Whole(item, &p)
	s := condition.Product{
		ID: string(p.ID), Title: string(p.Title), Brand: string(p.Brand), Category: string(p.Category), Currency: string(p.Currency),
		OnSale: p.Sale > 0, HasPrice: p.Price > 0, HasStock: p.HasPieces, Stock: float64(p.Pieces), Attributes: map[string]string{},
	}
	s.Price, s.FullPrice = money(p.Price), money(p.Price)
	if p.Sale > 0 {
		s.Price = money(p.Sale)
		s.Discount = 1 - float64(p.Sale)/float64(p.Price)
	}
	models.Members(p.Attributes, func(name []byte, v models.Value) bool {
		text, _, ok := v.Text(nil)
		if !ok {
			text = v
		}
		if len(text) > 0 && string(v) != "null" {
			s.Attributes[string(name)] = string(text)
		}
		return true
	})
	return s
}

func money(m models.Money) float64 { return float64(m) / 1e6 }
