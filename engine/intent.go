package engine

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"sync/atomic"

	"orrery/models"
	"orrery/models/slab"
	"orrery/recommend/people"
)

// intents forecasts purchases within running sessions, and learns from what came. After some events, chosen by a hash of
// their id, it notes what the model says and the features that it says it from. The outcome is looked up when the session
// is over by a grace: an order may be applied after later behaviour, since it comes on another topic, so that its own time
// decides and not the moment at which it is applied. An outcome of either kind is learned at that moment and never
// before: if purchases were learned at once, they would outrun the sessions without.
type intents struct {
	people *people.People
	visits *visits
	every  uint64
	gap    uint32 // seconds
	clock  models.Time
	shops  atomic.Pointer[[]*forecaster]
	told   func(*IntentOutcome)
	chain  []uint32 // scratch
}

// intentEvery is of how many events one is forecast after, on average, and maxForecasts how many of a session at most.
const (
	intentEvery  = 8
	maxForecasts = 8
)

// grace is how long after a session's end its outcome is looked up.
const grace = 10 * models.Minute

// IntentOutcome is what became of a forecast, for backtests.
type IntentOutcome struct {
	Visitor uint32
	Session uint32      // second at which it began
	At      models.Time // of the forecast
	P       float64     // what the model said
	Base    float64     // the base rate at that moment
	Open    bool        // whether the model spoke in place of it
	Learned uint64      // outcomes that were known then: the forecast is made of the first so many
	Inputs  []float64   // bias, then as IntentFeatures; not to be kept
	Bought  bool
}

// IntentFeatures returns the names of what session forecasts are made of.
func IntentFeatures() (names []string) {
	for _, f := range featureList {
		names = append(names, f.name)
	}
	return names
}

// The words of a forecast.
const (
	ptChain    = iota // next of its visit<<32 | outcomes known when it was made, with flagOpen
	ptTime            // ms
	ptSaid            // probability<<32 | base rate, as float32
	ptInputs          // without the bias, two float32 a word
	pointWords = ptInputs + (features+1)/2
	flagOpen   = 1 << 31
)

func newIntents(p *people.People, told func(*IntentOutcome)) *intents {
	in := &intents{people: p, visits: newVisits(), every: intentEvery, gap: p.SessionGap().Seconds(), told: told}
	in.shops.Store(new([]*forecaster))
	return in
}

// find returns the forecaster of a shop, or nil. Any goroutine may call it.
func (in *intents) find(shop uint32) *forecaster {
	if shops := *in.shops.Load(); int(shop) < len(shops) {
		return shops[shop]
	}
	return nil
}

func (in *intents) forecaster(shop uint32) *forecaster {
	if f := in.find(shop); f != nil {
		return f
	}
	grown := make([]*forecaster, max(int(shop)+1, len(*in.shops.Load())))
	copy(grown, *in.shops.Load())
	grown[shop] = newForecaster()
	in.shops.Store(&grown)
	return grown[shop]
}

// clockStep is how far one event can move the clock by which sessions are taken for ended. It follows the stream's
// newest events as a median does: a visitor whose own clock is a day ahead ends nobody's session.
const clockStep = 10 * models.Minute

// tick moves the clock, and settles the sessions that it shows to be over.
func (in *intents) tick(t models.Time) {
	if in.clock == 0 {
		in.clock = t
	}
	in.clock += min(clockStep, max(-clockStep, t-in.clock))
	if minute := int64(in.clock / models.Minute); minute > in.visits.turn {
		in.visits.advance(minute, in.look)
	}
}

// due returns the minute at which a visit is settled if nothing more happens in it.
func (in *intents) due(visit uint32) int64 {
	last := uint32(in.visits.pool.get(visit, vstSpan))
	end := models.Time(last+in.gap)*models.Second + grace
	return int64(end/models.Minute) + 1
}

