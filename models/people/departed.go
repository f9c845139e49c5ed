package people

import (
	"errors"
	"math/bits"

	"orrery/models/intern"
	"orrery/models/slab"
)

// departed is the visitors who were forgotten, for knowing that one has come back: 32 bits of a keyed hash each, at a place that
// other bits of it say. There are two generations. When the newer one is full the older one makes room for a new one, twice as large as the
// newer up to departedCells.
//
// So the newest half of all who were forgotten is known for sure, and the newest half million at least where there were as many. Of
// visitors who never were there before one in a thousand million is taken for one who was. It takes 8 MiB at most, and next to nothing
// where nobody is forgotten.
type departed struct {
	seed   intern.Seed
	cells  [2]slab.Words // two cells a word: a tag, 0 where there is none, 1 of one who has come back
	full   [2]uint64     // cells that were filled
	newest uint32        // which of the generations
}

const (
	firstCells    = 1 << 10
	departedCells = 1 << 20 // of a generation; half of them are filled
	leftCell      = 1       // whoever was there has come back
)

// home returns where a key's cell is looked for first in so many cells, and its tag.
func (d *departed) home(key uint64, cells uint64) (cell uint64, tag uint32) {
	h := d.seed.Mix(key)
	return h >> (64 - bits.TrailingZeros64(cells)), max(uint32(h), leftCell+1)
}

func (d *departed) get(generation uint32, cell uint64) uint32 {
	return uint32(d.cells[generation].Load(cell/2) >> (32 * (cell % 2)))
}

func (d *departed) set(generation uint32, cell uint64, tag uint32) {
	words, shift := &d.cells[generation], 32*(cell%2)
	words.Set(cell/2, words.Load(cell/2)&^(0xffffffff<<shift)|uint64(tag)<<shift)
}

// add takes a visitor who was forgotten.
func (d *departed) add(key uint64) {
	if d.full[d.newest] >= d.cells[d.newest].Len() { // half of the cells, two of which are a word
		d.begin()
	}
	cells := 2 * d.cells[d.newest].Len()
	cell, tag := d.home(key, cells)
	for d.get(d.newest, cell) != 0 {
		cell = (cell + 1) & (cells - 1)
	}
	d.set(d.newest, cell, tag)
	d.full[d.newest]++
}

// begin begins a generation in the place of the older one.
func (d *departed) begin() {
	cells := max(firstCells, min(departedCells, 4*d.cells[d.newest].Len()))
	d.newest = 1 - d.newest
	words := &d.cells[d.newest]
	for i := range words.Len() {
		words.Set(i, 0)
	}
	words.Grow(cells / 2)
	d.full[d.newest] = 0
}

// take tells whether a visitor was forgotten, and takes it off those who were.
func (d *departed) take(key uint64) (was bool) {
	for generation := range d.cells {
		cells := 2 * d.cells[generation].Len()
		if cells == 0 {
			continue
		}
		g := uint32(generation)
		cell, tag := d.home(key, cells)
		for at := d.get(g, cell); at != 0; at = d.get(g, cell) {
			if at == tag {
				d.set(g, cell, leftCell)
				was = true
			}
			cell = (cell + 1) & (cells - 1)
		}
	}
	return was
}

func (d *departed) bytes() uint64 { return d.cells[0].Bytes() + d.cells[1].Bytes() }

// check tells whether what was read can be gone on with: a search ends at a free cell.
func (d *departed) check() error {
	for generation := range d.cells {
		cells := 2 * d.cells[generation].Len()
		if cells > departedCells || cells&(cells-1) != 0 || 2*d.full[generation] > cells {
			return errors.New("its tables have no size that there is")
		}
		free := uint64(0)
		for cell := range cells {
			if d.get(uint32(generation), cell) == 0 {
				free++
			}
		}
		if cells > 0 && free == 0 {
			return errors.New("its tables are full")
		}
	}
	if d.newest > 1 {
		return errors.New("there are two generations")
	}
	return nil
}
