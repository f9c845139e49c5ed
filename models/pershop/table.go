// Package pershop is a table with one entry a shop, made when it is first needed: what a model has learned of each. Finding one is
// a load and an index. One goroutine makes entries, any number find them.
package pershop

import (
	"fmt"
	"io"
	"slices"
	"sync/atomic"

	"orrery/models/slab"
)

// Table is what is known of every shop, a T each.
type Table[T any] struct{ list atomic.Pointer[[]*T] }

// All returns what there is, by shop: nil for a shop of which nothing is known. Any goroutine may call it.
func (b *Table[T]) All() []*T {
	if list := b.list.Load(); list != nil {
		return *list
	}
	return nil
}

// Find returns what is known of a shop, or nil. Any goroutine may call it.
func (b *Table[T]) Find(shop uint32) *T {
	if all := b.All(); int(shop) < len(all) {
		return all[shop]
	}
	return nil
}

// Get returns what is known of a shop, for the writer: a fresh one where nothing is.
func (b *Table[T]) Get(shop uint32, fresh func() *T) *T {
	if x := b.Find(shop); x != nil {
		return x
	}
	x := fresh()
	b.Put(shop, x)
	return x
}

// Put sets what is known of a shop. A place past the end is nobody's to read yet; one before it is, so that the list is copied.
func (b *Table[T]) Put(shop uint32, x *T) {
	list := b.All()
	if n := len(list); int(shop) >= n {
		list = append(list, make([]*T, int(shop)+1-n)...)
	} else {
		list = slices.Clone(list)
	}
	list[shop] = x
	b.list.Store(&list)
}

// Known returns how many shops something is known of.
func (b *Table[T]) Known() (n uint64) {
	for _, x := range b.All() {
		if x != nil {
			n++
		}
	}
	return n
}

// Most bounds the shops of a state, where they are made and where a snapshot is read. The tables of forecasts have 24 bits
// for a shop, those of visits 20.
const Most = 1<<20 - 1

// Freeze returns all as pieces of a snapshot: of how many shops something is known, and of each its number and what freeze
// gives.
func (b *Table[T]) Freeze(freeze func(*T) slab.Numbers) []io.WriterTo {
	parts := []io.WriterTo{slab.Numbers{b.Known()}}
	for shop, x := range b.All() {
		if x != nil {
			parts = append(parts, append(slab.Numbers{uint64(shop)}, freeze(x)...))
		}
	}
	return parts
}

// Read replaces all by what Freeze wrote; thaw makes one of its numbers, of which there are so many.
func (b *Table[T]) Read(r io.Reader, words int, thaw func(slab.Numbers) *T) error {
	return Each(r, func(shop uint32) error {
		n := make(slab.Numbers, words)
		if _, err := n.ReadFrom(r); err != nil {
			return err
		}
		b.Put(shop, thaw(n))
		return nil
	})
}

// Each reads how many shops follow, and calls read with the number of each.
func Each(r io.Reader, read func(shop uint32) error) error {
	word := make(slab.Numbers, 1)
	if _, err := word.ReadFrom(r); err != nil {
		return err
	}
	for left, next := word[0], uint64(0); left > 0; left-- {
		if _, err := word.ReadFrom(r); err != nil {
			return err
		}
		if word[0] < next || word[0] > Most {
			return fmt.Errorf("cannot read what is known of shop %d: it is damaged", word[0])
		}
		next = word[0] + 1
		if err := read(uint32(word[0])); err != nil {
			return err
		}
	}
	return nil
}

// Read10 reads a list as version 10 of the sections wrote it: of every shop so many numbers, of which the first is 0 where
// nothing was known.
func (b *Table[T]) Read10(r io.Reader, shops uint64, words int, thaw func(slab.Numbers) *T) error {
	if shops > Most+1 {
		return fmt.Errorf("cannot read what is known of %d shops", shops)
	}
	for shop := range uint32(shops) {
		n := make(slab.Numbers, words)
		if _, err := n.ReadFrom(r); err != nil {
			return err
		}
		if n[0] != 0 {
			b.Put(shop, thaw(n))
		}
	}
	return nil
}
