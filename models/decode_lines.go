package models

import "math/bits"

// oddLine is an item that is not simply so many pieces of a product.
type oddLine struct {
	item   int32 // place in Items
	index  int32 // as it was sent
	pieces Money // in millionths, where they are no whole number from 1 on: hasPieces
	// told says that a warning about the item's id has been given.
	hasPieces, told bool
}

// AmountOf returns price times pieces, which are in millionths, within MaxValue on both sides.
func AmountOf(price, pieces Money) Money {
	minus := (price < 0) != (pieces < 0)
	hi, lo := bits.Mul64(absolute(price), absolute(pieces))
	m := MaxValue
	if hi < Micros {
		q, rest := bits.Div64(hi, lo, Micros)
		if rest >= Micros/2 {
			q++
		}
		m = Money(min(q, uint64(MaxValue)))
	}
	if minus {
		return -m
	}
	return m
}

func absolute(m Money) uint64 {
	if m < 0 {
		return -uint64(m)
	}
	return uint64(m)
}

// settle decides about all that could only be noted before the event's name and value were known.
func (d *decoder) settle() *Invalid {
	e := d.e
	sale := e.Kind == Purchase || e.Kind == Refund
	switch {
	case e.Kind.Topic() == Catalogue:
		return d.settleProduct()
	case sale && d.doubt != nil:
		return d.doubt
	case sale && d.lineDoubt != nil && !e.HasValue:
		return d.lineDoubt
	case sale:
		return d.settleSale()
	}
	for i := range e.odd {
		d.settleBehaviour(&e.odd[i])
	}
	d.dropLines()
	return nil
}

// settleProduct refuses a catalogue event for anything odd about its product: what it says is all that it is for.
func (d *decoder) settleProduct() *Invalid {
	if d.lineDoubt != nil {
		return d.lineDoubt
	}
	if len(d.e.odd) == 0 {
		return nil
	}
	o := &d.e.odd[0]
	switch it := &d.e.Items[o.item]; {
	case len(it.ID) == 0:
		return d.line(o, "item_id", Missing, " is missing")
	case it.Price < 0:
		return d.line(o, "price", OutOfRange, " is below 0")
	}
	return d.line(o, "quantity", BadNumber, " must be a whole number from 1 on")
}

// line makes the refusal of an event for one of its lines.
func (d *decoder) line(o *oddLine, member, code, reason string) *Invalid {
	w := Warning{Field: member, Item: o.index}
	return &Invalid{Field: w.Path(), Code: code, Reason: w.Path() + reason}
}

// settleBehaviour reads a line of an event that is no sale: pieces are at least one, and a price below 0 is none.
func (d *decoder) settleBehaviour(o *oddLine) {
	it := &d.e.Items[o.item]
	if len(it.ID) == 0 {
		d.tellMissing(o)
		return
	}
	if it.Price < 0 {
		it.Price, it.HasPrice = 0, false
		d.warnLine(o, "price", OutOfRange)
	}
	if !o.hasPieces {
		return
	}
	switch k := d.e.Kind; {
	case o.pieces > 0:
		it.Quantity = max(1, roundPieces(o.pieces))
		d.warnLine(o, "quantity", Rounded)
	case k == AddToCart || k == RemoveFromCart:
		it.Quantity = 0 // see dropLines
		d.warnLine(o, "quantity", NoPieces)
	default:
		it.Quantity = 1
		d.warnLine(o, "quantity", OutOfRange)
	}
}

