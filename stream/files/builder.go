package files

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
)

// facts are the fields of a row that are numbers, read before anything of the row is taken, so that a row is taken
// as a whole or not at all.
type facts struct {
	time      models.Time
	price     models.Money
	hasPrice  bool
	amount    models.Money // price times quantity
	quantity  int32        // whole pieces
	pieces    models.Money // in millionths, as the row says
	value     models.Money
	hasValue  bool
	slot      int32
	currency  string // that the amounts name
	synthetic bool   // the time is made up when the event is
}

// roundPieces rounds pieces to whole ones; less than one is one.
func roundPieces(pieces models.Money) int32 {
	switch {
	case pieces > 0:
		return int32(max(1, divide(pieces, models.Micros)))
	case pieces < 0:
		return int32(min(-1, divide(pieces, models.Micros)))
	}
	return 0
}

// builder makes events of rows.
type builder struct {
	cfg     *Config
	m       *mapping
	clock   clockReader
	prefix  string // of derived ids
	scratch []byte
	mark    byte // the file's decimal mark
	hash    xxhash.Digest

	crawlers crawlers
}

func newBuilder(cfg *Config, m *mapping) *builder {
	layout := cfg.TimeLayout
	def(&layout, "auto")
	prefix := cfg.Preset
	def(&prefix, "replay")
	return &builder{cfg: cfg, m: m, prefix: prefix, clock: clockReader{layout: layout, loc: cfg.Location, most: models.TimeOf(cfg.Now()) + models.MaxAhead}}
}

// wanted tells whether the map's rules leave a row in.
func (b *builder) wanted(r *row) bool {
	b.scratch = b.scratch[:0]
	return len(b.m.rules) == 0 || b.m.wanted(&b.scratch, r)
}

// text renders a field into the scratch, which the caller resets with each row.
func (b *builder) text(t *text, r *row) []byte {
	if t == nil {
		return nil
	}
	return t.render(&b.scratch, r)
}

// facts reads the numbers of a row.
func (b *builder) facts(r *row) (f facts, err error) {
	b.scratch = b.scratch[:0]
	f.synthetic = b.m.time == nil
	if !f.synthetic {
		if f.time, err = b.clock.parse(b.text(b.m.time, r)); err != nil {
			return f, err
		}
	}
	var hasAmount bool
	if f.amount, hasAmount, err = b.money("amount", b.text(b.m.amount, r), &f); err != nil {
		return f, err
	}
	if f.price, f.hasPrice, err = b.money("price", b.text(b.m.price, r), &f); err != nil {
		return f, err
	}
	if f.value, f.hasValue, err = b.money("value", b.text(b.m.value, r), &f); err != nil {
		return f, err
	}
	if f.pieces, err = b.pieces(b.text(b.m.quantity, r)); err != nil {
		return f, err
	}
	f.quantity = roundPieces(f.pieces)
	if f.slot, err = integer("slot", b.text(b.m.slot, r), 0); err != nil {
		return f, err
	}
	f.settle(hasAmount)
	return f, nil
}

// settle gets the amount from the price, or the price from the amount. A row that has an amount for no pieces (a
// coupon, goods by weight) counts as one piece.
func (f *facts) settle(hasAmount bool) {
	if hasAmount {
		if f.pieces == 0 {
			f.quantity, f.pieces = 1, models.Micros
		}
		if f.pieces%models.Micros == 0 {
			f.price, f.hasPrice = divide(f.amount, models.Money(f.quantity)), true
		} else {
			f.price, f.hasPrice = models.MoneyOf(f.amount.Float()/f.pieces.Float()), true
		}
		return
	}
	if f.amount = multiply(f.price, f.quantity); f.pieces%models.Micros != 0 {
		f.amount = models.AmountOf(f.price, f.pieces)
	}
}

// bound is where sums and products of money stop: prices and quantities in a file are anything.
const bound = models.Money(1<<62 - 1)

