package models

import (
	"testing"
	"time"
)

// Every day of 800 years and every boundary of the clock, against the standard library.
func TestTimeEveryDay(t *testing.T) {
	day := time.Date(1699, 12, 31, 23, 59, 59, 999e6, time.UTC)
	for ; day.Year() < 2500; day = day.AddDate(0, 0, 1) {
		checkTime(t, day)
	}
	for _, year := range []int{0, 1, 4, 100, 400, 1582, 1969, 1970, 9999} {
		for month := range 12 {
			checkTime(t, time.Date(year, time.Month(month+1), 1, 0, 0, 0, 0, time.UTC))
			checkTime(t, time.Date(year, time.Month(month+1), 28, 12, 30, 45, 678e6, time.UTC))
		}
	}
}

func checkTime(t *testing.T, std time.Time) {
	t.Helper()
	text := AppendTime(nil, TimeOf(std))
	if want := std.Format("2006-01-02T15:04:05.000Z07:00"); string(text) != want {
		t.Fatalf("written as %s, want %s", text, want)
	}
	if got, ok := ParseTime(text); !ok || got != TimeOf(std) {
		t.Fatalf("%s was read as %v %v", text, got.Std(), ok)
	}
}

func TestTimeOutsideRFC3339(t *testing.T) {
	for _, at := range []Time{firstTime - 1, lastTime + 1} {
		if text := string(AppendTime(nil, at)); text[0] != '-' && text[0] != '2' {
			t.Errorf("%d was written as %s", at, text)
		}
	}
	if got := string(AppendTime(nil, firstTime)); got != "0000-01-01T00:00:00.000Z" {
		t.Errorf("the first time is %s", got)
	}
	if got := string(AppendTime(nil, lastTime)); got != "9999-12-31T23:59:59.999Z" {
		t.Errorf("the last time is %s", got)
	}
}
