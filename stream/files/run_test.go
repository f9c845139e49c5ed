package files

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"orrery/models"
)

var clicks = Config{
	Format: CSV, Map: []string{"event==view_item", "time=t", "visitor=v", "item_id=i", "price=p", "quantity=q"},
}

const clicksHead = "t,v,i,p,q\n"

func TestGroups(t *testing.T) {
	f := func(hold time.Duration, text, want string) {
		t.Helper()
		cfg := clicks
		cfg.Group, cfg.Hold, cfg.TimeLayout, cfg.Together = []string{"v"}, hold, "ms", hold == 0
		m := &memory{}
		rows := strings.ReplaceAll(strings.ReplaceAll(text, " ", "\n"), "/", ",")
		mustRun(t, input(cfg, "t,v,i,p,q\n"+rows), m)
		var got []string
		for i, v := range m.values {
			got = append(got, fmt.Sprintf("%s%d", m.keys[i], strings.Count(v, "item_id")))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("hold %s, %s: got %s, want %s", hold, text, got, want)
		}
	}
	const day = "1500000000"
	rows := func(list string) string {
		var out []string
		for _, r := range strings.Fields(list) { // "a5": visitor a at 5 ms
			out = append(out, fmt.Sprintf("%s%03s/%c/x//", day, r[1:], r[0]))
		}
		return strings.Join(out, " ")
	}
	f(0, rows("a1 a1 b1 a1"), "a2 b1 a1")
	f(0, rows("a1 a900 a2"), "a3")
	f(time.Millisecond, rows("a1 b1 a1 b1 a2"), "a2 b2 a1")
	f(time.Millisecond, rows("a1 b2 a3"), "a1 b1 a1")
	f(2*time.Millisecond, rows("a1 b1 a2 b3 a4"), "a2 b1 b1 a1")
	f(10*time.Millisecond, rows("a1 b5 a9 b12 c100"), "a2 b2 c1")
	f(10*time.Millisecond, rows("a100 a1 a100"), "a1 a1 a1") // time runs back: nothing is held for ever
}

// No row is lost and none counts twice, whatever the grouping.
func TestGroupsKeepEveryRow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := clicks
		cfg.TimeLayout = "ms"
		cfg.Sort = rapid.Bool().Draw(rt, "sort")
		if rapid.Bool().Draw(rt, "grouped") {
			cfg.Group = []string{"v"}
			cfg.Hold = time.Duration(rapid.IntRange(0, 20).Draw(rt, "hold")) * time.Millisecond
		}
		n := rapid.IntRange(0, 60).Draw(rt, "rows")
		var text strings.Builder
		text.WriteString(clicksHead)
		for i := range n {
			at := 1_500_000_000_000 + rapid.IntRange(0, 50).Draw(rt, "time")
			fmt.Fprintf(&text, "%d,v%d,item%d,1,\n", at, rapid.IntRange(0, 3).Draw(rt, "visitor"), i)
		}
		seen := map[string]bool{}
		ids := map[string]bool{}
		var last models.Time
		s, err := Run(context.Background(), input(cfg, text.String()), &memory{visit: func(r models.Record) {
			var e models.Event
			if err := e.Decode(r.Value, replayed); err != nil {
				rt.Fatal(err)
			}
			for _, item := range e.Items {
				if seen[string(item.ID)] {
					rt.Fatalf("%s twice", item.ID)
				}
				seen[string(item.ID)] = true
			}
			if ids[string(e.ID)] {
				rt.Fatalf("id %s twice", e.ID)
			}
			ids[string(e.ID)] = true
			if cfg.Sort && e.Time < last {
				rt.Fatalf("%d after %d", e.Time, last)
			}
			last = e.Time
		}}, nil)
		if err != nil || len(seen) != n || s.Rows != int64(n) {
			rt.Fatalf("%d items of %d rows, %v", len(seen), n, err)
		}
	})
}

func TestIDs(t *testing.T) {
	ids := func(text string) (ids []string) {
		var e models.Event
		mustRun(t, input(clicks, clicksHead+text), &memory{visit: func(r models.Record) {
			decode(t, &e, r)
			ids = append(ids, string(e.ID))
		}})
		return ids
	}
	const row = "2026-01-01,v,i,1,1\n"
	first := ids(row + row)
	if again := ids(row + row); !slices.Equal(first, again) {
		t.Errorf("a second run sends other ids: %v, %v", first, again)
	}
	if first[0] == first[1] {
		t.Errorf("two rows share id %s", first[0])
	}
	if other := ids("2026-01-01,v,i,1,2\n"); other[0] == first[0] {
		t.Errorf("another row has the same id %s", first[0])
	}
	cfg := clicks
	cfg.Map = append(slices.Clone(cfg.Map), "id=i")
	m := &memory{}
	mustRun(t, input(cfg, clicksHead+row), m)
	if !strings.Contains(m.values[0], `"id":"i"`) {
		t.Errorf("mapped id not taken: %s", m.values[0])
	}
}

