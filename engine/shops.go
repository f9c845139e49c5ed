package engine

import (
	"bytes"
	"fmt"
	"io"
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
	grown := make([]*T, max(int(shop)+1, len(b.all())))
	copy(grown, b.all())
	grown[shop] = fresh()
	b.list.Store(&grown)
	return grown[shop]
}

// maxShops bounds the shops of a state, where they are made and where a snapshot is read. The tables of forecasts have 24 bits
// for a shop.
const maxShops = 1 << 20

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

// freezeShops returns all as pieces of a snapshot, each so many numbers: those that freeze gives, of which the first is not 0,
// or zeros.
func (b *byShop[T]) freezeShops(words int, freeze func(*T) slab.Numbers) (parts []io.WriterTo) {
	for _, x := range b.all() {
		n := make(slab.Numbers, words)
		if x != nil {
			copy(n, freeze(x))
		}
		parts = append(parts, n)
	}
	return parts
}

// readShops replaces all by so many as freezeShops wrote; thaw makes one of its numbers.
func (b *byShop[T]) readShops(r io.Reader, shops uint64, words int, thaw func(slab.Numbers) *T) (read int64, err error) {
	if shops > maxShops {
		return 0, fmt.Errorf("cannot read what is known of %d shops", shops)
	}
	all := make([]*T, shops)
	for i := range all {
		n := make(slab.Numbers, words)
		k, err := n.ReadFrom(r)
		if read += k; err != nil {
			return read, err
		}
		if n[0] != 0 {
			all[i] = thaw(n)
		}
	}
	b.list.Store(&all)
	return read, nil
}
