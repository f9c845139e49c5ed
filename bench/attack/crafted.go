package attack

import (
	"encoding/binary"
	"math/bits"
)

// The primes of xxHash64 (Y. Collet, xxhash_spec.md).
const (
	prime1 = 0x9e3779b185ebca87
	prime2 = 0xc2b2ae3d27d4eb4f
	prime3 = 0x165667b19e3779f9
	prime4 = 0x85ebca77c2b2ae63
	prime5 = 0x27d4eb2f165667c5
)

// inverse returns the odd number that undoes a multiplication by p, by Newton's iteration.
func inverse(p uint64) uint64 {
	x := p
	for range 6 {
		x *= 2 - p*x
	}
	return x
}

// craft returns n printable ids of 16 bytes whose xxHash64 without a seed is alike in its upper 34 bits. The hash of two lanes of
// 8 bytes can be undone: to a first lane and a hash there is one second lane. One in some thousands is printable.
func craft(n int) (ids []string) {
	inv1, inv2, inv3 := inverse(prime1), inverse(prime2), inverse(prime3)
	var id [16]byte
	first := uint64(0)
	for low := uint64(1); len(ids) < n; low++ {
		// Undo the avalanche of a hash with fixed upper bits.
		h := uint64(0x5a5a5a5a4)<<28&^(1<<30-1) | low&(1<<30-1)
		h ^= h >> 32
		h *= inv3
		h ^= h>>29 ^ h>>58
		h *= inv2
		h ^= h >> 33
		for range 64 { // first lanes
			first++
			fill(id[:8], first)
			a := uint64(prime5 + 16)
			a = bits.RotateLeft64(a^round(binary.LittleEndian.Uint64(id[:8])), 27)*prime1 + prime4
			k := bits.RotateLeft64((h-prime4)*inv1, -27) ^ a
			binary.LittleEndian.PutUint64(id[8:], bits.RotateLeft64(k*inv1, -31)*inv2)
			if printable(id[8:]) {
				ids = append(ids, string(id[:]))
				break
			}
		}
	}
	return ids
}

func round(lane uint64) uint64 { return bits.RotateLeft64(lane*prime2, 31) * prime1 }

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