func TestBadRows(t *testing.T) {
	const text = clicksHead +
		"2026-01-01,v,good,1,1\n" +
		"yesterday,v,i,1,1\n" +
		"2026-01-01,v,i,cheap,1\n" +
		"2026-01-01,v,i,1,some\n" +
		"2026-01-01,v,i,1,99999999999\n" +
		"2026-01-01,v,i\n" +
		",v,i,1,1\n" +
		"2026-01-01,v,good too,,2.0\n"
	want := []string{
		`-:3: time "yesterday" is no time that is known: give its layout (time-layout)`,
		`-:4: price "cheap" is not a decimal number`,
		`-:5: quantity "some" is not a number of pieces`,
		`-:6: quantity "99999999999" is not a number of pieces`,
		`-:7: 3 columns instead of 5`,
		`-:8: no time`,
	}
	m, p := &memory{}, &watcher{}
	s, err := Run(context.Background(), input(clicks, text), m, p)
	if err != nil || len(m.values) != 2 {
		t.Fatalf("%d events, %v", len(m.values), err)
	}
	check(t, "bad rows", s.Bad, int64(len(want)))
	check(t, "rows", s.Rows, 8)
	if !slices.Equal(p.bad, want) {
		t.Errorf("got %q, want %q", p.bad, want)
	}

	cfg := clicks
	cfg.Strict = true
	s, err = Run(context.Background(), input(cfg, text), m, nil)
	if !errors.Is(err, ErrStrict) || !strings.Contains(err.Error(), want[0]) {
		t.Errorf("strict: %v", err)
	}
	check(t, "rows read", s.Rows, 2)
}

// watcher keeps what it is told.
type watcher struct {
	status []Status
	bad    []string
}

func (w *watcher) Status(s Status) { w.status = append(w.status, s) }
func (w *watcher) Bad(b BadRow)    { w.bad = append(w.bad, b.String()) }

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	plain, packed := filepath.Join(dir, "a.csv"), filepath.Join(dir, "b.csv.gz")
	text := []byte(clicksHead + "2026-01-01,v,i,1,1\n")
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(text)
	w.Close()
	for name, content := range map[string][]byte{plain: text, packed: z.Bytes()} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := clicks
	cfg.Format, cfg.Files = "", []string{plain, packed}
	m, p := &memory{}, &watcher{}
	s, err := Run(context.Background(), cfg, m, p)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "events", s.Total, 2)
	check(t, "files", s.Files, 2)
	check(t, "flushes", m.flushed, 1)
	last := p.status[len(p.status)-1]
	check(t, "done", last.Done, true)
	check(t, "read", last.Read, int64(len(text)+z.Len()))
	check(t, "size", last.Size, last.Read)
	check(t, "share", last.Share(), 1)

	cfg.Files, cfg.Stdin = []string{Stdin}, bytes.NewReader(z.Bytes())
	cfg.Format = CSV
	check(t, "events of packed standard input", mustRun(t, cfg, m).Total, 1)

	cfg.Stdin = bytes.NewReader(z.Bytes()[:z.Len()-9])
	if s, err := Run(context.Background(), cfg, m, nil); err == nil || !strings.Contains(err.Error(), `cannot read "-"`) {
		t.Errorf("a cut off gzip: %+v, %v", s, err)
	}
}

