package attack

import (
	"orrery/models/flood"
)

// craft returns n printable ids of 16 bytes whose xxHash64 without a seed is alike in its upper 34 bits: of those that can be
// computed, one in some thousands is printable.
func craft(n int) (ids []string) {
	var first [8]byte
	for k := uint64(0); len(ids) < n; k++ {
		fill(first[:], k)
		id := flood.Preimage(craftedHash|k&(1<<30-1), string(first[:]))
		if printable(id[8:]) {
			ids = append(ids, string(id))
		}
	}
	return ids
}

// craftedHash is what the hashes have in common.
const craftedHash = 0x5a5a5a5a40000000

// fill writes a number as eight letters.
func fill(dst []byte, n uint64) {
	for i := range dst {
		dst[i] = 'a' + byte(n&15)
		n >>= 4
	}
}

// printable tells whether an id stands in JSON and in a URL as it is.
func printable(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > 'z' || c > '9' && c < 'A' || c > 'Z' && c < 'a' {
			return false
		}
	}
	return true
}
