package files

import "github.com/cespare/xxhash/v2"

// distinct counts different texts exactly, by 64-bit hashes in an open-addressing table of 8 bytes a slot: 12 to 24
// bytes a text, and a chance of n^2/2^65 that two of n share a hash (3e-6 at ten million).
type distinct struct {
	slots []uint64 // 0 is empty
	n     int64
}

// maxDistinct bounds the table: 128 MB. Past it n is a lower bound.
const maxDistinct = 8 << 20

// add counts a text, the empty one not.
func (d *distinct) add(text []byte) {
	if len(text) == 0 || d.full() {
		return
	}
	if d.n*4 >= int64(len(d.slots))*3 {
		d.grow()
	}
	if d.put(max(xxhash.Sum64(text), 1)) {
		d.n++
	}
}

func (d *distinct) full() bool { return d.n >= maxDistinct }

func (d *distinct) put(h uint64) bool {
	mask := uint64(len(d.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch d.slots[i] {
		case h:
			return false
		case 0:
			d.slots[i] = h
			return true
		}
	}
}

func (d *distinct) grow() {
	old := d.slots
	d.slots = make([]uint64, max(1024, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			d.put(h)
		}
	}
}
