package engine

import (
	"fmt"
	"io"
	"math"
	"slices"
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

// horizon forecasts purchases within 7 and 28 days from what people do on the pages, for who has bought and for who never
// has, and learns from what came. Of some visitors, chosen by the hash of an event, it notes a forecast: half of them at once,
// half after a silence of hours to weeks, or it would know nothing of those who are silent. When each of the periods after
// the forecast is over it looks up whether an order came in it, and learns that; 7 and 28 days after the forecast it
// compares with what was said. A visitor has one forecast pending at a time.
type horizon struct {
	shops   pershop.Table[foresight]
	people  *people.People
	intents *session.Intents
	books   *base.Customers
	reader  *people.Reader // the writer's
	pool    *pool.Pool
	held    slab.Words   // a bit a visitor: it has a forecast pending
	wheel   *wheel.Wheel // by half hour: the forecasts that are looked at then
	told    func(*HorizonOutcome)
}

// HorizonOutcome is what became of a forecast, for backtests.
type HorizonOutcome struct {
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
	horizonWheel  = 2048
	horizonSlot   = 30 * models.Minute
	maxHorizons   = 1 << 16
	horizonGrace  = 10 * models.Minute // an order may be applied after later behaviour
	longestWait   = 28 * models.Day    // of a forecast after a silence
	shortestWait  = 30 * models.Minute
	horizonInputs = 20
	horizonEarly  = 3
)

// The words of a pending forecast.
const (
	hzWho        = iota // visitor<<32 | next in the wheel
	hzWhen              // second of the forecast<<32 | shop<<8 | period that is bought in + 1<<4 | stage
	hzSaid              // four log-odds of 16 bits: model within 7 and 28 days, base rates
	hzInputs            // 8 bits each
	horizonWords = hzInputs + (horizonInputs+7)/8
)

// Stages of a pending forecast: it is not made yet, or waits for a period to end.
const stageWaits = 15

// foresight is what a shop has learned. One goroutine learns; any reads published.
type foresight struct {
	model     *intent.Hazard
	records   [2]intent.Record // within 7 and 28 days
	sums      [horizonInputs]float64
	noted     float64 // forecasts made
	fresh     uint64
	published atomic.Pointer[foreseen]
}

type foreseen struct {
	model   *intent.Hazard
	records [2]intent.Record
	average [horizonInputs]float64
	quality [2]models.IntentQuality
}

var horizonDays = [2]float64{7, 28}

// horizonStage is the period that ends at 7 and at 28 days.
var horizonStage = [2]int{2, 4}

// The prior: of a shop that nothing is known of, one visitor in fifty buys within 28 days.
var (
	priorHazard  = intent.Curve{0.004, 0.004, 0.004, 0.005, 0.006}
	priorHorizon = [2]float64{0.012, 0.023}
)

const priorHorizonDeviation = 0.6

func newHorizon(p *people.People, in *session.Intents, books *base.Customers, told func(*HorizonOutcome)) *horizon {
	h := &horizon{people: p, intents: in, books: books, reader: p.Reader(), pool: pool.New(horizonWords, maxHorizons), wheel: wheel.New(horizonWheel), told: told}
	return h
}

func newForesight() *foresight {
	f := &foresight{model: intent.NewHazard(horizonInputs, horizonEarly, priorHazard, priorHorizonDeviation)}
	f.publish()
	return f
}

func (h *horizon) foresight(shop uint32) *foresight { return h.shops.Get(shop, newForesight) }

// behave takes a behaviour event of a visitor who is no bot, and notes a forecast after some. The more are known, the
// fewer: what a shop's first outcomes teach is worth their cost, the hundred thousandth is not.
func (h *horizon) behave(shop, v uint32, ev *models.Event) {
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
	if (chance>>40)%every != 0 || h.holds(v) || h.intents.Hindsight(ev.Time) {
		return
	}
	at := h.pool.Take()
	if at == 0 {
		return
	}
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

func (h *horizon) holds(v uint32) bool {
	return uint64(v/64) < h.held.Len() && h.held.Load(uint64(v/64))>>(v%64)&1 != 0
}

func (h *horizon) hold(v uint32, yes bool) {
	h.held.Grow(uint64(v/64) + 1)
	word := h.held.Load(uint64(v/64)) &^ (1 << (v % 64))
	if yes {
		word |= 1 << (v % 64)
	}
	h.held.Set(uint64(v/64), word)
}

func (h *horizon) set(at, second, shop uint32, bought, stage uint64) {
	h.pool.Set(at, hzWhen, uint64(second)<<32|uint64(shop)<<8|bought<<4|stage)
}

// forecast makes a pending forecast: says what the model says now, to be judged and learned from.
func (h *horizon) forecast(at uint32) {
	v, when := uint32(h.pool.Get(at, hzWho)>>32), h.pool.Get(at, hzWhen)
	shop, t := uint32(when)>>8, models.Time(when>>32)*models.Second
	f := h.foresight(shop)
	x := h.values(h.reader, shop, people.Person{Visitor: v, Contact: h.people.ContactOf(v)}, t)
	intent.Rounded(x[:])
	curve := f.model.Curve(x[:])
	var said uint64
	for i, days := range horizonDays {
		said |= intent.PackLogit(curve.Within(days))<<(16*i) | intent.PackLogit(f.base(i))<<(32+16*i)
	}
	h.pool.Set(at, hzSaid, said)
	intent.PackInputs(h.pool, at, hzInputs, x[:])
	h.set(at, uint32(when>>32), shop, 0, 0)
	h.watch(at, h.end(at, 0))
}

// end returns when a period of a forecast is over for sure.
func (h *horizon) end(at uint32, period int) models.Time {
	return h.bound(at, period) + horizonGrace
}

// bound returns the end of a period, the forecast's own moment for -1.
func (h *horizon) bound(at uint32, period int) models.Time {
	t := models.Time(h.pool.Get(at, hzWhen)>>32) * models.Second
	if period < 0 {
		return t
	}
	return t + models.Time(intent.Horizons[period]*float64(models.Day))
}

// watch puts a forecast into the wheel, to be looked at at a moment.
func (h *horizon) watch(at uint32, t models.Time) {
	next := h.wheel.Add(at, int64(t/horizonSlot)+1)
	h.pool.Set(at, hzWho, h.pool.Get(at, hzWho)&^math.MaxUint32|uint64(next))
}

// tick lets the clock of the sessions be that of the forecasts.
func (h *horizon) tick() {
	slot := int64(h.intents.Clock() / horizonSlot)
	for at, more := h.wheel.Step(slot); more; at, more = h.wheel.Step(slot) {
		for at != 0 {
			next := uint32(h.pool.Get(at, hzWho))
			h.look(at)
			at = next
		}
	}
}

// look goes on with a forecast whose time has come.
func (h *horizon) look(at uint32) {
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
		var x [horizonInputs]float64
		intent.UnpackInputs(h.pool, at, hzInputs, x[:])
		from, to := h.bound(at, stage-1)+1, h.bound(at, stage)
		hit := h.intents.Bought(v, from, to) != 0
		f.model.Learn(x[:], stage, hit)
		if hit {
			bought = uint64(stage) + 1
		}
	}
	for i, last := range horizonStage {
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

func (h *horizon) finish(f *foresight, at, v uint32, bought uint64) {
	var x [horizonInputs]float64
	intent.UnpackInputs(h.pool, at, hzInputs, x[:])
	for i, v := range x {
		f.sums[i] += v
	}
	if h.told != nil {
		said := h.pool.Get(at, hzSaid)
		o := HorizonOutcome{Visitor: v, At: h.bound(at, -1), Sessions: math.Expm1(x[hzSessions]), Orders: math.Expm1(x[hzOrders]),
			SinceActive: math.Expm1(3 * x[hzSilence])}
		for i := range horizonDays {
			o.Within[i], o.Base[i] = intent.UnpackLogit(said>>(16*i)), intent.UnpackLogit(said>>(32+16*i))
			o.Came[i] = bought != 0 && int(bought)-1 <= horizonStage[i]
		}
		h.told(&o)
	}
	h.release(at, v)
	if f.fresh++; float64(f.fresh) >= f.records[1].N/100 {
		f.publish()
	}
}

func (h *horizon) release(at, v uint32) {
	h.hold(v, false)
	h.pool.Give(at)
	if h.people.Gone(v) { // its number was kept for this forecast
		h.people.Free(v)
	}
}

// base returns the share of purchases within 7 or 28 days among the outcomes so far, drawn towards the prior while they
// are few.
func (f *foresight) base(i int) float64 {
	const weight = 50
	return (f.records[i].Positives + priorHorizon[i]*weight) / (f.records[i].N + weight)
}

// When the model of a shop speaks in place of the base rates.
const (
	leastHorizon       = 500
	leastHorizonBuying = 30
)

func (f *foresight) gate(i int) string {
	r, days := &f.records[i], horizonDays[i]
	switch {
	case r.N < leastHorizon:
		return fmt.Sprintf("base rate: so far only %.0f outcomes within %.0f days of the %d that the model needs", r.N, days, leastHorizon)
	case r.Positives < leastHorizonBuying:
		return fmt.Sprintf("base rate: so far only %.0f purchases within %.0f days of the %d that the model needs", r.Positives, days, leastHorizonBuying)
	case r.Loss >= r.BaseLoss:
		return fmt.Sprintf("base rate: so far the model's forecasts within %.0f days have not been better", days)
	}
	return ""
}

func (f *foresight) publish() {
	now := &foreseen{model: f.model.Clone(), records: f.records}
	for i := range f.records {
		r := &f.records[i]
		now.quality[i] = intent.QualityOf(r, uint64(r.N), uint64(r.Positives), f.base(i), f.gate(i))
	}
	for i, s := range f.sums {
		now.average[i] = s / max(1, f.records[1].N)
	}
	f.published.Store(now)
	f.fresh = 0
}

// The inputs of a forecast.
const (
	hzRecent = iota
	hzSilence
	hzSessions
	hzEvents
	hzAge
	hzNewcomer
	hzKnown
	hzOrders
	hzLately
	hzSincePurchase
	hzCart
	hzViewed
	hzViewedWeek
	hzModel
	hzAlive
	hzBuy
	hzRunningLate
	hzRunning // what follows acts on the first day only
	hzSession
	hzCartNow
)

var horizonNames = [horizonInputs]string{
	hzRecent: "days since the newest activity", hzSilence: "days since the newest activity", hzSessions: "sessions so far",
	hzEvents: "events so far", hzAge: "days since first seen", hzNewcomer: "first session", hzKnown: "a known contact",
	hzOrders: "earlier orders", hzLately: "days since the last purchase", hzSincePurchase: "days since the last purchase",
	hzCart: "products in the cart", hzViewed: "products viewed", hzViewedWeek: "products viewed within 7 days",
	hzModel: "purchase history", hzAlive: "purchase history", hzBuy: "purchase history", hzRunningLate: "the running session",
	hzRunning: "the running session", hzSession: "the running session", hzCartNow: "products in the cart",
}

// values returns the inputs for a person at a moment.
func (h *horizon) values(r *people.Reader, shop uint32, who people.Person, t models.Time) (x [horizonInputs]float64) {
	s := r.Summary(who)
	silent := max(0, intent.Since(s.LastBehaviour, t.Seconds(), models.Day))
	x[hzRecent], x[hzSilence] = 1/(1+silent), math.Log1p(silent)/3
	x[hzSessions], x[hzEvents] = math.Log1p(float64(s.Sessions)), math.Log1p(float64(s.Events))/3
	x[hzAge] = math.Log1p(max(0, intent.Since(s.FirstSeen, t.Seconds(), models.Day))) / 3
	if s.Sessions <= 1 {
		x[hzNewcomer] = 1
	}
	if who.Contact != 0 {
		x[hzKnown] = 1
	}
	x[hzOrders] = math.Log1p(float64(s.Orders))
	if s.LastPurchase != 0 {
		d := max(0, float64(t-s.LastPurchase)/float64(models.Day))
		x[hzLately], x[hzSincePurchase] = 1/(1+d), math.Log1p(d)/3
	}
	x[hzCart], x[hzViewed] = math.Log1p(float64(s.CartLines)), math.Log1p(float64(s.Remembered))/2
	x[hzViewedWeek] = math.Log1p(viewedWithin(r, who, t-7*models.Day)) / 2
	h.history(&x, shop, who, t)
	if running, p := h.running(r, shop, who, t); running {
		x[hzRunningLate], x[hzRunning], x[hzSession], x[hzCartNow] = (intent.Logit(p)+4)/3, 1, (intent.Logit(p)+4)/3, x[hzCart]
	}
	return x
}

// viewedWithin returns how many products a person has viewed since a moment.
func viewedWithin(r *people.Reader, who people.Person, from models.Time) (n float64) {
	for _, e := range r.Viewed(who) {
		if models.Time(e.Last)*models.Second > from {
			n++
		}
	}
	return n
}

// history sets what the purchase models say.
func (h *horizon) history(x *[horizonInputs]float64, shop uint32, who people.Person, t models.Time) {
	if who.Contact == 0 {
		return
	}
	if s, ok := h.books.Score(shop, who.Contact, t); ok && s.Gate == "" {
		x[hzModel], x[hzAlive], x[hzBuy] = 1, s.Alive, (intent.Logit(s.Buy28)+3)/2
	}
}

// running returns the probability of a purchase within the running session, if one is.
func (h *horizon) running(r *people.Reader, shop uint32, who people.Person, t models.Time) (running bool, p float64) {
	r.EachVisitor(who, func(v uint32) {
		if q, ok := h.intents.Chance(shop, v, t); ok {
			running, p = true, max(p, q)
		}
	})
	return running, p
}

// of returns what is forecast of a person. Any goroutine may call it, with a reader of its own. session is what is shown
// of the running session, 0 without one: the days to come cannot be less likely than the next minutes. because says whether reasons are wanted.
func (h *horizon) of(r *people.Reader, shop uint32, who people.Person, session float64, now models.Time, because bool) *models.Outlook {
	f := h.shops.Find(shop)
	if f == nil {
		return nil
	}
	seen := f.published.Load()
	out := &models.Outlook{Quality: seen.quality, Within: [2]float64{seen.quality[0].BaseRate, seen.quality[1].BaseRate}}
	for _, q := range seen.quality {
		if out.Gate == "" {
			out.Gate = q.Gate
		}
	}
	if out.Gate != "" {
		for i := range out.Within {
			out.Within[i] = max(out.Within[i], session)
		}
		return out
	}
	x := h.values(r, shop, who, now)
	intent.Rounded(x[:])
	curve := seen.model.Curve(x[:])
	for i, days := range horizonDays {
		raw := curve.Within(days)
		out.Within[i] = curve.AtLeast(session).Within(days)
		out.Bin[i] = intent.BinOf(&seen.records[i], seen.records[i].Bin(raw))
	}
	if because {
		out.Because = h.reasons(r, seen, &x, who, now)
	}
	return out
}

// quality returns how the forecasts of a shop have done, and false before the first. Any goroutine may call it.
func (h *horizon) quality(shop uint32) (q [2]models.IntentQuality, ok bool) {
	f := h.shops.Find(shop)
	if f == nil {
		return q, false
	}
	return f.published.Load().quality, true
}

// reasons returns what moves a forecast most.
func (h *horizon) reasons(r *people.Reader, seen *foreseen, x *[horizonInputs]float64, who people.Person, now models.Time) (list []models.IntentReason) {
	weights := seen.model.Weights()
	for i, name := range horizonNames {
		effect := weights[i] * (x[i] - seen.average[i])
		at := slices.IndexFunc(list, func(r models.IntentReason) bool { return r.Feature == name })
		if at < 0 {
			at = len(list)
			list = append(list, models.IntentReason{Feature: name})
		}
		list[at].Effect += effect
	}
	h.figures(r, who, now, list)
	return intent.Strongest(list)
}

// figures fills in the values of reasons as people count them.
func (h *horizon) figures(r *people.Reader, who people.Person, now models.Time, list []models.IntentReason) {
	s := r.Summary(who)
	second := now.Seconds()
	of := map[string]float64{
		horizonNames[hzRecent]: intent.Since(s.LastBehaviour, second, models.Day), horizonNames[hzSessions]: float64(s.Sessions),
		horizonNames[hzEvents]: float64(s.Events), horizonNames[hzAge]: intent.Since(s.FirstSeen, second, models.Day),
		horizonNames[hzOrders]: float64(s.Orders), horizonNames[hzLately]: intent.Since(s.LastPurchase.Seconds(), second, models.Day),
		horizonNames[hzCart]: float64(s.CartLines), horizonNames[hzViewed]: float64(s.Remembered), horizonNames[hzViewedWeek]: viewedWithin(r, who, now-7*models.Day),
	}
	if s.Sessions <= 1 {
		of[horizonNames[hzNewcomer]] = 1
	}
	if who.Contact != 0 {
		of[horizonNames[hzKnown]] = 1
	}
	for i := range list {
		list[i].Value = of[list[i].Feature]
	}
}

// Bytes returns the memory held.
func (h *horizon) Bytes() uint64 {
	return h.pool.Bytes() + h.held.Bytes() + h.wheel.Bytes() + h.shops.Known()*uint64(2*foresightWords*8)
}

// foresightWords is the size of what a shop has learned, in a snapshot.
var foresightWords = 3 + horizonInputs + len(newForesight().model.State()) + 2*intent.RecordWords

// Freeze returns the state of this moment for a snapshot.
func (h *horizon) Freeze() *slab.Parts {
	parts := []io.WriterTo{slab.Numbers{uint64(h.wheel.Turn())}, h.pool.Freeze(), h.held.Freeze(), h.wheel.Freeze()}
	return slab.Join(append(parts, h.shops.Freeze((*foresight).freeze)...)...)
}

// ReadVersion replaces the state by what Freeze wrote, in this version or the one before.
func (h *horizon) ReadVersion(r io.Reader, version uint16) error {
	head := make(slab.Numbers, 1)
	if version == 10 { // its second is the number of shops
		head = make(slab.Numbers, 2)
	}
	if _, err := slab.ReadAll(r, head, h.pool, &h.held, h.wheel); err != nil {
		return err
	}
	h.wheel.SetTurn(int64(head[0]))
	if version == 10 {
		return h.shops.Read10(r, head[1], foresightWords, thawForesight)
	}
	return h.shops.Read(r, foresightWords, thawForesight)
}

func (f *foresight) freeze() slab.Numbers {
	n := slab.Numbers{1, math.Float64bits(f.noted), f.fresh}
	n = intent.PutFloats(n, f.sums[:]...)
	n = intent.PutFloats(n, f.model.State()...)
	for i := range f.records {
		n = intent.PutRecord(n, &f.records[i])
	}
	return n
}

func thawForesight(n slab.Numbers) *foresight {
	f := newForesight()
	f.noted = math.Float64frombits(n[1])
	fresh := n[2]
	n = intent.TakeFloats(n[3:], f.sums[:])
	state := make([]float64, len(f.model.State()))
	n = intent.TakeFloats(n, state)
	f.model.SetState(state)
	for i := range f.records {
		n = intent.TakeRecord(n, &f.records[i])
	}
	f.publish()
	f.fresh = fresh
	return f
}
