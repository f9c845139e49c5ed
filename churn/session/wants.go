package session

import (
	"fmt"
	"io"
	"math"
	"sync/atomic"

	"orrery/churn/intent"
	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/people"
	"orrery/models/pershop"
	"orrery/models/slab"
)

// productIntents forecasts whether the product that a visitor is looking at will be bought within the running session: the chance
// that anything is, times the chance that it is this, learned from the sessions that ended with an order. So the answer for
// a product is never above that for the session.
type productIntents struct {
	shops     pershop.Table[productModel]
	people    *people.People
	catalogue *catalogue.Catalogue
	items     slab.Words // views<<32 | orders, a word a product
	totals    slab.Words // the same of a shop, a word each
}

// productModel is what a shop has learned. One goroutine learns; any reads published.
type productModel struct {
	model     *intent.Bayes
	record    intent.Record
	chosen    uint64 // outcomes of which the product was bought
	fresh     uint64
	published atomic.Pointer[productShown]
}

type productShown struct {
	model   *intent.Bayes
	record  intent.Record
	quality models.IntentQuality
}

// The inputs of the second chance, after the bias.
const (
	wtRate = iota
	wtCart
	wtAgain
	wtPrice
	wtOwned
	wtOthers
	wantInputs
)

func newProductIntents(p *people.People, c *catalogue.Catalogue) *productIntents {
	return &productIntents{people: p, catalogue: c}
}

func newWanting() *productModel {
	w := &productModel{model: newBayes(wantInputs, -1)} // of what is looked at in a session with an order, one in four is in the order
	w.publish()
	return w
}

func (w *productIntents) wanting(shop uint32) *productModel { return w.shops.Get(shop, newWanting) }

const (
	oneView  = 1 << 32
	oneOrder = 1
)

// count counts a view or an order of a product. Where a count runs full both are halved.
func (w *productIntents) count(shop, item uint32, one uint64) {
	for _, at := range [2]struct {
		words *slab.Words
		i     uint32
	}{{&w.items, item}, {&w.totals, shop}} {
		at.words.Grow(uint64(at.i) + 1)
		word := at.words.Load(uint64(at.i))
		if word>>32 > math.MaxUint32-2 || uint32(word) > math.MaxUint32-2 {
			word = word >> 1 & 0x7fffffff7fffffff
		}
		at.words.Set(uint64(at.i), word+one)
	}
}

// join counts views and orders of one product for another.
func (w *productIntents) join(from, to uint32) {
	if uint64(from) >= w.items.Len() || w.items.Load(uint64(from)) == 0 {
		return
	}
	w.items.Grow(uint64(to) + 1)
	a, b := w.items.Load(uint64(from)), w.items.Load(uint64(to))
	views, orders := min(a>>32+b>>32, math.MaxUint32), min(a&math.MaxUint32+b&math.MaxUint32, math.MaxUint32)
	w.items.Set(uint64(to), views<<32|orders)
	w.items.Set(uint64(from), 0)
}

// prefetch asks for what is counted of a product. See intern.Hashes.Prefetch.
func (w *productIntents) prefetch(item uint32) {
	if uint64(item) < w.items.Len() {
		w.items.Prefetch(uint64(item))
	}
}

// rate returns how often a product was viewed and ordered, and the shop's orders a view.
func (w *productIntents) rate(shop, item uint32) (views, orders, mean float64) {
	if uint64(item) < w.items.Len() {
		word := w.items.Load(uint64(item))
		views, orders = float64(word>>32), float64(uint32(word))
	}
	mean = 0.03
	if uint64(shop) < w.totals.Len() {
		word := w.totals.Load(uint64(shop))
		mean = (float64(uint32(word)) + 3) / (float64(word>>32) + 100)
	}
	return views, orders, mean
}

// values returns the inputs for a product that a visitor looks at, by its main item. adding says that it goes into the cart at this moment.
func (w *productIntents) values(r *people.Reader, v *visits, visit, visitor, shop, item uint32, adding bool) (x [wantInputs]float64) {
	who := people.Person{Visitor: visitor, Contact: w.people.ContactOf(visitor)}
	views, orders, mean := w.rate(shop, item)
	const weight = 30 // views' worth of belief in the shop's rate
	x[wtRate] = math.Log((orders + weight*mean) / (views + weight) / mean)
	if adding {
		x[wtCart] = 1
	}
	same := func(id uint32) bool { return id == item || w.catalogue.Main(id) == item }
	for _, e := range r.Cart(who) {
		if same(e.ID) {
			x[wtCart] = 1
		}
	}
	for _, e := range r.Viewed(people.Person{Visitor: visitor}) {
		if same(e.ID) && e.Last > e.Aux {
			x[wtAgain] = 1
		}
	}
	if p, m := w.catalogue.Price(item).Float(), unpackMoney(v.get(visit, vstPrice)); p > 0 && m > 0 {
		x[wtPrice] = math.Log(p / m)
	}
	r.Bought(who, func(bought uint32, _ models.Time) {
		if same(bought) {
			x[wtOwned] = 1
		}
	})
	x[wtOthers] = math.Log1p(distinct(v.get(visit, vstSeen)))
	intent.Rounded(x[:])
	return x
}

