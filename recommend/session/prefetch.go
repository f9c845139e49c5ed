package session

// Prefetch asks for what is known of an item; PrefetchRow for the session row, and PrefetchPostings, when what Prefetch has asked for has
// come, for where a session of the item will be linked. See intern.Hashes.Prefetch.
func (x *Index) Prefetch(item uint32) {
	if uint64(item) < x.items.Len() {
		x.items.Prefetch(uint64(item))
	}
}

// PrefetchRow asks for the beginning of a session, or for what is known of its only item.
func (x *Index) PrefetchRow(row Row) {
	switch {
	case row&rowBlock != 0:
		x.prefetchRow(uint32(row))
	case row&rowFirst != 0:
		x.Prefetch(uint32(row))
	}
}

// prefetchRow asks for the first block of a session.
func (x *Index) prefetchRow(number uint32) {
	if at := x.slot(number); at < x.rows.Len() {
		x.rows.Prefetch(at)
	}
}

// PrefetchPostings asks for where item will be linked.
func (x *Index) PrefetchPostings(item uint32) {
	if e := x.entryOf(item); e != 0 {
		word, _ := e.slot(e.count())
		x.posts.Prefetch(word)
	}
}
