package engine

import (
	"io"
	"math"
	"math/bits"

	"orrery/models"
	"orrery/models/slab"
)

// visits is the running sessions: what happened in each so far, and the forecasts made in it whose outcome is not known.
// A visit takes 128 B while it runs and some minutes after it, a forecast as much, a visitor 8 B for good. When the
// limit of visits is reached further ones are left out.
type visits struct {
	slots  slab.Words // a word a visitor: its running visit<<32 | second of its newest addition to a cart before
	pool   *pool
	points *pool
	wheel  slab.Words // by minute modulo its size: the first visit whose end is looked at then
	turn   int64      // minute up to which the wheel has turned
}

const (
	wheelSize = 256
	maxVisits = 1 << 18
	maxPoints = 1 << 18
)

// The words of a visit.
const (
	vstWho    = iota // visitor<<32 | shop
	vstChain         // next in the wheel<<32 | newest forecast
	vstSpan          // first<<32 | newest behaviour, in seconds
	vstCounts        // 16 bits each, see count; this word and the next two
	vstCounts2
	vstCounts3
	vstSeen    // a bit for each product, by hash: see distinct
	vstPrices  // highest<<32 | sum, as float32
	vstBefore  // newest behaviour before this session<<32 | newest addition to a cart before it, in seconds
	vstNumber  // sessions, this one included<<32 | orders at its beginning
	vstRecent  // newest addition to the cart<<32 | behaviour before the newest, in seconds
	visitWords = 16
)

// What is counted in a visit, 16 bits each.
const (
	cntPages = iota
	cntViews
	cntAdds
	cntRemoves
	cntCarts
	cntSearches
	cntSteps // of a checkout
	cntLists
	cntOthers
	cntPoints // forecasts
	cntDepth  // furthest step of a checkout
	cntPrices // that were seen
)

func newVisits() *visits {
	v := &visits{pool: newPool(visitWords, maxVisits), points: newPool(pointWords, maxPoints)}
	v.wheel.Grow(wheelSize)
	return v
}

// of returns the running visit of a visitor and its newest addition to a cart before it. Any goroutine may call it.
func (v *visits) of(visitor uint32) (visit, carted uint32) {
	if uint64(visitor) >= v.slots.Len() {
		return 0, 0
	}
	word := v.slots.Load(uint64(visitor))
	return uint32(word >> 32), uint32(word)
}

// open begins a visit at a second, and returns 0 where there are too many.
func (v *visits) open(shop, visitor, second uint32) uint32 {
	v.slots.Grow(uint64(visitor) + 1)
	before, carted := v.of(visitor)
	if before != 0 { // it has not been looked at since its end
		carted = max(carted, v.carted(before))
	}
	visit := v.pool.take()
	v.slots.Set(uint64(visitor), uint64(visit)<<32|uint64(carted))
	if visit == 0 {
		return 0
	}
	v.pool.set(visit, vstWho, uint64(visitor)<<32|uint64(shop))
	v.pool.set(visit, vstSpan, uint64(second)<<32|uint64(second))
	v.pool.set(visit, vstBefore, uint64(carted))
	return visit
}

func (v *visits) carted(visit uint32) uint32 { return uint32(v.pool.get(visit, vstRecent) >> 32) }

// release forgets a visit and its forecasts.
func (v *visits) release(visit uint32) {
	for point := uint32(v.pool.get(visit, vstChain)); point != 0; {
		next := uint32(v.points.get(point, ptChain) >> 32)
		v.points.give(point)
		point = next
	}
	visitor := v.pool.get(visit, vstWho) >> 32
	if running, carted := v.of(uint32(visitor)); running == visit {
		v.slots.Set(visitor, uint64(max(carted, v.carted(visit))))
	}
	v.pool.give(visit)
}

// drop takes a visit out of use that the wheel still holds: it will be released when its time comes.
func (v *visits) drop(visitor uint32) {
	visit, carted := v.of(visitor)
	if visit != 0 {
		v.pool.set(visit, vstWho, v.pool.get(visit, vstWho)&math.MaxUint32)
		v.slots.Set(uint64(visitor), uint64(carted))
	}
}

// watch puts a visit into the wheel, to be looked at in a minute.
func (v *visits) watch(visit uint32, minute int64) {
	minute = min(max(minute, v.turn+1), v.turn+wheelSize-1)
	at := uint64(minute % wheelSize)
	v.pool.set(visit, vstChain, v.wheel.Load(at)<<32|v.pool.get(visit, vstChain)&math.MaxUint32)
	v.wheel.Set(at, uint64(visit))
}

// advance turns the wheel to a minute and calls look with every visit that it passes, which watches or releases it.
func (v *visits) advance(minute int64, look func(visit uint32)) {
	from := max(v.turn+1, minute-wheelSize+1)
	v.turn = max(v.turn, minute)
	for ; from <= minute; from++ {
		at := uint64(from % wheelSize)
		visit := uint32(v.wheel.Load(at))
		v.wheel.Set(at, 0)
		for visit != 0 {
			next := uint32(v.pool.get(visit, vstChain) >> 32)
			look(visit)
			visit = next
		}
	}
}

// count returns a count of a visit.
func (v *visits) count(visit uint32, c int) uint64 {
	return v.pool.get(visit, vstCounts+uint64(c/4)) >> (c % 4 * 16) & 0xffff
}

func (v *visits) setCount(visit uint32, c int, n uint64) {
	w, shift := vstCounts+uint64(c/4), c%4*16
	v.pool.set(visit, w, v.pool.get(visit, w)&^(0xffff<<shift)|min(n, 0xffff)<<shift)
}

func (v *visits) add(visit uint32, c int) { v.setCount(visit, c, v.count(visit, c)+1) }

// distinct estimates how many bits' worth of products were seen: linear counting (Whang et al. 1990,
// doi 10.1145/78922.78925), exact for a few.
func distinct(seen uint64) float64 {
	return -64 * math.Log(1-min(63, float64(bits.OnesCount64(seen)))/64)
}

// price notes a price that the visitor saw.
func (v *visits) price(visit uint32, m models.Money) {
	word := v.pool.get(visit, vstPrices)
	most, sum := math.Float32frombits(uint32(word>>32)), math.Float32frombits(uint32(word))
	p := float32(m) / float32(models.Micros)
	most, sum = max(most, p), sum+p
	v.pool.set(visit, vstPrices, uint64(math.Float32bits(most))<<32|uint64(math.Float32bits(sum)))
	v.add(visit, cntPrices)
}

func (v *visits) bytes() uint64 {
	return v.slots.Bytes() + v.pool.words.Bytes() + v.points.words.Bytes() + v.wheel.Bytes()
}

func (v *visits) freeze() *slab.Parts {
	return slab.Join(slab.Numbers{uint64(v.turn)}, v.slots.Freeze(), v.pool.words.Freeze(), v.points.words.Freeze(), v.wheel.Freeze())
}

// ReadFrom replaces the visits by what freeze wrote.
func (v *visits) ReadFrom(r io.Reader) (int64, error) {
	head := make(slab.Numbers, 1)
	n, err := slab.ReadAll(r, head, &v.slots, &v.pool.words, &v.points.words, &v.wheel)
	v.turn = int64(head[0])
	v.pool.words.Grow(visitWords)
	v.points.words.Grow(pointWords)
	v.wheel.Grow(wheelSize)
	return n, err
}
