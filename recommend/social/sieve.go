package social

import "math/bits"

// sieve counts living entries two at a time: a word holds two entries, each calculated with in its own half (lane), so
// that nothing depends on a branch. Tables are as good as random: a branch would be guessed wrong every other time.
type sieve struct {
	top    uint64 // in each lane: the time that ages count back from, and a bit above it to borrow from
	tooOld uint64 // in each lane: the first age that counts no more
	above  uint64 // in each lane: the bits that are zero for those admitted
}

const (
	lane  = 1<<32 + 1       // spreads 32 bits over both lanes
	signs = 1 << 31 * lane  // the highest bit of each lane
	rest  = signs - 1*lane  // all bits below
	times = timeMask * lane // the time of each lane
)

func newSieve(top, tooOld uint32, level uint) sieve {
	return sieve{
		top:    uint64(top&timeMask|1<<timeBits) * lane,
		tooOld: uint64(tooOld) * lane,
		above:  uint64(^uint32(0)<<(32-level)) * lane,
	}
}

// count returns how many entries of a word are alive and admitted.
func (s *sieve) count(word uint64) int {
	age := (s.top - word&times) & times
	old := (age | signs) - s.tooOld         // the sign stays where age >= tooOld
	used := word&rest + rest | word         // the sign is set where the entry is not 0
	refused := word & s.above               // not 0 where not admitted
	refused = refused&rest + rest | refused // the sign is set there
	return bits.OnesCount64(used &^ old &^ refused & signs)
}
