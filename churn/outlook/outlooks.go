// Package outlook forecasts purchases within 7 and 28 days, for those who have bought and for those who never have: Outlooks. foresight
// is what a shop has learned (intent.Hazard), inputs what a model is told of a person.
//
// An event costs next to nothing where it is not forecast after; one in eight is at first, later one in 256. A pending forecast takes
// 48 B, a visitor one bit.
package outlook

import (
	"math"
	"sync/atomic"

	"orrery/churn/base"
	"orrery/churn/intent"
	"orrery/churn/session"
	"orrery/models"
	"orrery/models/people"
	"orrery/models/pershop"
	"orrery/models/pool"
	"orrery/models/slab"
	"orrery/models/wheel"
)

// Outlooks forecasts purchases within 7 and 28 days from what people do on the pages, and learns from what came. Of some visitors,
// chosen by the hash of an event, it notes a forecast: half of them at once, half after a silence of hours to weeks, or it would
// know nothing of those who are silent. When each of the periods after
// the forecast is over it looks up whether an order came in it, and learns that; 7 and 28 days after the forecast it
// compares with what was said. A visitor has one forecast pending at a time.
type Outlooks struct {
	shops   pershop.Table[model]
	people  *people.People
	intents *session.Intents
	books   *base.Customers
	reader  *people.Reader // the writer's
	pool    *pool.Pool     // of all shops
	held    slab.Words     // a bit a visitor: it has a forecast pending
	paces   pershop.Table[pace]
	lost    atomic.Uint64 // forecasts that found no room
	told    func(*Outcome)
}

// pace is the forecasts that are pending in a shop: how many, and by half hour those that are looked at then.
type pace struct {
	pending uint64
	wheel   *wheel.Wheel
}

// share bounds the pending forecasts, which are held for 28 to 56 days. One event in 256 is noted once many are known: a shop has its
// most with 1.2 million events a day, and all together 48 MiB at most. One that comes when it is full has 256.
var share = pool.Share{Most: 1 << 18, All: 1 << 20, Least: 1 << 8}

// Outcome is what became of a forecast, for backtests.
type Outcome struct {
	Visitor     uint32
	At          models.Time
	Within      [2]float64 // what the model said for 7 and 28 days
	Base        [2]float64 // the base rates at that moment
	Came        [2]bool
	Sessions    float64 // of the visitor until then
	Orders      float64
	SinceActive float64 // days
}

const (
	horizonWheel = 2048
	horizonSlot  = 30 * models.Minute
	horizonGrace = 10 * models.Minute // an order may be applied after later behaviour
	longestWait  = 28 * models.Day    // of a forecast after a silence
	shortestWait = 30 * models.Minute
	inputs       = 20
	horizonEarly = 3
)

// The words of a pending forecast.
const (
	hzWho        = iota // visitor<<32 | next in the wheel
	hzWhen              // second of the forecast<<32 | shop<<8 | period that is bought in + 1<<4 | stage
	hzSaid              // four log-odds of 16 bits: model within 7 and 28 days, base rates
	hzInputs            // 8 bits each
	horizonWords = hzInputs + (inputs+7)/8
)

// Stages of a pending forecast: it is not made yet, or waits for a period to end.
const stageWaits = 15

// New returns forecasts that have learned nothing.
func New(p *people.People, in *session.Intents, books *base.Customers) *Outlooks {
	return &Outlooks{people: p, intents: in, books: books, reader: p.Reader(), pool: pool.New(horizonWords, pool.Unbounded)}
}

func (h *Outlooks) foresight(shop uint32) *model { return h.shops.Get(shop, newModel) }

