package engine

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"orrery/models"
	"orrery/models/slab"
)

// byShop is what is known of every shop, a T each, made when it is first needed. One goroutine makes them, any number find
// them.
type byShop[T any] struct{ list atomic.Pointer[[]*T] }

// all returns what there is, by shop: nil for a shop of which nothing is known. Any goroutine may call it.
func (b *byShop[T]) all() []*T {
	if list := b.list.Load(); list != nil {
		return *list
	}
	return nil
}

// find returns what is known of a shop, or nil. Any goroutine may call it.
func (b *byShop[T]) find(shop uint32) *T {
	if all := b.all(); int(shop) < len(all) {
		return all[shop]
	}
	return nil
}

// get returns what is known of a shop, for the writer: a fresh one where nothing is.
func (b *byShop[T]) get(shop uint32, fresh func() *T) *T {
	if x := b.find(shop); x != nil {
		return x
	}
	x := fresh()
	b.put(shop, x)
	return x
}

// put sets what is known of a shop. A place past the end is nobody's to read yet; one before it is, so that the list is copied.
func (b *byShop[T]) put(shop uint32, x *T) {
	list := b.all()
	if n := len(list); int(shop) >= n {
		list = append(list, make([]*T, int(shop)+1-n)...)
	} else {
		list = slices.Clone(list)
	}
	list[shop] = x
	b.list.Store(&list)
}

// known returns how many shops something is known of.
func (b *byShop[T]) known() (n uint64) {
	for _, x := range b.all() {
		if x != nil {
			n++
		}
	}
	return n
}

// maxShops bounds the shops of a state, where they are made and where a snapshot is read. The tables of forecasts have 24 bits
// for a shop, those of visits 20.
const maxShops = 1<<20 - 1

// Admit implements stream.Machine: it makes the shop of an event, if there may be one more.
func (e *Engine) Admit(ev *models.Event) *models.Invalid {
	if e.shop(ev.Shop) != 0 {
		return nil
	}
	return &models.Invalid{Field: "shop", Code: models.NoRoom, Reason: fmt.Sprintf(
		"shop is one more than the %d that there may be: raise --shops.max and replay the dead letters", e.cfg.MaxShops)}
}

// shop returns the number of a shop, a new one where there may be one more, else 0. A bound that has been lowered since
// takes no shop away.
func (e *Engine) shop(name []byte) uint32 {
	if len(name) == 0 {
		name = []byte(models.DefaultShop)
	}
	if e.newest != 0 && bytes.Equal(e.shops.Name(e.newest), name) {
		return e.newest
	}
	number := e.shops.Find(0, name)
	if number == 0 && e.shops.Len() < e.cfg.MaxShops {
		number, _ = e.shops.Add(0, name)
	}
	if number != 0 {
		e.newest = number
	}
	return number
}

// freezeShops returns all as pieces of a snapshot: of how many shops something is known, and of each its number and what freeze
// gives.
func (b *byShop[T]) freezeShops(freeze func(*T) slab.Numbers) []io.WriterTo {
	parts := []io.WriterTo{slab.Numbers{b.known()}}
	for shop, x := range b.all() {
		if x != nil {
			parts = append(parts, append(slab.Numbers{uint64(shop)}, freeze(x)...))
		}
	}
	return parts
}

// readShops replaces all by what freezeShops wrote; thaw makes one of its numbers, of which there are so many.
func (b *byShop[T]) readShops(r io.Reader, words int, thaw func(slab.Numbers) *T) error {
	return eachShop(r, func(shop uint32) error {
		n := make(slab.Numbers, words)
		if _, err := n.ReadFrom(r); err != nil {
			return err
		}
		b.put(shop, thaw(n))
		return nil
	})
}

// eachShop reads how many shops follow, and calls read with the number of each.
func eachShop(r io.Reader, read func(shop uint32) error) error {
	word := make(slab.Numbers, 1)
	if _, err := word.ReadFrom(r); err != nil {
		return err
	}
	for left, next := word[0], uint64(0); left > 0; left-- {
		if _, err := word.ReadFrom(r); err != nil {
			return err
		}
		if word[0] < next || word[0] > maxShops {
			return fmt.Errorf("cannot read what is known of shop %d: it is damaged", word[0])
		}
		next = word[0] + 1
		if err := read(uint32(word[0])); err != nil {
			return err
		}
	}
	return nil
}

// readShops10 reads a list as version 10 of the sections wrote it: of every shop so many numbers, of which the first is 0 where
// nothing was known.
func (b *byShop[T]) readShops10(r io.Reader, shops uint64, words int, thaw func(slab.Numbers) *T) error {
	if shops > maxShops+1 {
		return fmt.Errorf("cannot read what is known of %d shops", shops)
	}
	for shop := range uint32(shops) {
		n := make(slab.Numbers, words)
		if _, err := n.ReadFrom(r); err != nil {
			return err
		}
		if n[0] != 0 {
			b.put(shop, thaw(n))
		}
	}
	return nil
}
