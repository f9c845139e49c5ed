package session

import (
	"math"
	"math/bits"
	"sync/atomic"

	"orrery/churn/intent"
	"orrery/models"
	"orrery/models/pershop"
	"orrery/models/pool"
	"orrery/models/slab"
	"orrery/models/wheel"
)

// visits is the running sessions: what happened in each so far, and the forecasts made in it whose outcome is not known.
// A visit takes 48 B while it runs and some minutes after it, a forecast 56 B, a visitor 8 B for good, a shop 2 KiB. When a shop has
// as many visits as it may further ones are left out, and counted.
type visits struct {
	slots  slab.Words // a word a visitor: its running visit<<32 | second of its newest addition to a cart before
	pool   *pool.Pool // of all shops
	points *pool.Pool
	paces  pershop.Table[pace]
	start  models.Time // of the clocks of shops to come: 0, or what a state with one clock for all shops has brought

	lostVisits, lostPoints atomic.Uint64 // that found no room
}

// pace is the time of a shop, and what is pending in it.
type pace struct {
	clock  models.Time
	wheel  *wheel.Wheel // by minute: the visits whose end is looked at then
	visits uint64
	points uint64
}

// pace returns that of a shop.
func (v *visits) pace(shop uint32) *pace {
	if p := v.paces.Find(shop); p != nil {
		return p
	}
	p := &pace{clock: v.start, wheel: wheel.NewSparse(wheelSize)}
	p.wheel.SetTurn(int64(v.start / models.Minute))
	v.paces.Put(shop, p)
	return p
}

// A visit is held for some 40 minutes: until its end is sure, and for the grace of a late order. So a shop has its most with 440
// sessions a second, 38 million a day. All together it is 96 MiB of visits and 112 MiB of forecasts at most, and 48 KiB beside for a
// shop that comes when it is full: a shop of 25 sessions a minute.
var (
	visitShare = pool.Share{Most: 1 << 20, All: 1 << 21, Least: 1 << 10}
	pointShare = pool.Share{Most: 1 << 20, All: 1 << 21, Least: 1 << 10}
)

const (
	wheelSize = 256
	// visitWords is the size of a visit.
	visitWords = 6
)

// field is some bits of a visit.
type field struct{ word, shift, bits uint64 }

func (f field) most() uint64 { return 1<<f.bits - 1 }

// The fields of a visit.
var (
	vstWho   = field{0, 32, 32} // the visitor, 0 where nobody is to know of the visit
	vstFirst = field{0, 0, 32}  // second of the first behaviour
	vstNext  = field{5, 32, 32} // in the wheel
	vstChain = field{5, 0, 32}  // newest forecast
	vstShop  = field{1, 6, 20}
	vstSpan  = field{2, 48, 16} // seconds from the first to the newest behaviour
	vstAdded = field{2, 35, 13} // newest addition to the cart: 1 + an eighth of the seconds since the first behaviour; 0 none
	vstPause = field{2, 24, 11} // seconds before the newest behaviour
	vstSeen  = field{2, 0, 24}  // a bit for each product, by hash: see distinct

	vstPrice    = field{4, 0, 16}  // mean of the prices seen, as packMoney
	vstDearest  = field{4, 16, 16} // highest of them
	vstCarted   = field{4, 32, 8}  // minutes since a cart in an earlier session at its beginning, as packLong
	vstBefore   = field{4, 40, 8}  // minutes since the session before
	vstOrders   = field{4, 48, 8}  // at its beginning
	vstSessions = field{4, 56, 8}  // this one included
)

// What is counted in a visit, up to what its bits hold.
var (
	cntAdds     = field{1, 0, 6}
	cntPages    = field{3, 0, 8}
	cntViews    = field{3, 8, 8}
	cntLists    = field{3, 16, 8}
	cntOthers   = field{3, 24, 8}
	cntPrices   = field{3, 32, 8} // that were seen
	cntRemoves  = field{3, 40, 4}
	cntCarts    = field{3, 44, 4}
	cntPoints   = field{3, 48, 4} // forecasts
	cntSearches = field{3, 52, 5}
	cntSteps    = field{3, 57, 5} // of a checkout
	cntDepth    = field{3, 62, 2} // furthest step of a checkout
)

// longestVisit is what vstSpan holds: a session that goes on for longer is cut, as if it began anew.
const longestVisit = 1<<16 - 1

func newVisits() *visits {
	return &visits{pool: pool.New(visitWords, pool.Unbounded), points: pool.New(pointWords, pool.Unbounded)}
}

func (v *visits) get(visit uint32, f field) uint64 {
	return v.pool.Get(visit, f.word) >> f.shift & f.most()
}

func (v *visits) set(visit uint32, f field, x uint64) {
	v.pool.Set(visit, f.word, v.pool.Get(visit, f.word)&^(f.most()<<f.shift)|min(x, f.most())<<f.shift)
}

// add counts one more.
func (v *visits) add(visit uint32, f field) {
	if w := v.pool.Get(visit, f.word); w>>f.shift&f.most() < f.most() {
		v.pool.Set(visit, f.word, w+1<<f.shift)
	}
}

// of returns the running visit of a visitor and its newest addition to a cart before it. Any goroutine may call it.
func (v *visits) of(visitor uint32) (visit, carted uint32) {
	if uint64(visitor) >= v.slots.Len() {
		return 0, 0
	}
	word := v.slots.Load(uint64(visitor))
	return uint32(word >> 32), uint32(word)
}

// span returns the seconds of a visit's first and newest behaviour.
func (v *visits) span(visit uint32) (first, last uint32) {
	first = uint32(v.get(visit, vstFirst))
	return first, first + uint32(v.get(visit, vstSpan))
}