func (in *intents) look(visit uint32) {
	due := in.due(visit)
	if due > in.visits.turn && in.visits.pool.get(visit, vstWho)>>32 != 0 {
		in.visits.watch(visit, due)
		return
	}
	in.settle(visit)
	in.visits.release(visit)
}

// begin opens a visit; before is the second of the visitor's behaviour before this session.
func (in *intents) begin(shop, visitor, before uint32, t models.Time) uint32 {
	v := in.visits
	visit := v.open(shop, visitor, t.Seconds())
	if visit == 0 {
		return 0
	}
	v.pool.set(visit, vstBefore, v.pool.get(visit, vstBefore)|uint64(before)<<32)
	v.pool.set(visit, vstNumber, uint64(in.people.Sessions(visitor))<<32|uint64(in.people.Purchases(visitor)))
	v.watch(visit, in.due(visit))
	return visit
}

// behave takes a behaviour event of a visitor who is no bot; before is the second of the visitor's behaviour before it.
func (in *intents) behave(shop, visitor uint32, ev *models.Event, began bool, before uint32) {
	v := in.visits
	visit, _ := v.of(visitor)
	if began {
		visit = in.begin(shop, visitor, before, ev.Time)
	}
	if visit == 0 {
		return
	}
	in.note(visit, ev)
	if (ev.IDHash()*0x9e3779b97f4a7c15)>>33%in.every == 0 && v.count(visit, cntPoints) < maxForecasts {
		in.ask(visit, shop, ev.Time)
	}
}

// note counts an event.
func (in *intents) note(visit uint32, ev *models.Event) {
	v, s := in.visits, ev.Time.Seconds()
	span, recent := v.pool.get(visit, vstSpan), v.pool.get(visit, vstRecent)
	last := uint32(span)
	added := uint32(recent >> 32)
	if ev.Kind == models.AddToCart {
		added = max(added, s)
	}
	v.pool.set(visit, vstRecent, uint64(added)<<32|uint64(min(last, s)))
	v.pool.set(visit, vstSpan, span&^math.MaxUint32|uint64(max(last, s)))
	in.class(visit, ev)
	if ev.Kind != models.ViewItem && ev.Kind != models.AddToCart {
		return
	}
	seen := v.pool.get(visit, vstSeen)
	for i := range ev.Items {
		it := &ev.Items[i]
		if ev.Kind == models.AddToCart || len(ev.Items) == 1 {
			seen |= 1 << (people.HashOf(0, it.ID) >> 58)
		}
		if it.HasPrice && it.Price > 0 {
			v.price(visit, it.Price)
		}
	}
	v.pool.set(visit, vstSeen, seen)
}

// class counts an event among its kind.
func (in *intents) class(visit uint32, ev *models.Event) {
	v := in.visits
	switch ev.Kind {
	case models.PageView:
		v.add(visit, cntPages)
	case models.ViewItem:
		if len(ev.Items) > 1 { // products on a page
			v.add(visit, cntLists)
		} else {
			v.add(visit, cntViews)
		}
	case models.ViewItemList:
		v.add(visit, cntLists)
	case models.AddToCart:
		v.add(visit, cntAdds)
	case models.RemoveFromCart:
		v.add(visit, cntRemoves)
	case models.ViewCart:
		v.add(visit, cntCarts)
	case models.Search:
		v.add(visit, cntSearches)
	default:
		step := checkoutStep(ev)
		if step == 0 {
			v.add(visit, cntOthers)
			return
		}
		v.add(visit, cntSteps)
		v.setCount(visit, cntDepth, max(v.count(visit, cntDepth), step))
	}
}

// checkoutStep returns how far in a checkout an event is, by GA4's names, 0 where it is not of one.
func checkoutStep(ev *models.Event) uint64 {
	switch {
	case ev.Kind == models.BeginCheckout:
		return 1
	case string(ev.Name) == "add_shipping_info":
		return 2
	case string(ev.Name) == "add_payment_info":
		return 3
	}
	return 0
}