// Behave takes a behaviour event of a visitor who is no bot, and notes a forecast after some. The more are known, the
// fewer: what a shop's first outcomes teach is worth their cost, the hundred thousandth is not.
func (h *Outlooks) Behave(shop, v uint32, ev *models.Event) {
	chance := ev.IDHash() * 0xd6e8feb86659fd93
	every := uint64(8)
	if f := h.shops.Find(shop); f != nil {
		switch {
		case f.noted > 20_000:
			every = 256
		case f.noted > 4_000:
			every = 64
		}
	}
	if (chance>>40)%every != 0 || h.Holds(v) || h.intents.Late(shop, ev.Time) {
		return
	}
	p := h.pace(shop)
	if !share.Room(p.pending, h.pool.Used()) {
		h.lost.Add(1)
		return
	}
	p.pending++
	at := h.pool.Take()
	h.hold(v, true)
	h.foresight(shop).noted++
	wait := models.Time(0)
	if u := float64(chance>>8&0xffff) / 0x10000; u < 0.5 {
		wait = models.Time(float64(shortestWait) * math.Pow(float64(longestWait)/float64(shortestWait), 2*u))
	}
	h.pool.Set(at, hzWho, uint64(v)<<32)
	h.set(at, (ev.Time + wait).Seconds(), shop, 0, stageWaits)
	if wait == 0 {
		h.forecast(at)
		return
	}
	h.watch(at, ev.Time+wait)
}

// pace returns that of a shop.
func (h *Outlooks) pace(shop uint32) *pace {
	if p := h.paces.Find(shop); p != nil {
		return p
	}
	p := &pace{wheel: wheel.NewSparse(horizonWheel)}
	p.wheel.SetTurn(int64(h.intents.Clock(shop) / horizonSlot))
	h.paces.Put(shop, p)
	return p
}

// Dropped returns how many forecasts found no room. Any goroutine may call it.
func (h *Outlooks) Dropped() uint64 { return h.lost.Load() }

// Asked returns how many forecasts were noted in a shop. For the writer.
func (h *Outlooks) Asked(shop uint32) float64 {
	if f := h.shops.Find(shop); f != nil {
		return f.noted
	}
	return 0
}

// Listen has every outcome told, by the goroutine that applies events: for backtests.
func (h *Outlooks) Listen(told func(*Outcome)) { h.told = told }

// Holds tells whether a forecast of a visitor waits for its outcome: its number must not be another's until then.
func (h *Outlooks) Holds(v uint32) bool {
	return uint64(v/64) < h.held.Len() && h.held.Load(uint64(v/64))>>(v%64)&1 != 0
}

func (h *Outlooks) hold(v uint32, yes bool) {
	h.held.Grow(uint64(v/64) + 1)
	word := h.held.Load(uint64(v/64)) &^ (1 << (v % 64))
	if yes {
		word |= 1 << (v % 64)
	}
	h.held.Set(uint64(v/64), word)
}

func (h *Outlooks) set(at, second, shop uint32, bought, stage uint64) {
	h.pool.Set(at, hzWhen, uint64(second)<<32|uint64(shop)<<8|bought<<4|stage)
}

// forecast makes a pending forecast: says what the model says now, to be judged and learned from.
func (h *Outlooks) forecast(at uint32) {
	v, when := uint32(h.pool.Get(at, hzWho)>>32), h.pool.Get(at, hzWhen)
	shop, t := uint32(when)>>8, models.Time(when>>32)*models.Second
	f := h.foresight(shop)
	x := h.values(h.reader, shop, people.Person{Visitor: v, Contact: h.people.ContactOf(v)}, t)
	intent.Rounded(x[:])
	curve := f.model.Curve(x[:])
	var said uint64
	for i, days := range days {
		said |= intent.PackLogit(curve.Within(days))<<(16*i) | intent.PackLogit(f.base(i))<<(32+16*i)
	}
	h.pool.Set(at, hzSaid, said)
	intent.PackInputs(h.pool, at, hzInputs, x[:])
	h.set(at, uint32(when>>32), shop, 0, 0)
	h.watch(at, h.end(at, 0))
}

// end returns when a period of a forecast is over for sure.
func (h *Outlooks) end(at uint32, period int) models.Time {
	return h.bound(at, period) + horizonGrace
}

