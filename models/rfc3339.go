package models

import (
	"strconv"
	"time"
)

// ParseTime reads RFC 3339 ("2026-11-21T10:15:30.123Z", "2026-11-21 10:15:30+01:00"): T and Z in either case, a blank
// for the T as the RFC allows, any number of fraction digits, of which those past the millisecond are cut off. An
// offset is needed. Leap seconds (:60) are refused, as in the standard library.
func ParseTime(s []byte) (t Time, ok bool) {
	if len(s) < len("2006-01-02T15:04:05Z") {
		return 0, false
	}
	if s[4] != '-' || s[7] != '-' || s[10]|0x20 != 't' && s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	year := two(s[0:])*100 + two(s[2:])
	month, day := two(s[5:]), two(s[8:])
	hour, minute, second := two(s[11:]), two(s[14:]), two(s[17:])
	if year > 9999 || hour > 23 || minute > 59 || second > 59 || month-1 > 11 || day-1 > 30 || day > daysIn(year, month) {
		return 0, false
	}
	t = Time(days(int(year), int(month), int(day)))*Day + Time(hour*3600+minute*60+second)*Second
	i := 19
	if s[i] == '.' {
		from := i + 1
		for i = from; i < len(s) && s[i]-'0' <= 9; i++ {
			if i-from < 3 {
				t += Time(s[i]-'0') * Time(powers[2-(i-from)])
			}
		}
		if i == from || i == len(s) {
			return 0, false
		}
	}
	if s[i]|0x20 == 'z' {
		return t, i+1 == len(s)
	}
	if len(s)-i != len("+01:00") || s[i] != '+' && s[i] != '-' || s[i+3] != ':' {
		return 0, false
	}
	hour, minute = two(s[i+1:]), two(s[i+4:])
	if hour > 23 || minute > 59 {
		return 0, false
	}
	offset := Time(hour*60+minute) * Minute
	if s[i] == '+' {
		offset = -offset
	}
	return t + offset, true
}

// two reads two digits; what is no digit makes the result larger than any that callers accept.
func two(s []byte) uint {
	a, b := uint(s[0]-'0'), uint(s[1]-'0')
	if a > 9 || b > 9 {
		return 1 << 20
	}
	return a*10 + b
}

// daysIn returns the length of a month from 1 to 12.
func daysIn(year, month uint) uint {
	if month == 2 {
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 30 + (month+month>>3)&1
}

// days returns the days from 1970-01-01 to a date of the proleptic Gregorian calendar, year 0 or later: whole 400-year
// eras counted from March, so that the leap day comes last (Howard Hinnant, "chrono-compatible low-level date
// algorithms", days_from_civil).
func days(year, month, day int) int {
	month -= 3
	if month < 0 {
		month += 12
		year--
	}
	year += 400 // keeps January and February of year 0 positive
	era, of := year/400, year%400
	return era*146097 + of*365 + of/4 - of/100 + (153*month+2)/5 + day - 1 - 719468 - 146097
}

// AppendTime appends t as RFC 3339 with milliseconds, in UTC; a moment outside the years 0 to 9999, which RFC 3339 has
// no form for, as its milliseconds.
func AppendTime(dst []byte, t Time) []byte {
	if t < firstTime || t > lastTime {
		return strconv.AppendInt(dst, int64(t), 10)
	}
	year, month, day := t.Std().Date()
	ms := uint((t%Day + Day) % Day)
	dst = appendTwo(appendTwo(dst, uint(year)/100), uint(year)%100)
	dst = appendTwo(append(dst, '-'), uint(month))
	dst = appendTwo(append(dst, '-'), uint(day))
	dst = appendTwo(append(dst, 'T'), ms/3600_000)
	dst = appendTwo(append(dst, ':'), ms/60_000%60)
	dst = appendTwo(append(dst, ':'), ms/1000%60)
	dst = append(dst, '.', byte('0'+ms/100%10))
	return append(appendTwo(dst, ms%100), 'Z')
}

func appendTwo(dst []byte, n uint) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

var (
	firstTime = TimeOf(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
	lastTime  = TimeOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)) - 1
)
