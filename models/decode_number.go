package models

// time reads RFC 3339 or epoch milliseconds; what is too large for Time becomes implausible and is settled later.
func (d *decoder) time(i int) int {
	e := d.e
	if c := d.b[i]; c == '-' || c-'0' <= 9 {
		n := scanNumber(d.b, i)
		if !n.ok() {
			return d.broken(n.end)
		}
		ms, _ := n.whole()
		e.Time = Time(ms)
		return n.end
	}
	var s []byte
	e.Time = 0
	if d.b[i] != '"' && d.b[i] != 'n' {
		return d.wrongType(i, "an RFC 3339 string or milliseconds since 1970")
	}
	if i = d.plain(i, &s); i < 0 || len(s) == 0 {
		return i
	}
	t, ok := ParseTime(s)
	if !ok {
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
