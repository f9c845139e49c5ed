package files

import (
	"testing"
	"time"
)

func TestTimes(t *testing.T) {
	berlin := time.FixedZone("CET", 3600)
	f := func(layout, text string, loc *time.Location, want string) {
		t.Helper()
		c := clockReader{layout: layout, loc: loc, most: 1_800_000_000_000}
		got, err := c.parse([]byte(text))
		switch {
		case err != nil && want != "":
			t.Errorf("%s %q: %v", layout, text, err)
		case err == nil && got.Std().Format(time.RFC3339Nano) != want:
			t.Errorf("%s %q: got %s, want %s", layout, text, got.Std().Format(time.RFC3339Nano), want)
		}
		if again, _ := c.parse([]byte(text)); again != got {
			t.Errorf("%s %q: %d the second time", layout, text, again)
		}
	}
	utc := time.UTC
	f("rfc3339", "2022-01-25T00:47:17.025Z", utc, "2022-01-25T00:47:17.025Z")
	f("rfc3339", "2022-01-25T00:47:17+02:00", berlin, "2022-01-24T22:47:17Z")
	f("datetime", "2010-12-01 08:26:00", utc, "2010-12-01T08:26:00Z")
	f("datetime", "2010-12-01 08:26:00", berlin, "2010-12-01T07:26:00Z")
	f("date", "2010-12-01", utc, "2010-12-01T00:00:00Z")
	f("yyyymmdd", "20101201", utc, "2010-12-01T00:00:00Z")
	f("s", "1396437466.94", utc, "2014-04-02T11:17:46.94Z")
	f("s", "1396437466.9479", utc, "2014-04-02T11:17:46.947Z")
	f("s", "1396437466", utc, "2014-04-02T11:17:46Z")
	f("ms", "1396437466947", utc, "2014-04-02T11:17:46.947Z")
	f("2006-1-2", "2008-4-1", utc, "2008-04-01T00:00:00Z")
	f("auto", "2022-01-25T00:47:17.025Z", utc, "2022-01-25T00:47:17.025Z")
	f("auto", "2022-01-25 00:47:17+01:00", utc, "2022-01-24T23:47:17Z")
	f("auto", "2010-12-01 08:26:00", berlin, "2010-12-01T07:26:00Z")
	f("auto", "2010-12-01", utc, "2010-12-01T00:00:00Z")
	f("auto", "20101201", utc, "2010-12-01T00:00:00Z")
	f("auto", "1396437466.94", utc, "2014-04-02T11:17:46.94Z")
	f("auto", "1396437466947", utc, "2014-04-02T11:17:46.947Z")
	f("auto", "1764513000123456", utc, "2025-11-30T14:30:00.123Z")
	f("auto", "1764513000123456789", utc, "2025-11-30T14:30:00.123Z")
	f("us", "1764513000123456", utc, "2025-11-30T14:30:00.123Z")
	f("ns", "1764513000123456789", utc, "2025-11-30T14:30:00.123Z")
	f("auto", "202511301430", utc, "2025-11-30T14:30:00Z")
	f("auto", "202511301430", berlin, "2025-11-30T13:30:00Z")
	f("auto", "20251130143059", utc, "2025-11-30T14:30:59Z")
	f("auto", "2024-04-10 14:34:29 -0400", berlin, "2024-04-10T18:34:29Z")
	f("auto", "2024-04-10T14:34:29+0530", utc, "2024-04-10T09:04:29Z")
	f("auto", "2024-04-10 14:34:29.5 +02", utc, "2024-04-10T12:34:29.5Z")
	f("auto", "2026-10-01 10:00:00 UTC", berlin, "2026-10-01T10:00:00Z")
	f("auto", "2026-10-01 10:00:00.25 GMT", berlin, "2026-10-01T10:00:00.25Z")
	// What cannot be is no time: a wrong unit or layout, most of all.
	f("auto", "1999-12-31", utc, "")
	f("ms", "1764513000", utc, "")
	f("s", "1764513000000", utc, "")
	f("auto", "2025113014", utc, "") // YYYYMMDDHH is 2034 in seconds
	f("auto", "57885-03-11", utc, "")
	for _, layout := range []string{"auto", "s", "ms", "date", "datetime", "rfc3339", "yyyymmdd", "2006"} {
		for _, text := range []string{"", "x", "2010-13-01", "NaN", "1.x", "99999999999999999999"} {
			f(layout, text, utc, "")
		}
	}
}