func wantRow(x *[wantInputs]float64) (row [wantInputs + 1]float64) {
	row[0] = 1
	copy(row[1:], x[:])
	return row
}

// base returns the share of forecasts after which the product was bought, drawn towards the prior while they are few.
func (f *productModel) base() float64 {
	return (f.record.Positives + priorRate/4*priorRateWeight) / (f.record.N + priorRateWeight)
}

// learn takes what became of a forecast: whether anything was bought after it in the session, and whether the product.
func (f *productModel) learn(x *[wantInputs]float64, p, base float64, any, this bool) {
	f.record.Note(p, base, this)
	if any {
		row := wantRow(x)
		f.model.Learn(row[:], this, outcomeWeight)
	}
	if this {
		f.chosen++
	}
	if f.fresh++; float64(f.fresh) >= f.record.N/100 {
		f.publish()
	}
}

func (f *productModel) gate() string {
	switch {
	case f.record.N < leastOutcomes:
		return fmt.Sprintf("base rate: so far only %.0f outcomes of the %d that the model needs", f.record.N, leastOutcomes)
	case f.chosen < leastBuying:
		return fmt.Sprintf("base rate: so far only %d forecasts before an order of the product, of the %d that the model needs", f.chosen, leastBuying)
	case f.record.Loss >= f.record.BaseLoss:
		return "base rate: so far the model's forecasts have not been better"
	}
	return ""
}

func (f *productModel) publish() {
	r := &f.record
	now := &productShown{model: f.model.Clone(), record: *r, quality: intent.QualityOf(r, uint64(r.N), f.chosen, f.base(), f.gate())}
	f.published.Store(now)
	f.fresh = 0
}

// of returns what is forecast of the product that a visitor looked at last, nil where none is known. session is what is
// shown of the session.
func (w *productIntents) of(r *people.Reader, v *visits, visit, visitor, shop uint32, session float64) *models.ProductIntent {
	viewed := r.Viewed(people.Person{Visitor: visitor})
	if len(viewed) == 0 {
		return nil
	}
	variant, at := viewed[0].ID, viewed[0].Last
	item := w.catalogue.Main(variant)
	if first, _ := v.span(visit); at < first {
		return nil
	}
	f := w.shops.Find(shop)
	if f == nil {
		f = newWanting()
	}
	seen := f.published.Load()
	views, orders, _ := w.rate(shop, item)
	out := &models.ProductIntent{
		Product: w.catalogue.ID(variant), At: models.Time(at) * models.Second, Gate: seen.quality.Gate, Quality: seen.quality,
		Views: uint64(views), Orders: uint64(orders),
	}
	if out.Gate != "" {
		out.Probability = min(seen.quality.BaseRate, session)
		return out
	}
	x := w.values(r, v, visit, visitor, shop, item, false)
	row := wantRow(&x)
	out.Probability = session * seen.model.P(row[:])
	out.InCart, out.Again, out.Owned = x[wtCart] > 0.5, x[wtAgain] > 0.5, x[wtOwned] > 0.5
	out.Bin = intent.BinOf(&seen.record, seen.record.Bin(out.Probability))
	return out
}

func (w *productIntents) bytes() uint64 {
	return w.items.Bytes() + w.totals.Bytes() + w.shops.Known()*2*wantingWords*8
}

// wantingWords is the size of what a shop has learned, in a snapshot.
const wantingWords = 3 + (wantInputs+1)*(wantInputs+2) + intent.RecordWords

func (w *productIntents) freeze() *slab.Parts {
	parts := []io.WriterTo{w.items.Freeze(), w.totals.Freeze()}
	return slab.Join(append(parts, w.shops.Freeze((*productModel).freeze)...)...)
}

// read replaces the state by what freeze wrote, in this version of the intents or the one before.
func (w *productIntents) read(r io.Reader, version uint16) error {
	if _, err := slab.ReadAll(r, &w.items, &w.totals); err != nil {
		return err
	}
	if version > 10 {
		return w.shops.Read(r, wantingWords, thawWanting)
	}
	head := make(slab.Numbers, 1)
	if _, err := head.ReadFrom(r); err != nil {
		return err
	}
	return w.shops.Read10(r, head[0], wantingWords, thawWanting)
}

func (f *productModel) freeze() slab.Numbers {
	n := intent.PutFloats(slab.Numbers{1, f.chosen, f.fresh}, f.model.State()...)
	return intent.PutRecord(n, &f.record)
}

func thawWanting(n slab.Numbers) *productModel {
	f := newWanting()
	f.chosen = n[1]
	state := make([]float64, len(f.model.State()))
	rest := intent.TakeFloats(n[3:], state)
	f.model.SetState(state)
	intent.TakeRecord(rest, &f.record)
	f.publish()
	f.fresh = n[2]
	return f
}
