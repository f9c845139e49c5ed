package session

import "slices"

// Void takes the newest clicks of the visitor whose session is row out of the index: a burst, whose products are given in
// ascending order. It returns the row to go on from: what the visitor clicked before stays.
//
// Of a burst that has filled rows, the clicks in the last full one are taken out as well, but not those in another one before
// it. What the ranker has learned stays.
func (x *Index) Void(row Row, burst []uint32) Row {
	before := x.before(row)
	if row = x.voidRow(row, burst); before != 0 {
		if full := x.voidRow(rowBlock|Row(before), burst); row == 0 {
			row = full
		} else {
			row |= Row(before) << beforeShift & rowBefore
		}
	}
	if x.Sessions() < popularEvery { // later it is counted anew soon, and a burst is little of it
		x.countPopular()
	}
	return row
}

// voidRow takes the clicks of a burst out of one row, and returns what is left of it.
func (x *Index) voidRow(row Row, burst []uint32) Row {
	if row&rowFirst != 0 {
		if has(burst, uint32(row)) {
			return 0
		}
		return row &^ rowBefore
	}
	var items [MaxItems]uint32
	if n := x.read(uint32(row), &items); row&rowBlock != 0 && n > 0 {
		return x.cut(uint32(row), items[:n], firstOf(items[:n], burst))
	}
	return 0
}

func has(burst []uint32, item uint32) bool {
	_, yes := slices.BinarySearch(burst, item)
	return yes
}

// firstOf returns the place of the first click on a product of a burst.
func firstOf(clicks, burst []uint32) int {
	if i := slices.IndexFunc(clicks, func(item uint32) bool { return has(burst, item) }); i >= 0 {
		return i
	}
	return len(clicks)
}

// cut leaves the session that begins with block head the first of its clicks, and returns it as a row. The blocks behind stay
// unused until they are overwritten.
func (x *Index) cut(head uint32, clicks []uint32, keep int) Row {
	row := rowBlock | Row(head)
	if keep == len(clicks) {
		return row
	}
	left := keep
	if keep < 2 { // the next click makes it a session
		row, left = 0, 0
		if keep == 1 {
			row = rowFirst | Row(clicks[0])
		}
		x.meta.Set(metaSessions, x.meta.Load(metaSessions)-1)
	}
	x.meta.Set(metaClicks, x.meta.Load(metaClicks)-uint64(len(clicks)-left))
	for number, i := head, 0; ; i += blockItems {
		at := x.slot(number)
		h := x.rows.Load(at)
		if left <= i+blockItems {
			x.rows.Set(at, header(number, 0, h&continues|uint64(left-i)))
			break
		}
		number += distance(h)
	}
	for i, item := range clicks[left:] {
		if !slices.Contains(clicks[:left+i], item) {
			x.unlink(item, head)
		}
	}
	return row
}

// unlink takes a session from an item: the newest is forgotten as if it had never been, of others, and of the only one, the link
// leads nowhere.
func (x *Index) unlink(item, number uint32) {
	e := x.entryOf(item)
	for k := range uint32(e.held()) {
		word, shift := e.slot(e.count() - 1 - k)
		have := x.posts.Load(word)
		if uint32(have>>shift) != number {
			continue
		}
		x.posts.Set(word, have&^(0xffffffff<<shift))
		if k == 0 && e.count() > 1 {
			x.items.Set(uint64(item), uint64(newEntry(e.at(), e.class(), e.count()-1)))
		}
		return
	}
}