func multiply(m models.Money, n int32) models.Money {
	switch product := float64(m) * float64(n); {
	case product >= float64(bound):
		return bound
	case product <= -float64(bound):
		return -bound
	}
	return m * models.Money(n)
}

func add(a, b models.Money) models.Money { return within(within(a) + within(b)) }

func within(m models.Money) models.Money { return max(min(m, bound), -bound) }

// divide rounds half away from zero.
func divide(a, b models.Money) models.Money {
	if b < 0 {
		a, b = -a, -b
	}
	if a < 0 {
		return -((-a + b/2) / b)
	}
	return (a + b/2) / b
}

func (b *builder) money(field string, s []byte, f *facts) (models.Money, bool, error) {
	if len(s) == 0 || isNull(s) {
		return 0, false, nil
	}
	m, currency, err := parseAmount(s, b.mark)
	if err != nil {
		return 0, false, fmt.Errorf("%s %q %w", field, s, err)
	}
	if currency != "" && f.currency != "" && currency != f.currency {
		return 0, false, fmt.Errorf("%s %q is in another currency than the rest of the row, %s", field, s, f.currency)
	}
	if currency != "" {
		f.currency = currency
	}
	return m, true, nil
}

// pieces reads a number of pieces, in millionths: goods by weight or length are sold in parts. Absent is one.
func (b *builder) pieces(s []byte) (models.Money, error) {
	if len(s) == 0 || isNull(s) {
		return models.Micros, nil
	}
	m, _, err := parseAmount(s, b.mark)
	if err != nil || m > math.MaxInt32*models.Micros || m < -math.MaxInt32*models.Micros {
		return 0, fmt.Errorf("quantity %q is not a number of pieces", s)
	}
	return m, nil
}

// integer reads a whole number, which a spreadsheet may have written as 2.0.
func integer(field string, s []byte, absent int32) (int32, error) {
	if len(s) == 0 {
		return absent, nil
	}
	whole, fraction, _ := bytes.Cut(s, []byte{'.'})
	n, err := strconv.ParseInt(string(whole), 10, 32)
	if err != nil || len(bytes.Trim(fraction, "0")) > 0 {
		return 0, fmt.Errorf("%s %q is not a whole number", field, s)
	}
	return int32(n), nil
}

// begin starts an event with what a row says of it beside its items.
func (b *builder) begin(g *group, r *row, f *facts) {
	m, e := b.m, &g.event
	*e = models.Event{Items: e.Items[:0]}
	g.noted = g.noted[:0]
	g.buf = g.buf[:0]
	g.identity = b.identity(r)
	if g.turned = m.named(&b.scratch, r); g.turned != nil {
		e.Name = g.turned
	} else {
		e.Name = g.keep(b.text(m.event, r))
	}
	e.Kind = models.KindOf(e.Name)
	e.ID = g.keep(b.text(m.id, r))
	e.Time = f.time
	e.Shop = g.keepOr(b.text(m.shop, r), b.cfg.Shop)
	e.Visitor = g.keep(b.text(m.visitor, r))
	e.Contact = g.keep(b.text(m.contact, r))
	e.Session = g.keep(b.text(m.session, r))
	e.Page.URL = g.keep(b.text(m.url, r))
	e.Page.Title = g.keep(b.text(m.title, r))
	e.Page.Referrer = g.keep(b.text(m.referrer, r))
	e.Order = g.keep(b.text(m.order, r))
	e.Value, e.HasValue = f.value, f.hasValue
	e.Currency = g.keepOr(b.currency(r, f), b.cfg.Currency)
	e.Query = g.keep(b.text(m.query, r))
	e.Recommendation = g.keep(b.text(m.recommen, r))
	e.Slot = f.slot
	if len(m.props) > 0 {
		from := len(g.buf)
		g.buf = appendProps(g.buf, m.props, &b.scratch, r)
		e.Props = g.buf[from:len(g.buf):len(g.buf)]
	}
	if m.agent != nil && b.crawlers.is(b.text(m.agent, r)) {
		e.Props = g.keep(crawled(e.Props))
	}
	g.amount, g.rows, g.synthetic, g.named = 0, 0, f.synthetic, f.currency != ""
}

