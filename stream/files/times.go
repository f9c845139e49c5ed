package files

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"

	"orrery/models"
)

// clockReader reads the time field of rows. Rows of one event carry the same text, so the last one is kept.
type clockReader struct {
	layout string
	order  byte // of day and month in the file's dates
	loc    *time.Location
	last   []byte
	time   models.Time
	most   models.Time // no event is later; 0: any may be
}

func (c *clockReader) parse(s []byte) (models.Time, error) {
	if len(s) == 0 {
		return 0, fmt.Errorf("no time")
	}
	if bytes.Equal(s, c.last) {
		return c.time, nil
	}
	t, err := c.any(s)
	if err != nil {
		return 0, err
	}
	if t < models.MinTime || c.most != 0 && t > c.most {
		return 0, fmt.Errorf("time %q is read as %s, which cannot be: give its layout or its unit (time-layout)", s, t.Std().Format(time.DateTime))
	}
	c.last = append(c.last[:0], s...)
	c.time = t
	return t, nil
}

// any reads a time by the layout; where none is given, and the shape is not one of the common ones, as a date of any writing.
func (c *clockReader) any(s []byte) (models.Time, error) {
	t, ok := c.read(s)
	switch free := c.layout == "auto" || c.layout == "dmy" || c.layout == "mdy"; {
	case !free && !ok:
		return 0, fmt.Errorf("time %q is not %s", s, c.layout)
	case !free || ok && t >= models.MinTime:
		return t, nil
	case isNull(s):
		return 0, errors.New("no time")
	}
	if read, err := parseDate(s, c.order, c.loc); err == nil || !ok {
		if err != nil {
			err = fmt.Errorf("time %q %w", s, err)
		}
		return read, err
	}
	return t, nil
}

func (c *clockReader) read(s []byte) (models.Time, bool) {
	layout := c.layout
	if layout == "auto" || layout == "dmy" || layout == "mdy" {
		layout = shapeOf(s)
	}
	switch layout {
	case "rfc3339":
		if t, ok := models.ParseTime(s); ok {
			return t, ok
		}
		return models.ParseTime(c.zoned(s))
	case "s":
		return epoch(s, 3)
	case "ms":
		return epoch(s, 0)
	case "us":
		return epoch(cut(s, 3), 0)
	case "ns":
		return epoch(cut(s, 6), 0)
	case "datetime":
		return c.std(time.DateTime, s)
	case "date":
		return c.std(time.DateOnly, s)
	case "yyyymmdd":
		return c.std("20060102", s)
	case "yyyymmddhhmm":
		return c.std("200601021504", s)
	case "yyyymmddhhmmss":
		return c.std("20060102150405", s)
	case "":
		return 0, false
	}
	return c.std(layout, s)
}

func (c *clockReader) std(layout string, s []byte) (models.Time, bool) {
	t, err := time.ParseInLocation(layout, string(s), c.loc)
	return models.TimeOf(t), err == nil
}

// zoned writes a time with a zone as RFC 3339 does: "2024-04-10 14:34:29 -0400", "2026-10-01 10:00:00 UTC". What it cannot
// make one of is returned as it is.
func (c *clockReader) zoned(s []byte) []byte {
	if len(s) <= len(time.DateTime) {
		return s
	}
	date := bytes.TrimRight(s[:len(s)-3], " ")
	switch zone := s[len(s)-3:]; {
	case string(zone) == "UTC" || string(zone) == "GMT":
		return append(bytes.Clone(date), 'Z')
	case bytes.HasSuffix(s, []byte(" Z")):
		return append(bytes.Clone(s[:len(s)-2]), 'Z')
	}
	sign := bytes.LastIndexAny(s, "+-")
	if sign < len(time.DateTime) {
		return s
	}
	out := append(bytes.Clone(bytes.TrimRight(s[:sign], " ")), s[sign])
	switch zone := s[sign+1:]; {
	case len(zone) == len("02"):
		return append(append(out, zone...), ":00"...)
	case len(zone) == len("0200"):
		return append(append(append(out, zone[:2]...), ':'), zone[2:]...)
	default:
		return append(out, zone...)
	}
}

// cut takes the last digits off a whole number.
func cut(s []byte, digits int) []byte {
	whole, _, _ := bytes.Cut(s, []byte{'.'})
	if len(whole) <= digits {
		return nil
	}
	return whole[:len(whole)-digits]
}

// shapeOf tells the layouts from each other: eight digits are a date, twelve that begin with its century a date and time,
// fourteen one with seconds; else up to eleven before the point are seconds, up to fourteen milliseconds, up to seventeen
// microseconds, more nanoseconds; with dashes it is a date, a date and time, or, where a zone follows, RFC 3339.
func shapeOf(s []byte) string {
	whole, _, _ := bytes.Cut(s, []byte{'.'})
	switch _, err := strconv.ParseUint(string(whole), 10, 63); {
	case err == nil && len(s) == len("20060102"):
		return "yyyymmdd"
	case err == nil && len(s) == len("200601021504") && (s[0] == '2' && s[1] == '0' || s[0] == '1' && s[1] == '9'):
		return "yyyymmddhhmm" // as milliseconds it would be a time before 2000
	case err == nil && len(s) == len("20060102150405"):
		return "yyyymmddhhmmss"
	case err == nil && len(whole) <= 11:
		return "s"
	case err == nil && len(whole) <= 14:
		return "ms"
	case err == nil && len(whole) <= 17:
		return "us"
	case err == nil:
		return "ns"
	case len(s) == len(time.DateOnly):
		return "date"
	case len(s) > len(time.DateTime) && (s[len(s)-1]|0x20 == 'z' || s[len(s)-1] == 'C' || s[len(s)-1] == 'T' || bytes.ContainsAny(s[len(time.DateTime):], "+-")):
		return "rfc3339"
	case len(s) >= len(time.DateTime):
		return "datetime"
	}
	return ""
}

// epoch reads a decimal number of 10^-places milliseconds since 1970 exactly; digits past the millisecond are cut off.
func epoch(s []byte, places int) (models.Time, bool) {
	whole, fraction, _ := bytes.Cut(s, []byte{'.'})
	t, err := strconv.ParseInt(string(whole), 10, 53)
	if err != nil {
		return 0, false
	}
	for i := range places {
		t *= 10
		if i < len(fraction) {
			t += int64(fraction[i] - '0')
		}
	}
	for _, c := range fraction {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	return models.Time(t), true
}
