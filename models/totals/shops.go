package totals

import (
	"fmt"
	"io"
	"math"
	"math/bits"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/people"
	"orrery/models/slab"
)

// Shops is what has been taken of every shop, exactly: the same figures that Totals and people keep of all together. What
// a shop has some of only, events by name and money by currency, takes a record of 24 B and a slot of a table each; the rest
// takes 26 words a shop. So a shop with a dozen names takes about 700 B, and one of which nothing has been counted 8 B.
type Shops struct {
	shop   uint32     // whose event is being applied: the writer's
	places slab.Words // by shop: which of the records in fixed is its; 0 before anything is counted
	fixed  slab.Words // tallyWords each, the first nobody's
	counts slab.Words // countWords each: key, sum, times that it has wrapped around
	byKey  *intern.Hashes
	names  []uint64 // by number of an event's name: shop<<32 | record that was counted last; the writer's
	people [people.Figures]uint64
	items  int
	begun  bool // all events since the first are in it, or since is set
}

// Words of a shop, behind those of people.
const (
	tallyItems = people.Figures + iota
	tallySince // second from which on is counted; 0 from the first event on
	tallyWords
)

// Classes of what a shop has some of only.
const (
	classEvents = iota + 1
	classRevenue
	classOver
	classConflicts
	classReturned // visitors who had been forgotten
)

const countWords = 3

func newShops() *Shops {
	t := new(Shops)
	t.byKey = intern.NewHashes(&t.counts, countWords)
	t.fixed.Grow(tallyWords)
	return t
}

// key is exact: a shop has 20 bits, names and currencies are few.
func tallyKey(class int, shop, number uint32) uint64 {
	return uint64(class)<<56 | uint64(shop)<<32 | uint64(number)
}

// event counts an event by the number of its name.
func (t *Shops) event(name uint32) {
	for int(name) >= len(t.names) {
		t.names = append(t.names, 0)
	}
	record := uint32(t.names[name])
	if uint32(t.names[name]>>32) != t.shop || record == 0 {
		record, _ = t.byKey.Add(tallyKey(classEvents, t.shop, name))
		t.names[name] = uint64(t.shop)<<32 | uint64(record)
	}
	at := uint64(record)*countWords + 1
	t.counts.Set(at, t.counts.Load(at)+1)
}

// Returned counts a visitor who had been forgotten and has come back.
func (t *Shops) Returned() {
	record, _ := t.byKey.Add(tallyKey(classReturned, t.shop, 0))
	at := uint64(record)*countWords + 1
	t.counts.Set(at, t.counts.Load(at)+1)
}

// money adds an amount: see purse.
func (t *Shops) money(class int, currency uint32, amount models.Money) {
	record, _ := t.byKey.Add(tallyKey(class, t.shop, currency))
	at := uint64(record)*countWords + 1
	before := t.counts.Load(at)
	sum := before + uint64(amount)
	t.counts.Set(at, sum)
	t.counts.Set(at+1, t.counts.Load(at+1)+wrapped(before, uint64(amount), sum))
}

// wrapped returns what a sum of two's complement has wrapped around by: 1, -1 or 0. Its sign is wrong where both of its parts were of
// one sign and it is of the other.
func wrapped(before, by, sum uint64) uint64 {
	switch {
	case int64((sum^before)&(sum^by)) >= 0:
		return 0
	case int64(by) < 0:
		return math.MaxUint64
	}
	return 1
}

// Take counts for the shop of an event what has changed with it: of people the figures that are marked.
func (t *Shops) Take(p *people.People, items int) {
	for marked := p.Marked(); marked != 0; marked &= marked - 1 {
		word := bits.TrailingZeros32(marked)
		now := p.Figure(word)
		t.add(uint64(word), now-t.people[word])
		t.people[word] = now
	}
	if items != t.items {
		t.add(tallyItems, uint64(items-t.items))
		t.items = items
	}
}

func (t *Shops) add(word, by uint64) {
	at := t.place()*tallyWords + word
	t.fixed.Set(at, t.fixed.Load(at)+by)
}

// place returns the record of the shop whose event is being applied. A new one is there before readers are led to it.
func (t *Shops) place() uint64 {
	shop := uint64(t.shop)
	if shop >= t.places.Len() {
		t.places.Grow(shop + 1)
	}
	place := t.places.Load(shop)
	if place == 0 {
		place = t.fixed.Len() / tallyWords
		t.fixed.Grow((place + 1) * tallyWords)
		t.places.Set(shop, place)
	}
	return place
}

// Begin is called before a batch: what has changed outside of events is nobody's.
func (t *Shops) Begin(p *people.People, items int) {
	p.Marked()
	for i := range t.people {
		t.people[i] = p.Figure(i)
	}
	t.items = items
}