// bound returns the end of a period, the forecast's own moment for -1.
func (h *Outlooks) bound(at uint32, period int) models.Time {
	t := models.Time(h.pool.Get(at, hzWhen)>>32) * models.Second
	if period < 0 {
		return t
	}
	return t + models.Time(intent.Horizons[period]*float64(models.Day))
}

// watch puts a forecast into the wheel, to be looked at at a moment.
func (h *Outlooks) watch(at uint32, t models.Time) {
	next := h.pace(uint32(h.pool.Get(at, hzWhen))>>8).wheel.Add(at, int64(t/horizonSlot)+1)
	h.pool.Set(at, hzWho, h.pool.Get(at, hzWho)&^math.MaxUint32|uint64(next))
}

// Tick lets the clock of a shop's sessions be that of its forecasts.
func (h *Outlooks) Tick(shop uint32) {
	p := h.paces.Find(shop)
	if p == nil {
		return
	}
	slot := int64(h.intents.Clock(shop) / horizonSlot)
	for at, more := p.wheel.Step(slot); more; at, more = p.wheel.Step(slot) {
		for at != 0 {
			next := uint32(h.pool.Get(at, hzWho))
			h.look(at)
			at = next
		}
	}
}

// Dawn follows that of the sessions.
func (h *Outlooks) Dawn() {
	for shop := range h.paces.All() {
		h.Tick(uint32(shop))
	}
}

// look goes on with a forecast whose time has come.
func (h *Outlooks) look(at uint32) {
	who, when := h.pool.Get(at, hzWho), h.pool.Get(at, hzWhen)
	v, shop, bought, stage := uint32(who>>32), uint32(when)>>8, when>>4&15, int(when&15)
	if h.people.Gone(v) || h.people.IsBot(v) {
		h.release(at, v)
		return
	}
	if stage == stageWaits {
		h.forecast(at)
		return
	}
	f := h.foresight(shop)
	if bought == 0 {
		var x [inputs]float64
		intent.UnpackInputs(h.pool, at, hzInputs, x[:])
		from, to := h.bound(at, stage-1)+1, h.bound(at, stage)
		hit := h.intents.Bought(v, from, to) != 0
		f.model.Learn(x[:], stage, hit)
		if hit {
			bought = uint64(stage) + 1
		}
	}
	for i, last := range stages {
		if stage == last {
			said := h.pool.Get(at, hzSaid)
			f.records[i].Note(intent.UnpackLogit(said>>(16*i)), intent.UnpackLogit(said>>(32+16*i)), bought != 0)
		}
	}
	if stage == intent.Periods-1 {
		h.finish(f, at, v, bought)
		return
	}
	h.set(at, uint32(when>>32), shop, bought, uint64(stage)+1)
	h.watch(at, h.end(at, stage+1))
}

func (h *Outlooks) finish(f *model, at, v uint32, bought uint64) {
	var x [inputs]float64
	intent.UnpackInputs(h.pool, at, hzInputs, x[:])
	for i, v := range x {
		f.sums[i] += v
	}
	if h.told != nil {
		said := h.pool.Get(at, hzSaid)
		o := Outcome{Visitor: v, At: h.bound(at, -1), Sessions: math.Expm1(x[hzSessions]), Orders: math.Expm1(x[hzOrders]),
			SinceActive: math.Expm1(3 * x[hzSilence])}
		for i := range days {
			o.Within[i], o.Base[i] = intent.UnpackLogit(said>>(16*i)), intent.UnpackLogit(said>>(32+16*i))
			o.Came[i] = bought != 0 && int(bought)-1 <= stages[i]
		}
		h.told(&o)
	}
	h.release(at, v)
	if f.fresh++; float64(f.fresh) >= f.records[1].N/100 {
		f.publish()
	}
}

func (h *Outlooks) release(at, v uint32) {
	h.hold(v, false)
	h.pace(uint32(h.pool.Get(at, hzWhen))>>8).pending--
	h.pool.Give(at)
	if h.people.Gone(v) { // its number was kept for this forecast
		h.people.Free(v)
	}
}