// ask notes a forecast, to be judged and learned from later. While there are too many none is.
func (in *intents) ask(visit, shop uint32, t models.Time) {
	v := in.visits
	point := v.points.take()
	if point == 0 {
		return
	}
	v.add(visit, cntPoints)
	f := in.forecaster(shop)
	x := in.values(visit)
	row := inputs(&x)
	said := uint64(math.Float32bits(float32(f.model.P(row[:]))))<<32 | uint64(math.Float32bits(float32(f.base())))
	learned := min(uint64(f.record.N), flagOpen-1)
	if f.open() {
		learned |= flagOpen
	}
	chain := v.pool.get(visit, vstChain)
	v.points.set(point, ptChain, chain<<32|learned)
	v.pool.set(visit, vstChain, chain&^math.MaxUint32|uint64(point))
	v.points.set(point, ptTime, uint64(t))
	v.points.set(point, ptSaid, said)
	for i := 1; i < len(row); i += 2 {
		word := uint64(math.Float32bits(float32(row[i]))) << 32
		if i+1 < len(row) {
			word |= uint64(math.Float32bits(float32(row[i+1])))
		}
		v.points.set(point, ptInputs+uint64(i/2), word)
	}
}

// settle learns what became of the forecasts of a visit: whether its visitor bought after each of them, and before the
// silence that ended the session was over.
func (in *intents) settle(visit uint32) {
	v := in.visits
	who := v.pool.get(visit, vstWho)
	in.chain = in.chain[:0]
	for point := uint32(v.pool.get(visit, vstChain)); point != 0; point = uint32(v.points.get(point, ptChain) >> 32) {
		in.chain = append(in.chain, point)
	}
	if len(in.chain) == 0 || who>>32 == 0 {
		return
	}
	slices.Reverse(in.chain)
	f := in.forecaster(uint32(who))
	span := v.pool.get(visit, vstSpan)
	end := models.Time(uint32(span)+in.gap) * models.Second
	bought := in.people.NewestPurchase(uint32(who>>32), models.Time(v.points.get(in.chain[0], ptTime)), end)
	for _, point := range in.chain {
		in.judge(f, point, uint32(who>>32), uint32(span>>32), bought)
	}
	f.settled(bought != 0)
}

func (in *intents) judge(f *forecaster, point, visitor, began uint32, bought models.Time) {
	v := in.visits
	row := in.row(point)
	said := v.points.get(point, ptSaid)
	o := IntentOutcome{
		Visitor: visitor, Session: began, At: models.Time(v.points.get(point, ptTime)),
		P: float64(math.Float32frombits(uint32(said >> 32))), Base: float64(math.Float32frombits(uint32(said))),
	}
	o.Bought = bought >= o.At
	f.learn(&row, o.P, o.Base, o.Bought)
	if in.told != nil {
		in.tell(point, o, row)
	}
}

func (in *intents) tell(point uint32, o IntentOutcome, row [features + 1]float64) {
	learned := uint32(in.visits.points.get(point, ptChain))
	o.Learned, o.Open, o.Inputs = uint64(learned&^flagOpen), learned&flagOpen != 0, row[:]
	in.told(&o)
}

// row returns the inputs that a forecast was made of.
func (in *intents) row(point uint32) (row [features + 1]float64) {
	row[0] = 1
	for i := 1; i < len(row); i++ {
		word := in.visits.points.get(point, ptInputs+uint64((i-1)/2))
		if i%2 == 1 {
			word >>= 32
		}
		row[i] = float64(math.Float32frombits(uint32(word)))
	}
	return row
}

// Intent returns how likely a visitor is to buy within the running session, as of its newest event, and false where
// no session of his is running.
func (e *Engine) Intent(shop, visitor []byte, now models.Time) (models.Intent, bool) {
	number := e.findShop(shop)
	v := e.m.People.FindVisitor(number, visitor)
	if number == 0 || v == 0 {
		return models.Intent{}, false
	}
	return e.intents.of(number, v, now)
}

