// Package session forecasts purchases within running sessions, of anything and of the product that is looked at, and learns from
// what came: Intents. visits holds what has happened in each running session, features what a model is told of it, forecaster what a
// shop has learned. The learner is intent.Bayes, judged by an intent.Record and silent until it has beaten the base rate.
//
// An event costs under half a microsecond with its share of forecasts and outcomes (one event in eight is forecast after at first,
// later one in 64); a session takes 48 B while it runs, a forecast 56 B, a visitor 8 B.
package session

import (
	"slices"

	"orrery/churn/intent"
	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/people"
	"orrery/models/pershop"
)

// Intents forecasts purchases within running sessions, and learns from what came. After some events, chosen by a hash of
// their id, it notes what the model says and the features that it says it from. The outcome is looked up when the session
// is over by a grace: an order may be applied after later behaviour, since it comes on another topic, so that its own time
// decides and not the moment at which it is applied. An outcome of either kind is learned at that moment and never
// before: if purchases were learned at once, they would outrun the sessions without.
type Intents struct {
	shops    pershop.Table[forecaster]
	people   *people.People
	visits   *visits
	every    uint64
	gap      uint32 // seconds
	outcome  func(*Outcome)
	chain    []uint32       // scratch
	reader   *people.Reader // the writer's
	products *productIntents
	lent     func(v uint32, from, to models.Time) models.Time
	lentItem func(v, item uint32, from, to models.Time) bool
}

// intentEvery is of how many events one is forecast after, on average, while a shop is young, and maxForecasts how many of a
// session at most. Once many are known there are fewer: what the first outcomes teach is worth their cost.
const (
	intentEvery  = 8
	maxForecasts = 8
)

// rare returns by how much fewer forecasts a shop is in need of.
func (f *forecaster) rare() uint64 {
	switch {
	case f.asked > 40_000:
		return 8
	case f.asked > 10_000:
		return 4
	}
	return 1
}

// grace is how long after a session's end its outcome is looked up.
const grace = 10 * models.Minute

// Outcome is what became of a forecast, for backtests.
type Outcome struct {
	Visitor uint32
	Session uint32      // second at which it began
	At      models.Time // of the forecast
	P       float64     // what the model said
	Base    float64     // the base rate at that moment
	Open    bool        // whether the model spoke in place of it
	Learned uint64      // outcomes that were known then: the forecast is made of the first so many
	Inputs  []float64   // bias, then as FeatureNames; not to be kept
	Bought  bool
}

// FeatureNames returns the names of what session forecasts are made of.
func FeatureNames() (names []string) {
	for _, f := range featureList {
		names = append(names, f.name)
	}
	return names
}

// The words of a forecast.
const (
	ptChain    = iota // next of its visit<<32 | outcomes known when it was made, with flagOpen
	ptWhen            // second<<32 | what was said<<16 | base rate, as log-odds of 16 bits
	ptInputs          // without the bias, 8 bits each
	ptProduct  = ptInputs + features/8
	ptWants    = ptProduct + 1 // inputs of the product's chance, 8 bits each; then its base rate, 16 bits
	pointWords = ptWants + 1
	flagOpen   = 1 << 31
	// What stands in the word of the last inputs beside them: the product that is looked at, and what was said of it.
	ptItem      = 32
	ptItemSaid  = 16
	ptWantsBase = 48
)

// New returns the forecasts of shops that nothing is known of yet.
func New(p *people.People, c *catalogue.Catalogue) *Intents {
	return &Intents{people: p, visits: newVisits(), every: intentEvery, gap: p.SessionGap().Seconds(),
		reader: p.Reader(), products: newProductIntents(p, c)}
}

func (in *Intents) forecaster(shop uint32) *forecaster { return in.shops.Get(shop, newForecaster) }

