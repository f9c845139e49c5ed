package catalogue

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// The words of an offer: what the shop says of a product beyond its slot. 64 B a product, 4 B for its group, and a text.
const (
	oSaid      = iota // hash of the upsert that all of this is from, 0 where another event has said some of it since
	oText             // ms, of which moment the texts are
	oPrice            // ms, likewise price and sale
	oStock            // ms, likewise availability and pieces
	oSale             // micros, the sale price within its window, 0: none
	oWindow           // from<<32 | until, seconds, each 0 where it is open
	oPieces           // pieces+1, 0 where they are not known
	oMore             // of more
	offerWords = 8
)

// offers is what the shop says of its products, with the moment of each part: so a feed that was fetched before a price changed does
// not undo it. A section of snapshots by itself: one without it leaves all of that unknown.
type offers struct {
	words  slab.Words
	more   *slab.Texts // prices of the last 30 days, then attributes: see history
	groups groups
	taken  slab.Words  // takenWords a shop, of full feeds
	due    []turn      // a heap: when sales begin and end. It follows from the words.
	now    models.Time // of the stream
	next   models.Time // of the first turn
	read   bool        // a snapshot had this section
}

// The words of a shop.
const (
	tAt        = iota // ms, the newest full feed's fetch
	tProducts         // how many it had
	takenWords = 2
)

const never models.Time = 1<<63 - 1

func newOffers() *offers {
	o := &offers{next: never}
	o.groups.names = intern.NewStrings()
	o.more = slab.NewTexts(&o.words, offerWords, oMore)
	return o
}

func (o *offers) at(item uint32, w uint64) uint64 { return uint64(item)*offerWords + w }

func (o *offers) set(item uint32, w uint64, to uint64)   { o.words.Set(o.at(item, w), to) }
func (o *offers) time(item uint32, w uint64) models.Time { return models.Time(o.load(item, w)) }

// load returns a word, 0 where a restored product has none yet.
func (o *offers) load(item uint32, w uint64) uint64 {
	if o.at(item, w) >= o.words.Len() {
		return 0
	}
	return o.words.Load(o.at(item, w))
}

// text returns the text of a product, nil where it has none.
func (o *offers) text(item uint32) []byte {
	if o.load(item, oMore) == 0 {
		return nil
	}
	return o.more.Get(uint64(item))
}

// Bytes returns the memory held.
func (o *offers) Bytes() uint64 {
	return o.words.Bytes() + o.more.Bytes() + o.taken.Bytes() + o.groups.names.Bytes() + o.groups.of.Bytes() + o.groups.first.Bytes() + o.groups.main.Bytes() + o.groups.shown.Bytes() + uint64(cap(o.due))*16
}

// Freeze returns the offers of this moment for a snapshot.
func (o *offers) Freeze() *slab.Parts {
	return slab.Join(o.words.Freeze(), o.taken.Freeze(), slab.Numbers{uint64(o.now)}, o.more.Freeze(), o.groups.names.Freeze(), o.groups.of.Freeze(), o.groups.first.Freeze())
}

// ReadFrom replaces the offers by what Freeze wrote.
func (o *offers) ReadFrom(r io.Reader) (int64, error) {
	now := make(slab.Numbers, 1)
	n, err := slab.ReadAll(r, &o.words, &o.taken, now, o.more, o.groups.names, &o.groups.of, &o.groups.first)
	o.now, o.read, o.due, o.next = models.Time(now[0]), true, o.due[:0], never
	for item := uint64(0); item*offerWords < o.words.Len(); item++ {
		o.await(uint32(item))
	}
	return n, err
}

// Offers returns what the shops say of their products beyond slots, as a section of snapshots.
func (c *Catalogue) Offers() *offers { return c.offers }

// turn is a moment at which a sale begins or ends.
type turn struct {
	at   models.Time
	item uint32
}

// edges returns the moments of a window, never where it is open.
func edges(window uint64) (from, until models.Time) {
	from, until = models.Time(window>>32)*models.Second, models.Time(uint32(window))*models.Second
	if until == 0 {
		until = never
	}
	return from, until
}

// await puts a product's next turn on the heap.
func (o *offers) await(item uint32) {
	window := o.load(item, oWindow)
	if window == 0 {
		return
	}
	at, until := edges(window)
	if at <= o.now {
		at = until
	}
	if at <= o.now || at == never {
		return
	}
	o.due = append(o.due, turn{at, item})
	for i := len(o.due) - 1; i > 0 && o.due[i].at < o.due[(i-1)/2].at; i = (i - 1) / 2 {
		o.due[i], o.due[(i-1)/2] = o.due[(i-1)/2], o.due[i]
	}
	o.next = o.due[0].at
	if len(o.due) > 1024 && len(o.due) > 2*int(o.words.Len()/offerWords) {
		o.tidy()
	}
}

// tidy leaves one turn a product: windows that were changed have left others behind.
func (o *offers) tidy() {
	slices.SortFunc(o.due, func(a, b turn) int {
		if a.at != b.at {
			return int(min(max(a.at-b.at, -1), 1))
		}
		return int(a.item) - int(b.item)
	})
	o.due = slices.DeleteFunc(slices.Compact(o.due), func(t turn) bool {
		from, until := edges(o.load(t.item, oWindow))
		return t.at != from && t.at != until
	})
	if o.next = never; len(o.due) > 0 { // sorted is a heap
		o.next = o.due[0].at
	}
}

