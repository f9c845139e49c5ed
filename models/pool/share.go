package pool

// Share bounds what shops take of a pool: each at most a part of it, so that none can fill it, all together no more than there is, and
// a few records for whoever comes late, however full it is. What is refused is counted by whoever asks.
type Share struct {
	Most  uint64 // records of a shop
	All   uint64 // of all shops together
	Least uint64 // of a shop whatever all have
}

// Room tells whether a shop that has so many records may take one more from a pool in which so many are in use.
func (s Share) Room(own, used uint64) bool {
	return own < s.Least || own < s.Most && used < s.All
}
