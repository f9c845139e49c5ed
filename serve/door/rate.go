package door

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"
)

// Rate is how many tokens a bucket gains a second, and how many it holds.
type Rate struct {
	each  int64 // nanoseconds of a token
	holds int64 // nanoseconds until an empty bucket is full
}

// burst is how many seconds' worth of tokens a bucket holds.
const burst = 10

// PerSecond returns a rate, whose buckets hold ten seconds' worth; of 0 and below it is no bound.
func PerSecond(tokens int) Rate {
	if tokens <= 0 {
		return Rate{}
	}
	return Rate{each: max(int64(time.Second)/int64(tokens), 1), holds: burst * int64(time.Second)}
}

// Bucket is a token bucket in one word, the moment at which it is full: the generic cell rate algorithm, which ATM
// networks police their lines with (ITU-T I.371).
type Bucket struct{ full atomic.Int64 }

// Take takes tokens. Where there are too few it takes none, and returns how long it is until there are enough. now is a
// monotonic clock's nanoseconds.
func (b *Bucket) Take(r Rate, now, tokens int64) (wait time.Duration) {
	if r.each == 0 {
		return 0
	}
	for {
		full := b.full.Load()
		next := max(full, now) + tokens*r.each
		if late := next - now - r.holds; late > 0 {
			return time.Duration(late)
		}
		if b.full.CompareAndSwap(full, next) {
			return 0
		}
	}
}

// Owe takes tokens for what has been had, be there enough or not: whoever owes waits longer, by one bucket at most.
func (b *Bucket) Owe(r Rate, now, tokens int64) {
	if r.each == 0 {
		return
	}
	for {
		full := b.full.Load()
		next := min(max(full, now)+tokens*r.each, max(full, now+2*r.holds))
		if b.full.CompareAndSwap(full, next) {
			return
		}
	}
}

const (
	ways = 8
	sets = 4096
	// A network of IPv6 may have as much as so many of its parts: whoever has a /48 has 65,536 of them.
	partsOfNetwork = 16
)

// Addresses holds a bucket for each client's address, 32,768 at once in half a MiB. Where more come, the fullest bucket of
// eight makes room, which is the one of whoever has asked least. The place of an address is a hash under a seed of the
// process: nobody can choose addresses that push each other out.
type Addresses struct {
	rate, network Rate
	seed          maphash.Seed
	slots         *[sets][ways]slot
}

type slot struct {
	key    atomic.Uint64
	bucket Bucket
}

// NewAddresses makes the buckets, which gain so many tokens a second; 0 and below is no bound.
func NewAddresses(tokens int) *Addresses {
	a := &Addresses{rate: PerSecond(tokens), network: PerSecond(tokens * partsOfNetwork), seed: maphash.MakeSeed()}
	if tokens > 0 {
		a.slots = new([sets][ways]slot)
	}
	return a
}

// Take takes tokens of a client's bucket: see Bucket.Take.
func (a *Addresses) Take(client netip.Addr, now, tokens int64) time.Duration {
	if a.slots == nil {
		return 0
	}
	if client.Is4() {
		return a.bucket(client, 32, now).Take(a.rate, now, tokens)
	}
	if wait := a.bucket(client, 64, now).Take(a.rate, now, tokens); wait > 0 {
		return wait
	}
	return a.bucket(client, 48, now).Take(a.network, now, tokens)
}

// Owe takes tokens for what a client has had: see Bucket.Owe.
func (a *Addresses) Owe(client netip.Addr, now, tokens int64) {
	if a.slots == nil || tokens == 0 {
		return
	}
	if client.Is4() {
		a.bucket(client, 32, now).Owe(a.rate, now, tokens)
		return
	}
	a.bucket(client, 48, now).Owe(a.network, now, tokens)
	a.bucket(client, 64, now).Owe(a.rate, now, tokens)
}

// bucket returns the bucket of the network of so many bits that a client is of.
func (a *Addresses) bucket(client netip.Addr, bits byte, now int64) *Bucket {
	var name [17]byte
	full := client.As16()
	if bits == 32 {
		copy(name[:], full[:])
	} else {
		copy(name[:], full[:bits/8])
	}
	name[16] = bits
	key := maphash.Bytes(a.seed, name[:]) | 1
	set := &a.slots[key>>1%sets]
	fullest := &set[0]
	for i := range set {
		s := &set[i]
		if s.key.Load() == key {
			return &s.bucket
		}
		if s.bucket.full.Load() < fullest.bucket.full.Load() {
			fullest = s
		}
	}
	// Two that come at once may take the same slot, and one of them a token of the other: that is all.
	fullest.key.Store(key)
	fullest.bucket.full.Store(now)
	return &fullest.bucket
}
