package engine

import (
	"fmt"
	"io"
	"sync/atomic"

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

// maxShops bounds what a damaged snapshot can make a restore allocate.
const maxShops = 1 << 20

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
