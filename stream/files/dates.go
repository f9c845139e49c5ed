package files

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"orrery/models"
)

// Orders of day and month in dates like 04/10/2024.
const (
	dayFirst   = 'd'
	monthFirst = 'm'
)

var errDayMonth = errors.New("may be day and month or month and day: say which (time-layout dmy or mdy)")

// dated is a date as it is written: three numbers and what follows them.
type dated struct {
	a, b, c int
	year    int // 0: it stands last
	mark    byte
	rest    []byte
}

func scanDate(s []byte) (d dated, ok bool) {
	var n int
	if d.a, n = digits(s); n == 0 || n > 4 || n == 3 || n == len(s) {
		return d, false
	}
	if d.mark = s[n]; d.mark != '.' && d.mark != '/' && d.mark != '-' {
		return d, false
	}
	first := n
	s = s[n+1:]
	if d.b, n = digits(s); n == 0 || n > 2 || n == len(s) || s[n] != d.mark {
		return d, false
	}
	s = s[n+1:]
	if d.c, n = digits(s); n == 0 || n == 3 || n > 4 || first == 4 && n > 2 {
		return d, false
	}
	if first == 4 {
		d.year = d.a
	} else if n <= 2 {
		d.c += 2000
	}
	d.rest = s[n:]
	return d, true
}

// digits reads the number that a text begins with, of nine digits at most.
func digits(s []byte) (v, n int) {
	for n < len(s) && n < 9 && s[n] >= '0' && s[n] <= '9' {
		v, n = 10*v+int(s[n]-'0'), n+1
	}
	return v, n
}

// order says which comes first, day or month, where the date itself tells, else 0.
func (d *dated) order() byte {
	switch {
	case d.year > 0:
		return 0
	case d.mark == '.' || d.a > 12:
		return dayFirst
	case d.b > 12:
		return monthFirst
	}
	return 0
}

// date resolves a date by the file's order of day and month.
func (d *dated) date(order byte) (y, m, day int, err error) {
	if d.year > 0 {
		return d.year, d.b, d.c, nil
	}
	own := d.order()
	if own == 0 && d.a == d.b {
		own = dayFirst
	}
	if own == 0 {
		own = order
	}
	switch own {
	case dayFirst:
		return d.c, d.b, d.a, nil
	case monthFirst:
		return d.c, d.a, d.b, nil
	}
	return 0, 0, 0, errDayMonth
}

var errDate = errors.New("is no time that is known: give its layout (time-layout)")

// parseDate reads dates as people and shops write them: "10.04.2024 14:34", "2024-04-10 14:34:29 -0400", "4/10/2024 2:34 PM".
func parseDate(s []byte, order byte, loc *time.Location) (models.Time, error) {
	d, ok := scanDate(s)
	if !ok {
		d, ok = scanNamed(s)
	}
	if !ok {
		return serial(s, loc)
	}
	y, m, day, err := d.date(order)
	if err != nil {
		return 0, err
	}
	clock, loc, ok := scanClock(d.rest, loc)
	if !ok || m < 1 || m > 12 || day < 1 {
		return 0, errDate
	}
	t := time.Date(y, time.Month(m), day, 0, 0, 0, 0, loc)
	if t.Day() != day {
		return 0, errDate
	}
	h, rest := int(clock/time.Hour), clock%time.Hour
	return models.TimeOf(time.Date(y, time.Month(m), day, h, int(rest/time.Minute), 0, int(rest%time.Minute), loc)), nil
}

// scanClock reads the time of day and the zone behind a date.
func scanClock(s []byte, loc *time.Location) (time.Duration, *time.Location, bool) {
	s = bytes.TrimSpace(bytes.TrimPrefix(s, []byte{','}))
	s = bytes.TrimPrefix(s, []byte{'T'})
	if len(s) == 0 {
		return 0, loc, true
	}
	var parts [3]int
	most := [3]int{23, 59, 59}
	read := 0
	for read < 3 {
		v, n := digits(s)
		if n == 0 || n > 2 || v > most[read] {
			return 0, nil, false
		}
		parts[read], s = v, s[n:]
		if read++; len(s) == 0 || s[0] != ':' || read == 3 {
			break
		}
		s = s[1:]
	}
	if read < 2 {
		return 0, nil, false
	}
	clock := time.Duration(parts[0])*time.Hour + time.Duration(parts[1])*time.Minute + time.Duration(parts[2])*time.Second
	if len(s) > 1 && (s[0] == '.' || s[0] == ',') {
		_, n := digits(s[1:])
		if n == 0 {
			return 0, nil, false
		}
		f, _ := strconv.ParseFloat("0."+string(s[1:1+n]), 64)
		clock, s = clock+time.Duration(f*1e3+1e-6)*time.Millisecond, bytes.TrimLeft(s[1+n:], "0123456789")
	}
	s = bytes.TrimSpace(s)
	if half := bytes.ToLower(s[:min(2, len(s))]); string(half) == "am" || string(half) == "pm" {
		if parts[0] == 0 || parts[0] > 12 {
			return 0, nil, false
		}
		if parts[0] == 12 {
			clock -= 12 * time.Hour
		}
		if half[0] == 'p' {
			clock += 12 * time.Hour
		}
		s = bytes.TrimSpace(s[2:])
	}
	loc, ok := scanZone(s, loc)
	return clock, loc, ok
}

func scanZone(s []byte, loc *time.Location) (*time.Location, bool) {
	switch string(s) {
	case "":
		return loc, true
	case "Z", "z", "UTC", "GMT":
		return time.UTC, true
	}
	for _, layout := range []string{"-0700", "-07:00", "-07"} {
		if t, err := time.Parse(layout, string(s)); err == nil {
			_, offset := t.Zone()
			return time.FixedZone("", offset), true
		}
	}
	return nil, false
}

// serial reads a spreadsheet's date: days since 1899-12-30, from the year 2000 on. As seconds they would lie in 1970.
func serial(s []byte, loc *time.Location) (models.Time, error) {
	f, err := strconv.ParseFloat(string(s), 64)
	if err != nil || f < 36526 || f > 80000 {
		return 0, errDate
	}
	days := int(f)
	ms := int64((f-float64(days))*86_400_000 + 0.5)
	return models.TimeOf(time.Date(1899, 12, 30+days, 0, 0, int(ms/1000), int(ms%1000)*1_000_000, loc)), nil
}