// The clock by which sessions of a shop are taken for ended follows the shop's newest events as a median does, by clockStep an event
// at most: a visitor whose own clock is a day ahead ends nobody's session. But it stays clockLag behind an event at most, lest
// it never catch up in a quiet shop, or where old orders were brought in: an event's time lies a day ahead of its record's
// at most (models.Event.Decode), and that a day ahead of the truth (stream).
const (
	clockStep = 10 * models.Minute
	clockLag  = 2 * models.MaxAhead
)

// Tick moves the clock of a shop, and settles its sessions that it shows to be over.
func (in *Intents) Tick(shop uint32, t models.Time) {
	p := in.visits.pace(shop)
	if p.clock == 0 {
		p.clock = t
	}
	p.clock = max(p.clock+min(clockStep, max(-clockStep, t-p.clock)), t-clockLag)
	if minute := int64(p.clock / models.Minute); minute > p.wheel.Turn() {
		in.visits.advance(p, minute, in.look)
	}
}

// Dawn moves the clocks of shops in which nothing happens, once a day of the stream, to where an event of now would move them at least:
// else what is pending there would be held for as long as the shop is silent.
func (in *Intents) Dawn(now models.Time) {
	for _, p := range in.visits.paces.All() {
		if p == nil || p.clock == 0 || p.clock >= now-clockLag {
			continue
		}
		p.clock = now - clockLag
		if minute := int64(p.clock / models.Minute); minute > p.wheel.Turn() {
			in.visits.advance(p, minute, in.look)
		}
	}
}

// Late tells whether an event of a shop comes so late that what became of it may be known already: nothing is forecast of it.
func (in *Intents) Late(shop uint32, t models.Time) bool { return t < in.Clock(shop)-clockLag }

// due returns the minute at which a visit is settled if nothing more happens in it.
func (in *Intents) due(visit uint32) int64 {
	_, last := in.visits.span(visit)
	end := models.Time(last+in.gap)*models.Second + grace
	return int64(end/models.Minute) + 1
}

func (in *Intents) look(visit uint32) {
	due := in.due(visit)
	if p := in.visits.paces.Find(uint32(in.visits.get(visit, vstShop))); due > p.wheel.Turn() && in.visits.get(visit, vstWho) != 0 {
		in.visits.watch(visit, due)
		return
	}
	in.conclude(visit)
	in.visits.release(visit)
}

// begin opens a visit; before is the second of the visitor's behaviour before this session.
func (in *Intents) begin(shop, visitor, before uint32, t models.Time) uint32 {
	v := in.visits
	visit := v.open(shop, visitor, t.Seconds())
	if visit == 0 {
		return 0
	}
	v.set(visit, vstBefore, packLong(intent.Since(before, t.Seconds(), models.Minute)))
	v.set(visit, vstSessions, uint64(in.people.Sessions(visitor)))
	v.set(visit, vstOrders, uint64(in.people.Purchases(visitor)))
	v.watch(visit, in.due(visit))
	return visit
}

// Behave takes a behaviour event of a visitor who is no bot; before is the second of the visitor's behaviour before it,
// item the one product that it is about, 0 for none.
func (in *Intents) Behave(shop, visitor uint32, ev *models.Event, began bool, before, item uint32) {
	v := in.visits
	visit, _ := v.of(visitor)
	if visit != 0 && !began {
		first, _ := v.span(visit)
		began = ev.Time.Seconds() > first+longestVisit
	}
	if began {
		visit = in.begin(shop, visitor, before, ev.Time)
	}
	if item != 0 && ev.Kind == models.ViewItem {
		in.products.count(shop, item, oneView)
	}
	if visit == 0 {
		return
	}
	in.note(visit, ev, item)
	if in.Late(shop, ev.Time) {
		return
	}
	if hash := (ev.IDHash() * 0x9e3779b97f4a7c15) >> 33; hash%in.every == 0 && v.get(visit, cntPoints) < maxForecasts {
		if f := in.forecaster(shop); hash/in.every%f.rare() == 0 {
			in.ask(f, visit, shop, ev.Time, item, ev.Kind == models.AddToCart)
		}
	}
}

