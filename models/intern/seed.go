package intern

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"

	"github.com/cespare/xxhash/v2"
	"github.com/dchest/siphash"
)

// Seed keys the hashes that names are found by, so that nobody outside can make up names that fall together. The zero
// Seed is that of logs from before there were seeds: xxHash64, for which such names, whole hashes included, can be computed
// (and seeding it would not help: it has pairs that fall together under every seed). With a seed it is SipHash-2-4
// (Aumasson and Bernstein, 2012), made for this. The seed decides where a name lies and by which 64 bits a person is
// known; nothing is sampled by it.
type Seed struct{ k0, k1 uint64 }

// SeedOf makes a Seed of the number that a log keeps; 0 is the zero Seed.
func SeedOf(n uint64) Seed {
	if n == 0 {
		return Seed{}
	}
	return Seed{spread(n), spread(n + golden)}
}

const golden = 0x9e3779b97f4a7c15

// spread is the finalizer of SplitMix64: a bijection that makes a key of any number.
func spread(x uint64) uint64 {
	x += golden
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Hash returns the keyed hash of a text.
func (s Seed) Hash(text []byte) uint64 {
	if s == (Seed{}) {
		return xxhash.Sum64(text)
	}
	return siphash.Hash(s.k0, s.k1, text)
}

// Key derives a key of 256 bits for a use, by HMAC-SHA256 (as in the expansion of HKDF): who has it learns neither the seed nor another
// use's key. Of the zero Seed it is no secret.
func (s Seed) Key(use string) []byte {
	var secret [16]byte
	binary.BigEndian.PutUint64(secret[:], s.k0)
	binary.BigEndian.PutUint64(secret[8:], s.k1)
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte(use))
	return mac.Sum(nil)
}

// Mix returns the keyed hash of a hash that is known outside, or of a number that can be guessed; under the zero Seed the
// hash itself. Two multiplications folded, as in wyhash: who knows neither key nor results can aim at nothing.
func (s Seed) Mix(hash uint64) uint64 {
	if s == (Seed{}) {
		return hash
	}
	hi, lo := bits.Mul64(hash^s.k0, s.k1|1)
	hi, lo = bits.Mul64(hi^lo^s.k1, s.k0|1)
	return hi ^ lo
}
