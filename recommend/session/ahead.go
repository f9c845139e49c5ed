package session

// Ahead asks for what Click of a visitor in session row on item will look at first, and AheadPostings, when that has
// come, for where it will link the item's session. See intern.Hashes.Ahead.
func (x *Index) Ahead(row Row, item uint32) {
	if uint64(item) < x.items.Len() {
		x.items.Ahead(uint64(item))
	}
	if row&rowBlock != 0 {
		x.aheadRow(uint32(row))
	}
}

// aheadRow asks for the first block of a session.
func (x *Index) aheadRow(number uint32) {
	if at := uint64(number%x.blocks) * blockWords; at < x.rows.Len() {
		x.rows.Ahead(at)
	}
}

// AheadPostings asks for where item will be linked.
func (x *Index) AheadPostings(item uint32) {
	if e := x.entryOf(item); e != 0 {
		word, _ := e.slot(e.count())
		x.posts.Ahead(word)
	}
}
