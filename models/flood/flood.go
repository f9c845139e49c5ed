// Package flood is a test support: ids that make an unseeded hash table slow.
package flood

import (
	"encoding/binary"
	"math/bits"
)

// xxHash64's constants.
const (
	prime1 = 0x9e3779b185ebca87
	prime2 = 0xc2b2ae3d27d4eb4f
	prime3 = 0x165667b19e3779f9
	prime4 = 0x85ebca77c2b2ae63
	prime5 = 0x27d4eb2f165667c5
)

// IDs returns n different ids of 16 bytes whose unseeded xxHash64 have their upper 34 bits in common, as whoever wants to
// make a hash table slow would send them: the hash of 16 bytes can be computed backwards. n is at most 1<<26.
func IDs(n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = Preimage(0xfeedface80000000|uint64(i), "flooding")
	}
	return all
}

// Preimage returns an id of 16 bytes, the first eight given, whose unseeded xxHash64 is hash.
func Preimage(hash uint64, first string) []byte {
	id := make([]byte, 16)
	copy(id, first)
	var start uint64 = prime5
	start += 16
	state := bits.RotateLeft64(start^mix(binary.LittleEndian.Uint64(id)), 27)*prime1 + prime4

	// The avalanche, backwards.
	h := hash
	h ^= h >> 32
	h *= inverse(prime3)
	h ^= h>>29 ^ h>>58
	h *= inverse(prime2)
	h ^= h >> 33
	// The second eight bytes, backwards.
	k := bits.RotateLeft64((h-prime4)*inverse(prime1), -27) ^ state
	k = bits.RotateLeft64(k*inverse(prime1), -31) * inverse(prime2)
	binary.LittleEndian.PutUint64(id[8:], k)
	return id
}

func mix(k uint64) uint64 { return bits.RotateLeft64(k*prime2, 31) * prime1 }

// inverse returns the inverse of an odd number modulo 2^64, by Newton's method.
func inverse(x uint64) uint64 {
	y := x
	for range 6 {
		y *= 2 - x*y
	}
	return y
}
