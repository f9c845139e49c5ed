package replay

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"orrery/models"
)

// clockReader reads the time field of rows. Rows of one event carry the same text, so the last one is kept.
type clockReader struct {
	layout string
	loc    *time.Location
	last   []byte
	time   models.Time
}

func (c *clockReader) parse(s []byte) (models.Time, error) {
	if len(s) == 0 {
		return 0, fmt.Errorf("no time")
	}
	if bytes.Equal(s, c.last) {
		return c.time, nil
	}
	t, ok := c.read(s)
	if !ok {
		return 0, fmt.Errorf("time %q is not %s", s, c.layout)
	}
	c.last = append(c.last[:0], s...)
	c.time = t
	return t, nil
}

func (c *clockReader) read(s []byte) (models.Time, bool) {
	layout := c.layout
	if layout == "auto" {
		layout = shapeOf(s)
	}
	switch layout {
	case "rfc3339":
		return models.ParseTime(s)
	case "s":
		return epoch(s, 3)
	case "ms":
		return epoch(s, 0)
	case "datetime":
		return c.std(time.DateTime, s)
	case "date":
		return c.std(time.DateOnly, s)
	case "yyyymmdd":
		return c.std("20060102", s)
	case "":
		return 0, false
	}
	return c.std(layout, s)
}

func (c *clockReader) std(layout string, s []byte) (models.Time, bool) {
	t, err := time.ParseInLocation(layout, string(s), c.loc)
	return models.TimeOf(t), err == nil
}

// shapeOf tells the layouts from each other: eight digits are a date, up to eleven before the point seconds, more
// milliseconds; with dashes it is a date, a date and time, or, where a zone follows, RFC 3339.
func shapeOf(s []byte) string {
	whole, _, _ := bytes.Cut(s, []byte{'.'})
	switch _, err := strconv.ParseUint(string(whole), 10, 63); {
	case err == nil && len(s) == len("20060102"):
		return "yyyymmdd"
	case err == nil && len(whole) <= 11:
		return "s"
	case err == nil:
		return "ms"
	case len(s) == len(time.DateOnly):
		return "date"
	case len(s) > len(time.DateTime) && (s[len(s)-1]|0x20 == 'z' || bytes.ContainsAny(s[len(time.DateTime):], "+-")):
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
