package btyd

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// logFile is a purchase log in the data folder: column numbers of id and date.
type logFile struct {
	name     string
	id, date int
	layout   string
	skip     int
	sep      string
}

var (
	cdnowSample  = logFile{"clv/CDNOW_sample.txt", 1, 2, "20060102", 0, ""}
	cdnowMaster  = logFile{"clv/CDNOW_master.txt", 0, 1, "20060102", 1, ""}
	simulatedLog = logFile{"clv/example_transactions.csv", 1, 0, "2006-01-02 15:04:05", 1, ","}
	apparel      = logFile{"clv/apparelTrans.csv", 0, 1, "2006-01-02", 1, ","}
)

func dataPath(t testing.TB, name string) string {
	dir := os.Getenv("ORRERY_DATA")
	if dir == "" {
		t.Skip("ORRERY_DATA is not set: the reference data sets are not at hand")
	}
	return filepath.Join(dir, name)
}

// rows returns the fields of a file's lines.
func rows(t testing.TB, name, sep string, skip int) [][]string {
	t.Helper()
	f, err := os.Open(dataPath(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out [][]string
	for in := bufio.NewScanner(f); in.Scan(); {
		if skip > 0 {
			skip--
			continue
		}
		line := strings.TrimSpace(in.Text())
		if sep == "" {
			out = append(out, strings.Fields(line))
		} else {
			out = append(out, strings.Split(line, sep))
		}
	}
	return out
}

func dayOf(s, layout string) Day {
	d, err := time.Parse(layout, s)
	if err != nil {
		panic(err)
	}
	return Day(d.Unix() / 86400)
}

// days returns each customer's distinct purchase days, sorted, customers in the order of their first line.
func (f logFile) days(t testing.TB) [][]Day {
	t.Helper()
	at := make(map[string]int)
	var all [][]Day
	for _, r := range rows(t, f.name, f.sep, f.skip) {
		i, ok := at[r[f.id]]
		if !ok {
			i = len(all)
			at[r[f.id]] = i
			all = append(all, nil)
		}
		all[i] = append(all[i], dayOf(r[f.date], f.layout))
	}
	for i := range all {
		slices.Sort(all[i])
		all[i] = slices.Compact(all[i])
	}
	return all
}

// keyUpTo returns the history in days up to end.
func keyUpTo(days []Day, end Day) Key {
	n := 0
	for n < len(days) && days[n] <= end {
		n++
	}
	if n == 0 {
		return Key{}
	}
	return Key{uint32(n), days[0], days[n-1]}
}

// counts returns the histories up to end.
func (f logFile) counts(t testing.TB, end Day) *Counts {
	c := NewCounts()
	for _, d := range f.days(t) {
		c.Move(Key{}, keyUpTo(d, end))
	}
	return c
}

func num(t testing.TB, s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