// IntentQuality returns how forecasts of purchases within sessions have done in a shop, and false before the first.
func (e *Engine) IntentQuality(shop []byte) (models.IntentQuality, bool) {
	f := e.intents.find(e.findShop(shop))
	if f == nil {
		return models.IntentQuality{}, false
	}
	return f.published.Load().quality, true
}

// of returns what is forecast of a visitor's running session. Any goroutine may call it.
func (in *intents) of(shop, visitor uint32, now models.Time) (out models.Intent, ok bool) {
	v := in.visits
	visit, _ := v.of(visitor)
	if visit == 0 {
		return out, false
	}
	span := v.pool.get(visit, vstSpan)
	x := in.values(visit)
	if uint32(v.pool.get(visit, vstWho)>>32) != visitor { // its place is another's by now
		return out, false
	}
	if uint64(now.Seconds()) > uint64(uint32(span))+uint64(in.gap) {
		return out, false
	}
	out.Began, out.Last = models.Time(span>>32)*models.Second, models.Time(uint32(span))*models.Second
	f := in.find(shop)
	if f == nil {
		f = newForecaster()
	}
	f.published.Load().explain(&out, &x)
	return out, true
}

// maxReasons is how many features an answer names.
const maxReasons = 3

// explain fills in what is forecast from features.
func (f *outlook) explain(out *models.Intent, x *[features]float64) {
	out.Quality, out.Gate = f.quality, f.quality.Gate
	if out.Gate != "" {
		out.Probability = f.quality.BaseRate
		return
	}
	row := inputs(x)
	out.Probability = f.model.P(row[:])
	out.Bin = f.bin(f.record.Bin(out.Probability))
	weights := f.model.Weights()
	for i, feature := range featureList {
		r := models.IntentReason{Feature: feature.name, Value: x[i], Effect: weights[i+1] * (row[i+1] - f.average[i+1])}
		if last := len(out.Because) - 1; last >= 0 && out.Because[last].Feature == r.Feature {
			out.Because[last].Effect += r.Effect
			continue
		}
		out.Because = append(out.Because, r)
	}
	for i := range out.Because {
		if out.Because[i].Feature == hourOfDay {
			out.Because[i].Value = float64(out.Last % models.Day / models.Hour)
		}
	}
	slices.SortStableFunc(out.Because, func(a, b models.IntentReason) int {
		return cmp.Compare(math.Abs(b.Effect), math.Abs(a.Effect))
	})
	out.Because = out.Because[:maxReasons]
}

func (in *intents) bytes() uint64 {
	return in.visits.bytes() + uint64(len(*in.shops.Load()))*2*forecasterWords*8
}

// Freeze returns the state of this moment for a snapshot.
func (in *intents) Freeze() *slab.Parts {
	shops := *in.shops.Load()
	parts := []io.WriterTo{slab.Numbers{uint64(in.clock), uint64(len(shops))}, in.visits.freeze()}
	for _, f := range shops {
		if f == nil {
			parts = append(parts, make(slab.Numbers, forecasterWords))
			continue
		}
		parts = append(parts, f.freeze())
	}
	return slab.Join(parts...)
}

// ReadFrom replaces the state by what Freeze wrote.
func (in *intents) ReadFrom(r io.Reader) (int64, error) {
	head := make(slab.Numbers, 2)
	n, err := slab.ReadAll(r, head, in.visits)
	if err != nil {
		return n, err
	}
	if head[1] > maxBooks {
		return n, fmt.Errorf("cannot read forecasts of %d shops", head[1])
	}
	in.clock = models.Time(head[0])
	shops := make([]*forecaster, head[1])
	for i := 0; i < len(shops) && err == nil; i++ {
		numbers := make(slab.Numbers, forecasterWords)
		var k int64
		k, err = numbers.ReadFrom(r)
		n += k
		if err == nil && numbers[0] != 0 {
			shops[i] = newForecaster()
			shops[i].thaw(numbers)
		}
	}
	in.shops.Store(&shops)
	return n, err
}