// currency returns that of the row: the column's, else what its amounts name.
func (b *builder) currency(r *row, f *facts) []byte {
	if mapped := b.text(b.m.currency, r); len(mapped) > 0 && !isNull(mapped) {
		return mapped
	}
	return []byte(f.currency)
}

// identity hashes a row and its line number: the same for every reading of the same file, and another one for a row
// that is repeated further down.
func (b *builder) identity(r *row) uint64 {
	var line [8]byte
	binary.LittleEndian.PutUint64(line[:], uint64(r.line))
	b.hash.Reset()
	b.hash.Write(line[:])
	b.hash.Write(r.raw)
	return b.hash.Sum64()
}

// add puts a row's items into its event.
func (b *builder) add(g *group, r *row, f *facts) {
	g.rows++
	g.last = f.time
	g.amount = add(g.amount, f.amount)
	id := b.text(b.m.itemID, r)
	if b.cfg.ItemSeparator == "" {
		b.item(g, id, r, f)
		return
	}
	for len(id) > 0 {
		var one []byte
		one, id, _ = bytes.Cut(id, []byte(b.cfg.ItemSeparator))
		b.item(g, bytes.TrimSpace(one), r, f)
	}
}

func (b *builder) item(g *group, id []byte, r *row, f *facts) {
	if len(id) == 0 {
		return
	}
	switch {
	case f.pieces == 0: // no product was sold
		g.noted = append(g.noted, models.NoPieces)
		return
	case f.pieces%models.Micros != 0:
		g.noted = append(g.noted, models.Rounded)
	}
	var props []byte
	if len(b.m.item) > 0 {
		from := len(g.buf)
		g.buf = appendProps(g.buf, b.m.item, &b.scratch, r)
		props = g.buf[from:len(g.buf):len(g.buf)]
	}
	g.event.Items = append(g.event.Items, models.Item{
		Props:    props,
		ID:       g.keep(id),
		Name:     g.keep(b.text(b.m.itemName, r)),
		Category: g.keep(b.text(b.m.itemCategory, r)),
		Price:    f.price, HasPrice: f.hasPrice,
		Quantity: f.quantity,
	})
}

// finish fills in what no row said: the id, and of a purchase or refund its order and its value. A currency that only
// the configuration names stands where there is money.
func (b *builder) finish(g *group, number int64) *models.Event {
	e := &g.event
	if len(e.ID) == 0 {
		e.ID = g.derived(b.prefix, "-", g.identity)
	}
	if e.Kind == models.Purchase || e.Kind == models.Refund {
		if !e.HasValue {
			e.Value, e.HasValue = g.amount, true
		}
		if e.Kind == models.Refund && len(g.turned) > 0 && e.Value < 0 {
			turn(e)
		}
		if len(e.Order) == 0 || models.IsUnset(e.Order) {
			e.Order = g.derived(b.prefix, "-order-", g.identity)
		}
	}
	if !e.HasValue && b.m.currency == nil && !g.named && !hasPrice(e.Items) {
		e.Currency = nil
	}
	if g.synthetic {
		e.Time = models.TimeOf(b.cfg.Start.Add(b.cfg.Step * time.Duration(number)))
	}
	return e
}

// turn makes positive what a file writes as a negative sale.
func turn(e *models.Event) {
	e.Value = -e.Value
	for i := range e.Items {
		e.Items[i].Quantity = max(e.Items[i].Quantity, -e.Items[i].Quantity)
	}
}

func hasPrice(items []models.Item) bool {
	for i := range items {
		if items[i].HasPrice {
			return true
		}
	}
	return false
}
