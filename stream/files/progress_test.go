package files

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"orrery/models"
)

func TestPrinter(t *testing.T) {
	half := Status{Rows: 500, Events: 250, Read: 50, Size: 100, Elapsed: 6 * time.Second}
	done := Status{Rows: 1000, Events: 500, Bad: 2, Read: 100, Size: 100, Elapsed: 12 * time.Second, Done: true}

	var b bytes.Buffer
	p := NewPrinter(&b, true)
	p.Status(half)
	p.Bad(BadRow{"f.csv", 3, "no time"})
	p.Status(done)
	want := "\r\x1b[K[============            ]  50 %  500 rows  250 events  42/s  6s left" +
		"\r\x1b[Kf.csv:3: no time\n" +
		"\r\x1b[K[========================] 100 %  1000 rows  500 events  42/s  2 bad rows\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}

	b.Reset()
	p = NewPrinter(&b, false)
	for at := time.Duration(0); at < 12*time.Second; at += 100 * time.Millisecond {
		p.Status(Status{Rows: 1, Events: 1, Elapsed: at})
	}
	if got := b.String(); got != "1 rows  1 events  0/s\n1 rows  1 events  0/s\n" {
		t.Errorf("got %q", got)
	}

	b.Reset()
	for range 500 {
		p.Bad(BadRow{"f", 1, "x"})
	}
	if lines := strings.Count(b.String(), "\n"); lines != badShown+1 {
		t.Errorf("%d lines about bad rows", lines)
	}
}

func TestSummaryPrint(t *testing.T) {
	s := Summary{
		Files: 1, Rows: 10, Total: 4, Events: map[string]int64{"purchase": 3, "refund": 1, "view_item": 3}, Persons: 2, Orders: 3, Buyers: 2,
		Money:   map[string]Turnover{"EUR": {Purchased: 12_340_000, Refunded: 340_000, Refused: -1_000_000}},
		Refused: map[string]int64{"items[].price out_of_range": 1},
		Bad:     2, First: []BadRow{{"f", 7, "no time"}},
		From: 0, To: models.Day, Elapsed: 2 * time.Second,
	}
	var b bytes.Buffer
	if err := s.Print(&b); err != nil {
		t.Fatal(err)
	}
	want := `rows         10
events       4 in 2s, 2 a second
time         1970-01-01 00:00:00 to 1970-01-02 00:00:00
persons      2
orders       3 by 2 buyers
  purchase   3
  view_item  3
  refund     1
money EUR    11.00 = 12.34 purchased - 0.34 refunded + -1.00 that the engine will refuse
refused      1: items[].price out_of_range
bad rows     2 not sent, the first at f:7: no time
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestDistinct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d distinct
		all := map[string]bool{}
		for range rapid.IntRange(0, 3000).Draw(t, "n") {
			s := rapid.StringN(0, 3, -1).Draw(t, "text")
			d.add([]byte(s))
			if s != "" {
				all[s] = true
			}
		}
		if d.n != int64(len(all)) {
			t.Fatalf("%d, want %d", d.n, len(all))
		}
	})
	d := distinct{n: maxDistinct}
	if d.add([]byte("one more")); d.n != maxDistinct || !d.full() {
		t.Errorf("not bounded: %d", d.n)
	}
}