// settleSale reads the lines of an order or refund: what is no product goes into Unlisted, so that the sum is exact.
func (d *decoder) settleSale() *Invalid {
	e := d.e
	none, priced := 0, false // lines of no pieces or fewer; whether any that is no product has a price
	for i := range e.odd {
		o := &e.odd[i]
		it := &e.Items[o.item]
		pieces := Money(it.Quantity) * Micros
		if o.hasPieces {
			pieces = o.pieces
		}
		amount := AmountOf(it.Price, pieces)
		switch {
		case pieces <= 0:
			none++
			code := NoPieces
			if pieces < 0 {
				code = Deduction
			}
			d.warnLine(o, "quantity", code)
			it.Quantity = 0
		case it.Price < 0:
			d.warnLine(o, "price", Deduction)
			it.Quantity = 0
		case len(it.ID) == 0:
			d.tellMissing(o)
			it.Quantity = 0
		default:
			it.Quantity = max(1, roundPieces(pieces))
			if o.hasPieces {
				d.warnLine(o, "quantity", Rounded)
			}
			amount -= AmountOf(it.Price, Money(it.Quantity)*Micros)
		}
		priced = priced || it.HasPrice
		e.Unlisted = max(-MaxValue, min(MaxValue, e.Unlisted+amount))
	}
	first, lines := oddLine{}, len(e.Items)
	if len(e.odd) > 0 {
		first = e.odd[0]
	}
	d.dropLines()
	switch {
	case lines > 0 && none == lines && (!e.HasValue || e.Value == 0):
		return d.line(&first, "quantity", OutOfRange, " must be above 0: nothing of it was sold")
	case e.HasValue:
		e.Unlisted = 0
	case e.Unlisted < 0 && e.sum() < 0:
		return &Invalid{"items", OutOfRange, "items add up to less than 0"}
	case len(e.Items) == 0 && priced:
		e.Value, e.HasValue, e.Unlisted = e.Unlisted, true, 0
	}
	return nil
}

// sum returns what the lines of the event add up to, at most MaxValue.
func (e *Event) sum() Money {
	sum := e.Unlisted
	for i := range e.Items {
		sum += AmountOf(e.Items[i].Price, Money(e.Items[i].Quantity)*Micros)
		if sum > MaxValue {
			return MaxValue
		}
	}
	return sum
}

// Amount returns the value of an order or refund: as stated, or else the sum of its lines, up to the most that can be stated.
func (e *Event) Amount() Money {
	if e.HasValue {
		return e.Value
	}
	return max(0, e.sum())
}

// roundPieces rounds millionths to a number of pieces.
func roundPieces(pieces Money) int32 { return int32((pieces + Micros/2) / Micros) }

// dropLines takes out the items that are no products.
func (d *decoder) dropLines() {
	if len(d.e.odd) == 0 {
		return
	}
	kept := d.e.Items[:0]
	for _, it := range d.e.Items {
		if len(it.ID) > 0 && it.Quantity > 0 {
			kept = append(kept, it)
		}
	}
	d.e.Items = kept
}

func (d *decoder) tellMissing(o *oddLine) {
	if !o.told {
		d.warnLine(o, "item_id", Missing)
	}
}

func (d *decoder) warnLine(o *oddLine, member, code string) {
	d.e.Warnings = append(d.e.Warnings, Warning{Field: member, Code: code, Item: o.index})
}

// warn notes that the member that is being read was not taken as it is.
func (d *decoder) warn(field, code, word string) {
	w := Warning{Field: field, Code: code, Word: word, Item: -1}
	if d.scope == inItem || d.scope == inItems {
		w.Item = int32(d.item)
		d.told = true
	}
	d.e.Warnings = append(d.e.Warnings, w)
}

// side goes on after a side field: end where it was read, else past it, with a warning, as long as the record is JSON.
func (d *decoder) side(i, end int, dst *[]byte, field string) int {
	if end >= 0 {
		return end
	}
	return d.overlook(i, dst, field)
}

func (d *decoder) overlook(i int, dst *[]byte, field string) int {
	switch d.err.Code {
	case WrongType, OutOfRange, BadNumber, TooLong, BadCharacter, UnknownCurrency:
	default:
		return -1
	}
	if dst != nil {
		*dst = nil
	}
	d.warn(field, d.err.Code, "")
	d.err = nil
	level := 1
	switch d.scope {
	case inPage, inItems:
		level = 2
	case inItem:
		level = 3
	}
	return d.skip(i, level)
}

// owed is side for a field that a purchase or refund cannot do without, or where line is set not without a value.
func (d *decoder) owed(i, end int, dst *[]byte, field string, line bool) int {
	if end >= 0 {
		return end
	}
	err := d.err
	if end = d.overlook(i, dst, field); end < 0 {
		return -1
	}
	if line && d.lineDoubt == nil {
		d.lineDoubt = err
	} else if !line && d.doubt == nil {
		d.doubt = err
	}
	return end
}
