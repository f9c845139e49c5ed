package models

// time reads RFC 3339, or a number since 1970 in a unit that its size tells; what cannot be is settled later.
func (d *decoder) time(i int) int {
	e := d.e
	if c := d.b[i]; c == '-' || c-'0' <= 9 {
		n := scanNumber(d.b, i)
		if !n.ok() {
			return d.broken(n.end)
		}
		e.Time, d.timed = n.time(), true
		return n.end
	}
	var s []byte
	e.Time, d.timed = 0, false
	if d.b[i] != '"' && d.b[i] != 'n' {
		return d.wrongType(i, "an RFC 3339 string or milliseconds since 1970")
	}
	if i = d.plain(i, &s); i < 0 || len(s) == 0 {
		return i
	}
	d.timed = true
	t, ok := ParseTime(s)
	if !ok {
		if n := scanNumber(s, 0); n.ok() && n.end == len(s) && n.mant >= leastEpoch {
			e.Time = n.time()
			return i
		}
		return d.refuse(BadTime, "is %s: not RFC 3339 with an offset, such as 2026-11-21T10:15:30Z", quote(s))
	}
	e.Time = t
	return i
}

// number reads a number, or a string that holds one. given is false for null and an empty string.
func (d *decoder) number(i int) (n number, next int, given bool) {
	c := d.b[i]
	if c == '-' || c-'0' <= 9 {
		if n = scanNumber(d.b, i); !n.ok() {
			return n, d.broken(n.end), false
		}
		return n, n.end, true
	}
	if c != '"' && c != 'n' {
		return n, d.wrongType(i, "a number"), false
	}
	var s []byte
	if i = d.plain(i, &s); i < 0 || len(s) == 0 {
		return n, i, false
	}
	if n = scanNumber(s, 0); n.flags&noNumber != 0 || n.end != len(s) {
		return n, d.refuse(BadNumber, "is %s: not a number", quote(s)), false
	}
	return n, i, true
}

// value reads the value of the whole order.
func (d *decoder) value(i int) int {
	e := d.e
	end := d.money(i, &e.Value, &e.HasValue, MaxValue)
	if end < 0 {
		e.Value, e.HasValue = 0, false
	}
	return d.owed(i, end, nil, "value", false)
}

// slot reads the slot within a recommendation.
func (d *decoder) slot(i int) int {
	end := d.count(i, &d.e.Slot, 0, 0, MaxSlot)
	if end < 0 {
		d.e.Slot = 0
	}
	return d.side(i, end, nil, "slot")
}

// price reads the price of one piece. One below 0 is a deduction: see settle.
func (d *decoder) price(i int, it *Item) int {
	n, end, given := d.number(i)
	it.Price, it.HasPrice = n.money(), given
	if it.Price > MaxPrice || it.Price < -MaxPrice {
		end = d.refuse(OutOfRange, "must be from 0 to %d", MaxPrice/Micros)
	}
	if end < 0 {
		it.Price, it.HasPrice = 0, false
		return d.owed(i, end, nil, "price", true)
	}
	return end
}

// quantity reads the pieces of an item. What is no whole number from 1 on is kept exactly: see settle.
func (d *decoder) quantity(i int, it *Item) int {
	n, end, given := d.number(i)
	it.Quantity, d.hasPieces = 1, false
	if !given {
		return d.owed(i, end, nil, "quantity", true)
	}
	v, exact := n.whole()
	if exact && v > 0 && v <= MaxQuantity {
		it.Quantity = int32(v)
		return end
	}
	if v > MaxQuantity || v < -MaxQuantity {
		return d.owed(i, d.refuse(OutOfRange, "must be from 1 to %d", MaxQuantity), nil, "quantity", true)
	}
	d.pieces, d.hasPieces = n.money(), true
	return end
}

// money reads an amount from 0 to most.
func (d *decoder) money(i int, dst *Money, has *bool, most Money) int {
	n, i, given := d.number(i)
	*dst, *has = n.money(), given
	if given && (*dst < 0 || *dst > most) {
		return d.refuse(OutOfRange, "must be from 0 to %d", most/Micros)
	}
	return i
}

// count reads an integer from least to most.
func (d *decoder) count(i int, dst *int32, absent, least, most int32) int {
	n, i, given := d.number(i)
	if !given {
		*dst = absent
		return i
	}
	v, exact := n.whole()
	code := OutOfRange
	if v >= int64(least) && v <= int64(most) {
		if exact {
			*dst = int32(v)
			return i
		}
		code = BadNumber
	}
	return d.refuse(code, "must be an integer from %d to %d", least, most)
}