// pop takes the first turn off the heap.
func (o *offers) pop() turn {
	first, last := o.due[0], len(o.due)-1
	o.due[0] = o.due[last]
	o.due = o.due[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child+1 < last && o.due[child+1].at < o.due[child].at {
			child++
		}
		if child >= last || o.due[i].at <= o.due[child].at {
			break
		}
		o.due[i], o.due[child] = o.due[child], o.due[i]
		i = child
	}
	if o.next = never; last > 0 {
		o.next = o.due[0].at
	}
	return first
}

// sale returns what a product's sale price is at a moment, 0 where it is not on sale then.
func (o *offers) sale(item uint32, at models.Time) models.Money {
	if from, until := edges(o.load(item, oWindow)); at < from || at >= until {
		return 0
	}
	return models.Money(o.load(item, oSale))
}

// Advance tells the time of the stream: sales begin and end by it.
func (c *Catalogue) Advance(now models.Time) {
	c.offers.now = now
	if now >= c.offers.next {
		c.turn(now)
	}
}

func (c *Catalogue) turn(now models.Time) {
	for o := c.offers; len(o.due) > 0 && now >= o.due[0].at; {
		t := o.pop()
		if sale := o.sale(t.item, now); sale != models.Money(c.products.Load(c.word(t.item, pSale))) {
			shop := c.Shop(t.item)
			c.describe(shop, t.item, facts{slot: slot{sale: sale}, hasSale: true, at: t.at}, merged)
			c.rechoose(t.item)
		}
		o.await(t.item)
	}
}

// history is the text of an offer: how many prices, each with the second from which on it was asked (4 and 8 bytes), then the
// attributes, a member list.
const (
	historyEntry = 12
	maxHistory   = 32
	omnibus      = 30 * models.Day
)

func splitMore(more []byte) (history, attributes []byte) {
	if len(more) == 0 {
		return nil, nil
	}
	n := 1 + int(more[0])*historyEntry
	return more[1:n], more[n:]
}

func asked(history []byte, i int) (from models.Time, price models.Money) {
	e := history[i*historyEntry:]
	return models.Time(binary.LittleEndian.Uint32(e)) * models.Second, models.Money(binary.LittleEndian.Uint64(e[4:]))
}

// remember notes what a product costs from a moment on, sale included, and forgets what was asked more than 30 days before.
func (c *Catalogue) remember(item uint32, at models.Time) {
	o := c.offers
	history, attributes := splitMore(o.text(item))
	price := models.Money(c.products.Load(c.word(item, pPrice)))
	if sale := o.sale(item, at); sale > 0 && sale < price {
		price = sale
	}
	n := len(history) / historyEntry
	if n > 0 {
		if last, was := asked(history, n-1); was == price || at < last {
			return
		}
	}
	if price == 0 {
		return
	}
	from := 0
	for from+1 < n {
		if next, _ := asked(history, from+1); next > at-omnibus && n-from < maxHistory {
			break
		}
		from++
	}
	buf := append(c.buf[:0], byte(n-from+1))
	buf = append(buf, history[from*historyEntry:]...)
	buf = binary.LittleEndian.AppendUint32(buf, at.Seconds())
	buf = binary.LittleEndian.AppendUint64(buf, uint64(price))
	c.buf = append(buf, attributes...)
	o.more.Set(uint64(item), c.buf)
}

// Lowest returns the lowest price of the 30 days before the present one was asked, 0 where none is known: what the EU's Omnibus
// directive wants beside a reduced price. Of more than 31 changes the newest count. Any goroutine may call it.
func (c *Catalogue) Lowest(item uint32) (low models.Money) {
	history, _ := splitMore(c.offers.text(item))
	n := len(history)/historyEntry - 1
	if n < 1 {
		return 0
	}
	now, _ := asked(history, n)
	for i := range n {
		until, _ := asked(history, i+1)
		if _, price := asked(history, i); until > now-omnibus && (low == 0 || price < low) {
			low = price
		}
	}
	return low
}

// maxAttributes bounds the attributes of a product, in bytes.
const maxAttributes = 1 << 10

// attribute keeps what an upsert says of a product beyond what has a place of its own, name by name: what it leaves out stays, null
// takes away.
func (c *Catalogue) attribute(item uint32, props []byte) {
	o := c.offers
	more := o.text(item)
	history, known := splitMore(more)
	said := false
	models.Members(props, func(name []byte, _ models.Value) bool {
		said = !placed(name)
		return !said
	})
	if !said {
		return
	}
	c.buf = append(append(c.buf[:0], byte(len(history)/historyEntry)), history...)
	start := len(c.buf)
	add := func(name []byte, v models.Value) {
		if string(v) == "null" || len(c.buf)-start+len(name)+len(v)+4 > maxAttributes {
			return
		}
		if len(c.buf) > start {
			c.buf = append(c.buf, ',')
		}
		c.buf = append(append(models.AppendString(c.buf, name), ':'), v...)
	}
	models.Members(known, func(name []byte, v models.Value) bool {
		if models.Member(props, string(name)) == nil {
			add(name, v)
		}
		return true
	})
	models.Members(props, func(name []byte, v models.Value) bool {
		if !placed(name) {
			add(name, v)
		}
		return true
	})
	if !bytes.Equal(c.buf, more) {
		o.more.Set(uint64(item), c.buf)
		c.changed(item)
	}
}

// placed tells whether a member of an item has a place of its own.
func placed(name []byte) bool {
	switch string(name) {
	case "title", "url", "link", "image", "image_link", "brand", "item_brand", "product_type", "sale_price", "sale_from", "sale_until",
		"sale_price_effective_date", "availability", "in_stock", "stock_status", "stock", "stock_quantity", "item_group_id":
		return true
	}
	return false
}
