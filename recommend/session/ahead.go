package session

// Ahead asks for what is known of an item; AheadRow for the session row, and AheadPostings, when what Ahead has asked for has
// come, for where a session of the item will be linked. See intern.Hashes.Ahead.
func (x *Index) Ahead(item uint32) {
	if uint64(item) < x.items.Len() {
		x.items.Ahead(uint64(item))
	}
}

// AheadRow asks for the beginning of a session, or for what is known of its only item.
func (x *Index) AheadRow(row Row) {
	switch {
	case row&rowBlock != 0:
		x.aheadRow(uint32(row))
	case row&rowFirst != 0:
		x.Ahead(uint32(row))
	}
}

// aheadRow asks for the first block of a session.
func (x *Index) aheadRow(number uint32) {
	if at := x.slot(number); at < x.rows.Len() {
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
