package session

import (
	"io"
	"math"
	"math/bits"

	"orrery/churn/intent"
	"orrery/models"
	"orrery/models/pool"
	"orrery/models/slab"
	"orrery/models/wheel"
)

// visits is the running sessions: what happened in each so far, and the forecasts made in it whose outcome is not known.
// A visit takes 40 B while it runs and some minutes after it, a forecast 56 B, a visitor 8 B for good. When the limit of
// visits is reached further ones are left out.
type visits struct {
	slots  slab.Words // a word a visitor: its running visit<<32 | second of its newest addition to a cart before
	pool   *pool.Pool
	points *pool.Pool
	wheel  *wheel.Wheel // by minute: the visits whose end is looked at then
}

const (
	wheelSize = 256
	maxVisits = 1 << 18
	maxPoints = 1 << 18
	// visitWords is the size of a visit.
	visitWords = 5
)

// field is some bits of a visit.
type field struct{ word, shift, bits uint64 }

func (f field) most() uint64 { return 1<<f.bits - 1 }

// The fields of a visit.
var (
	vstWho   = field{0, 32, 32} // the visitor, 0 where nobody is to know of the visit
	vstFirst = field{0, 0, 32}  // second of the first behaviour
	vstNext  = field{1, 45, 19} // in the wheel
	vstChain = field{1, 26, 19} // newest forecast
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
	v := &visits{pool: pool.New(visitWords, maxVisits), points: pool.New(pointWords, maxPoints), wheel: wheel.New(wheelSize)}
	return v
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

// ahead asks for which visit a visitor is in, and aheadVisit for the visit. See intern.Hashes.Ahead.
func (v *visits) ahead(visitor uint32) {
	if uint64(visitor) < v.slots.Len() {
		v.slots.Ahead(uint64(visitor))
	}
}

func (v *visits) aheadVisit(visitor uint32) {
	if visit, _ := v.of(visitor); visit != 0 {
		v.pool.Ahead(visit)
	}
}

// open begins a visit at a second, and returns 0 where there are too many.
func (v *visits) open(shop, visitor, second uint32) uint32 {
	v.slots.Grow(uint64(visitor) + 1)
	before, carted := v.of(visitor)
	if before != 0 { // it has not been looked at since its end
		carted = max(carted, v.carted(before))
	}
	visit := v.pool.Take()
	v.slots.Set(uint64(visitor), uint64(visit)<<32|uint64(carted))
	if visit == 0 {
		return 0
	}
	v.set(visit, vstWho, uint64(visitor))
	v.set(visit, vstFirst, uint64(second))
	v.set(visit, vstShop, uint64(shop))
	v.set(visit, vstCarted, packLong(intent.Since(carted, second, models.Minute)))
	return visit
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
	for point := uint32(v.get(visit, vstChain)); point != 0; {
		next := uint32(v.points.Get(point, ptChain) >> 32)
		v.points.Give(point)
		point = next
	}
	visitor := uint32(v.get(visit, vstWho))
	if running, carted := v.of(visitor); running == visit {
		v.slots.Set(uint64(visitor), uint64(max(carted, v.carted(visit))))
	}
	v.pool.Give(visit)
}

// drop takes a visit out of use that the wheel still holds: it will be released when its time comes.
func (v *visits) drop(visitor uint32) {
	visit, carted := v.of(visitor)
	if visit != 0 {
		v.set(visit, vstWho, 0)
		v.slots.Set(uint64(visitor), uint64(carted))
	}
}

// watch puts a visit into the wheel, to be looked at in a minute.
func (v *visits) watch(visit uint32, minute int64) {
	v.set(visit, vstNext, uint64(v.wheel.Add(visit, minute)))
}

// advance turns the wheel to a minute and calls look with every visit that it passes, which watches or releases it.
func (v *visits) advance(minute int64, look func(visit uint32)) {
	v.wheel.Leap(minute, func(visit uint32) {
		for visit != 0 {
			next := uint32(v.get(visit, vstNext))
			v.pool.Ahead(next)
			look(visit)
			visit = next
		}
	})
}

// see notes a product.
func (v *visits) see(visit, item uint32) {
	bit := uint64(item) * 0x9e3779b97f4a7c15 >> 40 % vstSeen.bits
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

// bytes returns the memory held, but for slots, which is told by itself.
func (v *visits) bytes() uint64 {
	return v.pool.Bytes() + v.points.Bytes() + v.wheel.Bytes()
}

func (v *visits) freeze() *slab.Parts {
	return slab.Join(slab.Numbers{uint64(v.wheel.Turn())}, v.slots.Freeze(), v.pool.Freeze(), v.points.Freeze(), v.wheel.Freeze())
}

// ReadFrom replaces the visits by what freeze wrote.
func (v *visits) ReadFrom(r io.Reader) (int64, error) {
	head := make(slab.Numbers, 1)
	n, err := slab.ReadAll(r, head, &v.slots, v.pool, v.points, v.wheel)
	v.wheel.SetTurn(int64(head[0]))
	return n, err
}

// forget forgets a visitor.
func (v *visits) forget(visitor uint32) {
	if visit, carted := v.of(visitor); visit != 0 || carted != 0 {
		v.drop(visitor)
		v.slots.Set(uint64(visitor), 0)
	}
}