func TestRunErrors(t *testing.T) {
	f := func(want string, change func(*Config)) {
		t.Helper()
		cfg := input(clicks, clicksHead)
		change(&cfg)
		if _, err := Run(context.Background(), cfg, &memory{}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f(`cannot find preset "x": there are bread-basket, coop100`, func(c *Config) { c.Preset = "x" })
	f("no file given", func(c *Config) { c.Files = nil })
	f("only once", func(c *Config) { c.Files = []string{"-", "-"} })
	f("cannot be negative", func(c *Config) { c.Speed = -1 })
	f(`unknown format "xml"`, func(c *Config) { c.Format = "xml" })
	f(`cannot tell the format of "-"`, func(c *Config) { c.Format = "" })
	f("a csv file needs a preset or a column map", func(c *Config) { c.Map = nil })
	f("sort and group need a column map", func(c *Config) { c.Map = nil; c.Sort = true })
	f(`cannot read "-": cannot find column "nope"`, func(c *Config) { c.Map = []string{"event=nope", "visitor=v", "time=t"} })
	f(`cannot find column "w"`, func(c *Config) { c.Group = []string{"w"} })
	f("no time mapped", func(c *Config) { c.Map = []string{"event==e", "visitor=v"} })
	f("sort and hold need a time", func(c *Config) {
		c.Map, c.Start, c.Sort = []string{"event==e", "visitor=v"}, time.Unix(0, 0), true
	})
	f(`cannot open "/does/not/exist.csv"`, func(c *Config) { c.Files = []string{"/does/not/exist.csv"} })
	f("no header row", func(c *Config) { c.Stdin = strings.NewReader("") })
}

func TestSinkFails(t *testing.T) {
	failure := errors.New("broker gone")
	m := &memory{fail: failure}
	s, err := Run(context.Background(), input(clicks, clicksHead+"2026-01-01,v,i,1,1\n"), m, nil)
	if !errors.Is(err, failure) || !strings.Contains(err.Error(), "cannot send event 1") {
		t.Errorf("got %v", err)
	}
	check(t, "events", s.Total, 0)
}

func TestLimitAndCancel(t *testing.T) {
	rows := strings.Repeat("2026-01-01,v,i,1,1\n", 5000)
	cfg := clicks
	cfg.Limit = 7
	m := &memory{}
	s := mustRun(t, input(cfg, clicksHead+rows), m)
	check(t, "events", s.Total, 7)
	check(t, "flushes", m.flushed, 1)

	ctx, cancel := context.WithCancel(context.Background())
	sent := 0
	m = &memory{visit: func(models.Record) {
		if sent++; sent == 1000 {
			cancel()
		}
	}}
	s, err := Run(ctx, input(clicks, clicksHead+rows), m, nil)
	if !errors.Is(err, context.Canceled) || s.Total < 1000 || s.Total > 1300 || m.flushed != 1 {
		t.Errorf("%d events, %d flushes, %v", s.Total, m.flushed, err)
	}
}

// Records may be kept: what is sent later must not overwrite them.
func TestRecordsAreGivenAway(t *testing.T) {
	var text strings.Builder
	text.WriteString(clicksHead)
	for i := range 20_000 {
		fmt.Fprintf(&text, "2026-01-01,visitor %d,item %d,%d,1\n", i, i, i%100)
	}
	type held struct{ key, value []byte }
	var all []held
	mustRun(t, input(clicks, text.String()), &memory{visit: func(r models.Record) {
		all = append(all, held{r.Key, r.Value})
	}})
	var e models.Event
	for i, h := range all {
		if err := e.Decode(h.value, replayed); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("visitor %d", i); string(h.key) != want || string(e.Visitor) != want {
			t.Fatalf("event %d: key %s, visitor %s", i, h.key, e.Visitor)
		}
	}
}

func TestPace(t *testing.T) {
	f := func(speed, rate float64, times string, want ...string) {
		t.Helper()
		clock := time.Unix(1_600_000_000, 0)
		began := clock
		var left []string
		cfg := clicks
		cfg.Speed, cfg.Rate, cfg.TimeLayout = speed, rate, "s"
		cfg.Now = func() time.Time { return clock }
		cfg.Sleep = func(ctx context.Context, d time.Duration) error {
			if d > nap {
				t.Errorf("slept %s at once", d)
			}
			clock = clock.Add(d)
			return ctx.Err()
		}
		rows := clicksHead
		for _, at := range strings.Fields(times) {
			rows += "150000" + at + ",v,i,1,1\n"
		}
		mustRun(t, input(cfg, rows), &memory{visit: func(models.Record) { left = append(left, clock.Sub(began).String()) }})
		if !slices.Equal(left, want) {
			t.Errorf("speed %g, rate %g, %s: left at %v, want %v", speed, rate, times, left, want)
		}
	}
	f(0, 0, "0000 0100 0200", "0s", "0s", "0s")
	f(1, 0, "0000 0010 0010 0025", "0s", "10s", "10s", "25s")
	f(10, 0, "0000 0010 0005 0020", "0s", "1s", "1s", "2s")
	f(0, 4, "0000 0000 0000 0000 0000", "0s", "250ms", "500ms", "750ms", "1s")
	f(1, 0.1, "0000 0000 0030", "0s", "10s", "30s")
	f(0.5, 0, "0000 0001", "0s", "2s")
}

func TestPaceEnds(t *testing.T) {
	cfg := clicks
	cfg.Speed, cfg.TimeLayout = 1, "s"
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	sink := &memory{visit: func(models.Record) { cancel() }}
	s, err := Run(ctx, input(cfg, clicksHead+"1500000000,v,i,1,1\n1500009999,v,i,1,1\n"), sink, nil)
	if !errors.Is(err, context.Canceled) || s.Total != 1 {
		t.Errorf("%d events, %v", s.Total, err)
	}
}