// At says whose what follows is.
func (t *Shops) At(shop uint32) { t.shop = shop }

// Seed sets what decides where records lie: see intern.Seed.
func (t *Shops) Seed(s intern.Seed) { t.byKey.Seed(s) }

// Adopt makes up for a state that was written before there were figures by shop: those of the only shop are those of all. Of
// several it is not known which share each has: they are counted from now on, and say so. It does so once.
func (l *Totals) Adopt(p *people.People, items, shops int, now models.Time) (adopted bool) {
	t := l.shops
	if t.begun {
		return false
	}
	t.begun = true
	switch {
	case shops == 1:
		t.shop = 1
		for i := range people.Figures {
			t.add(uint64(i), p.Figure(i))
		}
		t.add(tallyItems, uint64(items))
		l.hand(t)
		return true
	case shops > 1 && now > 0:
		for shop := uint32(1); int(shop) <= shops; shop++ {
			t.shop = shop
			t.add(tallySince, uint64(now/models.Second))
		}
	}
	return false
}

// Shops returns the figures by shop, a section of their own.
func (l *Totals) Shops() *Shops { return l.shops }

// ReportShop fills in the figures of a shop. Any goroutine may call it.
func (l *Totals) ReportShop(shop uint32, s *models.Stats) {
	t := l.shops
	s.Events = map[string]uint64{}
	for n := uint32(1); int(n) <= l.names.Len(); n++ {
		if count := t.count(classEvents, shop, n); count > 0 {
			s.Events[string(l.names.Name(n))] = count
			s.Total += count
		}
	}
	s.Revenue, s.OverRefunded, s.OrderConflictValue = t.amounts(classRevenue, shop, l), t.amounts(classOver, shop, l), t.amounts(classConflicts, shop, l)
	s.Items = t.word(shop, tallyItems)
	s.ForgottenReturned = t.count(classReturned, shop, 0)
	s.Since = models.Time(t.word(shop, tallySince)) * models.Second
}

// word returns one of the fixed figures of a shop. Any goroutine may call it.
func (t *Shops) word(shop uint32, w uint64) uint64 {
	if uint64(shop) >= t.places.Len() {
		return 0
	}
	return t.fixed.Load(t.places.Load(uint64(shop))*tallyWords + w)
}

func (t *Shops) count(class int, shop, number uint32) uint64 {
	record := t.byKey.Find(tallyKey(class, shop, number))
	return t.counts.Load(uint64(record)*countWords + min(1, uint64(record)))
}

// amounts returns the sums that are not 0, and of revenue those that once were not.
func (t *Shops) amounts(class int, shop uint32, l *Totals) map[string]models.Money {
	all := map[string]models.Money{}
	for currency := uint32(0); int(currency) <= l.currencies.Len(); currency++ {
		record := t.byKey.Find(tallyKey(class, shop, currency))
		if record == 0 {
			continue
		}
		at := uint64(record)*countWords + 1
		sum := saturated(t.counts.Load(at), t.counts.Load(at+1))
		if sum != 0 || class == classRevenue && currency != 0 {
			all[l.Code(currency)] = sum
		}
	}
	return all
}

// Bytes returns the memory held.
func (t *Shops) Bytes() uint64 {
	return t.places.Bytes() + t.fixed.Bytes() + t.counts.Bytes() + t.byKey.Bytes()
}

// Freeze returns the figures of this moment for a snapshot.
func (t *Shops) Freeze() *slab.Parts {
	return slab.Join(t.places.Freeze(), t.fixed.Freeze(), t.counts.Freeze())
}

// ReadFrom replaces the figures by what Freeze wrote.
func (t *Shops) ReadFrom(r io.Reader) (int64, error) {
	n, err := slab.ReadAll(r, &t.places, &t.fixed, &t.counts)
	if err != nil {
		return n, err
	}
	t.fixed.Grow(tallyWords)
	for shop := range t.places.Len() {
		if place := t.places.Load(shop); place >= t.fixed.Len()/tallyWords {
			return n, fmt.Errorf("cannot read the figures of shop %d: it has record %d of %d", shop, place, t.fixed.Len()/tallyWords)
		}
	}
	t.byKey.Rebuild()
	clear(t.names)
	t.begun = true
	return n, nil
}

// People returns the figures of persons of a shop. Any goroutine may call it.
func (t *Shops) People(shop uint32) people.Totals {
	return people.TotalsOf(func(i int) uint64 { return t.word(shop, uint64(i)) })
}

// Items returns how many products events of a shop have named. Any goroutine may call it.
func (t *Shops) Items(shop uint32) uint64 { return t.word(shop, tallyItems) }