// prefetch asks for which visit a visitor is in, and prefetchVisit for the visit. See intern.Hashes.Prefetch.
func (v *visits) prefetch(visitor uint32) {
	if uint64(visitor) < v.slots.Len() {
		v.slots.Prefetch(uint64(visitor))
	}
}

func (v *visits) prefetchVisit(visitor uint32) {
	if visit, _ := v.of(visitor); visit != 0 {
		v.pool.Prefetch(visit)
	}
}

// open begins a visit at a second, and returns 0 where there are too many.
func (v *visits) open(shop, visitor, second uint32) uint32 {
	v.slots.Grow(uint64(visitor) + 1)
	before, carted := v.of(visitor)
	if before != 0 { // it has not been looked at since its end
		carted = max(carted, v.carted(before))
	}
	p := v.pace(shop)
	if !visitShare.Room(p.visits, v.pool.Used()) {
		v.lostVisits.Add(1)
		v.slots.Set(uint64(visitor), uint64(carted))
		return 0
	}
	p.visits++
	visit := v.pool.Take()
	v.slots.Set(uint64(visitor), uint64(visit)<<32|uint64(carted))
	v.set(visit, vstWho, uint64(visitor))
	v.set(visit, vstFirst, uint64(second))
	v.set(visit, vstShop, uint64(shop))
	v.set(visit, vstCarted, packLong(intent.Since(carted, second, models.Minute)))
	return visit
}

// point returns a forecast for a visit of a shop, and 0 where there are too many.
func (v *visits) point(shop uint32) uint32 {
	p := v.pace(shop)
	if !pointShare.Room(p.points, v.points.Used()) {
		v.lostPoints.Add(1)
		return 0
	}
	p.points++
	return v.points.Take()
}

// carted returns the second of a visit's newest addition to the cart, 0 where there is none.
func (v *visits) carted(visit uint32) uint32 {
	if added := uint32(v.get(visit, vstAdded)); added > 0 {
		return uint32(v.get(visit, vstFirst)) + 8*(added-1)
	}
	return 0
}

// behave notes the second of a behaviour event.
func (v *visits) behave(visit, second uint32, added bool) {
	first, last := v.span(visit)
	switch {
	case second > last:
		v.set(visit, vstPause, uint64(second-last))
		v.set(visit, vstSpan, uint64(second-first))
	case second >= first:
		v.set(visit, vstPause, 0)
	}
	if added {
		v.set(visit, vstAdded, max(v.get(visit, vstAdded), 1+uint64(max(second, first)-first)/8))
	}
}

// release forgets a visit and its forecasts.
func (v *visits) release(visit uint32) {
	p := v.pace(uint32(v.get(visit, vstShop)))
	for point := uint32(v.get(visit, vstChain)); point != 0; {
		next := uint32(v.points.Get(point, ptChain) >> 32)
		v.points.Give(point)
		p.points--
		point = next
	}
	visitor := uint32(v.get(visit, vstWho))
	if running, carted := v.of(visitor); running == visit {
		v.slots.Set(uint64(visitor), uint64(max(carted, v.carted(visit))))
	}
	v.pool.Give(visit)
	p.visits--
}

// drop takes a visit out of use that the wheel still holds: it will be released when its time comes.
func (v *visits) drop(visitor uint32) {
	visit, carted := v.of(visitor)
	if visit != 0 {
		v.set(visit, vstWho, 0)
		v.slots.Set(uint64(visitor), uint64(carted))
	}
}

// watch puts a visit into the wheel of its shop, to be looked at in a minute.
func (v *visits) watch(visit uint32, minute int64) {
	p := v.pace(uint32(v.get(visit, vstShop)))
	v.set(visit, vstNext, uint64(p.wheel.Add(visit, minute)))
}

// advance turns the wheel of a shop to a minute and calls look with every visit that it passes, which watches or releases it.
func (v *visits) advance(p *pace, minute int64, look func(visit uint32)) {
	p.wheel.Leap(minute, func(visit uint32) {
		for visit != 0 {
			next := uint32(v.get(visit, vstNext))
			v.pool.Prefetch(next)
			look(visit)
			visit = next
		}
	})
}

// see notes a product of an ordinal.
func (v *visits) see(visit, ordinal uint32) {
	bit := uint64(ordinal) * 0x9e3779b97f4a7c15 >> 40 % vstSeen.bits
	v.set(visit, vstSeen, v.get(visit, vstSeen)|1<<bit)
}

// distinct estimates how many products were seen, from their bits: linear counting (Whang et al. 1990,
// doi 10.1145/78922.78925), near enough for a few dozen.
func distinct(seen uint64) float64 {
	n := float64(vstSeen.bits)
	return -n * math.Log(1-min(n-1, float64(bits.OnesCount64(seen)))/n)
}

// price notes a price that the visitor saw.
func (v *visits) price(visit uint32, m models.Money) {
	v.add(visit, cntPrices)
	p, mean := float64(m)/float64(models.Micros), unpackMoney(v.get(visit, vstPrice))
	v.set(visit, vstPrice, packMoney(mean+(p-mean)/float64(v.get(visit, cntPrices))))
	v.set(visit, vstDearest, max(v.get(visit, vstDearest), packMoney(p)))
}

// forget forgets a visitor.
func (v *visits) forget(visitor uint32) {
	if visit, carted := v.of(visitor); visit != 0 || carted != 0 {
		v.drop(visitor)
		v.slots.Set(uint64(visitor), 0)
	}
}