// note counts an event.
func (in *Intents) note(visit uint32, ev *models.Event, item uint32) {
	v := in.visits
	v.behave(visit, ev.Time.Seconds(), ev.Kind == models.AddToCart)
	in.class(visit, ev)
	if ev.Kind != models.ViewItem && ev.Kind != models.AddToCart {
		return
	}
	if item != 0 {
		v.see(visit, in.products.catalogue.Ordinals().Of(item))
	}
	for i := range ev.Items {
		if it := &ev.Items[i]; it.HasPrice && it.Price > 0 {
			v.price(visit, it.Price)
		}
	}
}

// class counts an event among its kind.
func (in *Intents) class(visit uint32, ev *models.Event) {
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
		v.set(visit, cntDepth, max(v.get(visit, cntDepth), step))
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
func (in *Intents) ask(f *forecaster, visit, shop uint32, t models.Time, item uint32, adding bool) {
	v := in.visits
	point := v.point(shop)
	if point == 0 {
		return
	}
	v.add(visit, cntPoints)
	f.asked++
	x := in.values(visit)
	row := inputs(&x)
	p := f.model.P(row[:])
	learned := min(uint64(f.record.N), flagOpen-1)
	if f.open() {
		learned |= flagOpen
	}
	v.points.Set(point, ptChain, v.get(visit, vstChain)<<32|learned)
	v.set(visit, vstChain, uint64(point))
	v.points.Set(point, ptWhen, uint64(t.Seconds())<<32|intent.PackLogit(p)<<16|intent.PackLogit(f.base()))
	intent.PackInputs(v.points, point, ptInputs, row[1:])
	if item != 0 {
		w := in.products.wanting(shop)
		x := in.products.values(in.reader, v, visit, uint32(v.get(visit, vstWho)), shop, item, adding)
		row := wantRow(&x)
		intent.PackInputs(v.points, point, ptWants, x[:])
		v.points.Set(point, ptProduct, v.points.Get(point, ptProduct)|uint64(item)<<ptItem|intent.PackLogit(p*w.model.P(row[:]))<<ptItemSaid)
		v.points.Set(point, ptWants, v.points.Get(point, ptWants)|intent.PackLogit(w.base())<<ptWantsBase)
	}
}

// conclude learns what became of the forecasts of a visit: whether its visitor bought after each of them, and before the
// silence that ended the session was over.
func (in *Intents) conclude(visit uint32) {
	v := in.visits
	visitor, shop := uint32(v.get(visit, vstWho)), uint32(v.get(visit, vstShop))
	in.chain = in.chain[:0]
	for point := uint32(v.get(visit, vstChain)); point != 0; point = uint32(v.points.Get(point, ptChain) >> 32) {
		in.chain = append(in.chain, point)
	}
	if len(in.chain) == 0 || visitor == 0 {
		return
	}
	slices.Reverse(in.chain)
	f := in.forecaster(shop)
	first, last := v.span(visit)
	end := models.Time(last+in.gap) * models.Second
	bought := in.Bought(visitor, in.made(in.chain[0]), end)
	for _, point := range in.chain {
		in.judge(f, point, visitor, first, bought)
		in.chosen(shop, point, visitor, bought, end)
	}
	f.settled(bought != 0)
}

// Lend sets who knows the orders that visitors were lent: when a visitor has placed the newest of them between two moments, both
// included, 0 where there is none, and whether a product was in one.
func (in *Intents) Lend(bought func(v uint32, from, to models.Time) models.Time, item func(v, item uint32, from, to models.Time) bool) {
	in.lent, in.lentItem = bought, item
}

// Listen has every outcome told, by the goroutine that applies events: for backtests.
func (in *Intents) Listen(told func(*Outcome)) { in.outcome = told }

// Every has a forecast noted after one event of so many, 8 without: for tests and backtests.
func (in *Intents) Every(events uint64) { in.every = events }

// Bought returns when a visitor has bought last between two moments, both included, orders that it was lent among them, 0 where it
// has not.
func (in *Intents) Bought(visitor uint32, from, to models.Time) models.Time {
	bought := in.people.NewestPurchase(visitor, from, to)
	if in.lent != nil {
		bought = max(bought, in.lent(visitor, from, to))
	}
	return bought
}

// made returns the moment of a forecast.
func (in *Intents) made(point uint32) models.Time {
	return models.Time(in.visits.points.Get(point, ptWhen)>>32) * models.Second
}

func (in *Intents) judge(f *forecaster, point, visitor, began uint32, bought models.Time) {
	row := in.row(point)
	when := in.visits.points.Get(point, ptWhen)
	o := Outcome{
		Visitor: visitor, Session: began, At: in.made(point), P: intent.UnpackLogit(when >> 16), Base: intent.UnpackLogit(when),
	}
	o.Bought = bought >= o.At
	f.learn(&row, o.P, o.Base, o.Bought)
	if in.outcome != nil {
		in.report(point, o, row)
	}
}

// chosen learns whether the product of a forecast was bought.
func (in *Intents) chosen(shop, point, visitor uint32, bought, end models.Time) {
	points := in.visits.points
	word := points.Get(point, ptProduct)
	item := uint32(word >> ptItem)
	if item == 0 {
		return
	}
	at := in.made(point)
	this := bought >= at && (in.people.BoughtWithin(visitor, item, at, end) || in.lentItem != nil && in.lentItem(visitor, item, at, end))
	var x [wantInputs]float64
	intent.UnpackInputs(points, point, ptWants, x[:])
	p, base := intent.UnpackLogit(word>>ptItemSaid), intent.UnpackLogit(points.Get(point, ptWants)>>ptWantsBase)
	in.products.wanting(shop).learn(&x, p, base, bought >= at, this)
}

func (in *Intents) report(point uint32, o Outcome, row [features + 1]float64) {
	learned := uint32(in.visits.points.Get(point, ptChain))
	o.Learned, o.Open, o.Inputs = uint64(learned&^flagOpen), learned&flagOpen != 0, row[:]
	in.outcome(&o)
}

// row returns the inputs that a forecast was made of.
func (in *Intents) row(point uint32) (row [features + 1]float64) {
	row[0] = 1
	intent.UnpackInputs(in.visits.points, point, ptInputs, row[1:])
	return row
}

// running returns the features of a visitor's running session and its first and newest second. Any goroutine may call it.
func (in *Intents) running(visitor uint32, now models.Time) (visit uint32, x [features]float64, first, last uint32, ok bool) {
	v := in.visits
	if visit, _ = v.of(visitor); visit == 0 {
		return
	}
	first, last = v.span(visit)
	x = in.values(visit)
	ok = uint32(v.get(visit, vstWho)) == visitor && // else its place is another's by now
		uint64(now.Seconds()) <= uint64(last)+uint64(in.gap)
	return
}

// Chance returns the model's probability for a visitor's running session. Any goroutine may call it.
func (in *Intents) Chance(shop, visitor uint32, now models.Time) (p float64, ok bool) {
	_, x, _, _, ok := in.running(visitor, now)
	f := in.shops.Find(shop)
	if !ok || f == nil {
		return 0, false
	}
	row := inputs(&x)
	return f.published.Load().model.P(row[:]), true
}

// Shown returns what is shown of a visitor's running session: the model's probability, or the base rate behind the gate. Any
// goroutine may call it.
func (in *Intents) Shown(shop, visitor uint32, now models.Time) (p float64, ok bool) {
	p, ok = in.Chance(shop, visitor, now)
	if f := in.shops.Find(shop); ok {
		if q := &f.published.Load().quality; q.Gate != "" {
			p = q.BaseRate
		}
	}
	return p, ok
}

// Of returns what is forecast of a visitor's running session. Any goroutine may call it, with a reader of its own.
func (in *Intents) Of(r *people.Reader, shop, visitor uint32, now models.Time) (out models.Intent, ok bool) {
	visit, x, first, last, ok := in.running(visitor, now)
	if !ok {
		return out, false
	}
	out.Began, out.Last = models.Time(first)*models.Second, models.Time(last)*models.Second
	f := in.shops.Find(shop)
	if f == nil {
		f = newForecaster()
	}
	f.published.Load().explain(&out, &x)
	out.Product = in.products.of(r, in.visits, visit, visitor, shop, out.Probability)
	return out, true
}

// explain fills in what is forecast from features.
func (f *outlook) explain(out *models.Intent, x *[features]float64) {
	out.Quality, out.Gate = f.quality, f.quality.Gate
	if out.Gate != "" {
		out.Probability = f.quality.BaseRate
		return
	}
	row := inputs(x)
	out.Probability = f.model.P(row[:])
	out.Bin = intent.BinOf(&f.record, f.record.Bin(out.Probability))
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
	out.Because = intent.Strongest(out.Because)
}

// Bytes returns the memory held.
func (in *Intents) Bytes() uint64 { return in.bytes() + in.visits.slots.Bytes() }

// Pending returns how many sessions are not settled, and how many forecasts in them. For the writer.
func (in *Intents) Pending() (sessions, forecasts uint64) {
	return in.visits.pool.Used(), in.visits.points.Used()
}

// Asked returns how many forecasts were made in a shop. For the writer.
func (in *Intents) Asked(shop uint32) uint64 {
	if f := in.shops.Find(shop); f != nil {
		return f.asked
	}
	return 0
}

// Quality returns how forecasts of a shop's sessions have done, and false before the first. Any goroutine may call it.
func (in *Intents) Quality(shop uint32) (q models.IntentQuality, ok bool) {
	f := in.shops.Find(shop)
	if f == nil {
		return q, false
	}
	return f.published.Load().quality, true
}

// ProductQuality is Quality of the forecasts for single products.
func (in *Intents) ProductQuality(shop uint32) (q models.IntentQuality, ok bool) {
	f := in.products.shops.Find(shop)
	if f == nil {
		return q, false
	}
	return f.published.Load().quality, true
}

// Join makes one product of two: what is counted of from counts for to.
func (in *Intents) Join(from, to uint32) { in.products.join(from, to) }

// Ordered takes that a product was ordered.
func (in *Intents) Ordered(shop, item uint32) { in.products.count(shop, item, oneOrder) }

// Drop forgets the running session of a visitor who is a machine.
func (in *Intents) Drop(visitor uint32) { in.visits.drop(visitor) }

// Forget forgets a visitor.
func (in *Intents) Forget(visitor uint32) { in.visits.forget(visitor) }

// Running tells whether a visitor has a session whose outcome is not known yet. For the writer.
func (in *Intents) Running(visitor uint32) bool {
	visit, _ := in.visits.of(visitor)
	return visit != 0
}

// Prefetch asks for which session a visitor is in, PrefetchSession for the session, PrefetchItem for what is counted of a product. See
// intern.Hashes.Prefetch.
func (in *Intents) Prefetch(visitor uint32)        { in.visits.prefetch(visitor) }
func (in *Intents) PrefetchSession(visitor uint32) { in.visits.prefetchVisit(visitor) }
func (in *Intents) PrefetchItem(item uint32)       { in.products.prefetch(item) }

// Clock returns the time by which sessions of a shop are taken for ended. For the writer.
func (in *Intents) Clock(shop uint32) models.Time {
	if p := in.visits.paces.Find(shop); p != nil {
		return p.clock
	}
	return 0
}

// Dropped returns how many sessions, and how many forecasts within sessions, found no room. Any goroutine may call it.
func (in *Intents) Dropped() (sessions, forecasts uint64) {
	return in.visits.lostVisits.Load(), in.visits.lostPoints.Load()
}

// Parts returns the memory held, by part.
func (in *Intents) Parts() map[string]uint64 {
	return map[string]uint64{"intent": in.bytes(), "visit_rows": in.visits.slots.Bytes()}
}

func (in *Intents) bytes() uint64 {
	return in.visits.bytes() + in.products.bytes() + in.shops.Known()*2*forecasterWords*8
}
