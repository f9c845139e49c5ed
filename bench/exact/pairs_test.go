package exact

import (
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/models/people"
	"orrery/stream/files"
)

func dataFile(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("ORRERY_DATA")
	if dir == "" {
		t.Skip("ORRERY_DATA is not set: the folder of the public data sets that this test counts")
	}
	return filepath.Join(dir, name)
}

// open reads a gzipped file to its end.
func open(t *testing.T, file string) io.Reader {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return unzipped
}

// counts is how often one product goes with others.
type counts map[string]int

// relation is the counts of all pairs, by the product asked about.
type relation map[string]counts

func (r relation) add(from, to string) {
	if r[from] == nil {
		r[from] = counts{}
	}
	r[from][to]++
}

// replayed returns an engine that has taken a file.
func replayed(t *testing.T, cfg engine.Config, preset, file string) (*engine.Engine, files.Summary) {
	t.Helper()
	e, err := engine.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := files.Run(t.Context(), files.Config{Preset: preset, Files: []string{file}}, &fold{engine: e}, quiet{})
	if err != nil {
		t.Fatal(err)
	}
	return e, s
}

// listed is everything that a recipe finds for a product, in its order, asked for until nothing is left.
func listed(t *testing.T, e *engine.Engine, recipe, product string) (order []string, got counts) {
	t.Helper()
	got = counts{}
	q := models.FrameQuery{Frame: []byte(recipe), Products: [][]byte{[]byte(product)}, N: 100, Now: e.StreamTime()}
	for {
		var f models.Frame
		if err := e.Frame(&q, &f); err != nil {
			t.Fatal(err)
		}
		for _, it := range f.Items {
			id := string(it.Product.ID)
			order, got[id] = append(order, id), int(math.Round(float64(it.Evidence.Count)))
			q.Exclude = append(q.Exclude, it.Product.ID)
		}
		if len(f.Items) < 100 {
			return order, got
		}
	}
}

// long is lists and histories that hold everything.
func long() engine.Config {
	return engine.Config{NoDecay: true, Neighbours: 4096, People: people.Config{History: 1024}, PairItems: 10_000}
}

// largest returns the n keys of the largest counts.
func largest(c counts, n int) []string {
	return slices.SortedFunc(maps.Keys(c), func(a, b string) int { return cmp.Or(cmp.Compare(c[b], c[a]), cmp.Compare(a, b)) })[:min(n, len(c))]
}

// Groceries: with long lists the counts of all pairs of the 30 most frequent items are the exact ones.
func TestGroceries(t *testing.T) {
	file := dataFile(t, "groceries/groceries.csv.gz")
	text, err := io.ReadAll(open(t, file))
	if err != nil {
		t.Fatal(err)
	}
	frequency, pairs := counts{}, relation{}
	for line := range strings.Lines(string(text)) {
		basket := strings.Split(strings.TrimSpace(line), ",")
		slices.Sort(basket)
		basket = slices.Compact(basket)
		for _, a := range basket {
			frequency[a]++
			for _, b := range basket {
				if a != b {
					pairs.add(a, b)
				}
			}
		}
	}
	e, _ := replayed(t, long(), "groceries", file)
	if s := e.Stats(); s.Orders != 9835 || s.Items != 169 {
		t.Errorf("%d orders of %d items, want 9,835 of 169", s.Orders, s.Items)
	}
	top := largest(frequency, 30)
	compared := 0
	for _, a := range top {
		_, got := listed(t, e, "bought_together", a)
		for _, b := range top {
			if a != b && got[b] != pairs[a][b] {
				t.Errorf("%s with %s: %d, counted %d", a, b, got[b], pairs[a][b])
			}
			compared++
		}
		// bought_together ranks the best hundred or so and leaves the others out; all that it shows is true.
		for b, n := range got {
			if n != pairs[a][b] {
				t.Errorf("%s with %s: %d, counted %d", a, b, n, pairs[a][b])
			}
		}
	}
	t.Logf("%d pairs of the 30 most frequent items (%s %d ... %s %d) are equal", compared-30, top[0], frequency[top[0]], top[29], frequency[top[29]])
}

// ga4 is what brute force over the file's rows finds.
type ga4 struct {
	viewed relation // viewed together: sessions
	after  relation // bought after viewing: orders
	top    []string // the ten most viewed items
	orders int
	buyers map[string]bool
	value  models.Money
	events map[string]int
	total  int
}

type ga4Event struct {
	user, name string
	at         time.Time
	items      []string
}

func readGA4(t *testing.T, file string) (events []*ga4Event, g ga4) {
	t.Helper()
	rows := csv.NewReader(open(t, file))
	if _, err := rows.Read(); err != nil { // event_timestamp,user_id,event_name,item_id,item_name,item_category,price,quantity
		t.Fatal(err)
	}
	g = ga4{viewed: relation{}, after: relation{}, buyers: map[string]bool{}, events: map[string]int{}}
	byKey, views := map[string]*ga4Event{}, counts{}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		key := row[0] + row[1] + row[2]
		e := byKey[key]
		if e == nil {
			at, err := time.Parse(time.RFC3339, row[0])
			if err != nil {
				t.Fatal(err)
			}
			e = &ga4Event{user: row[1], name: row[2], at: at.Truncate(time.Second)}
			byKey[key] = e
			events = append(events, e)
			g.events[e.name]++
			g.total++
		}
		if row[3] == "" {
			continue
		}
		e.items = append(e.items, row[3])
		switch e.name {
		case "view_item":
			views[row[3]]++
		case "purchase":
			price, _ := models.ParseMoney([]byte(row[6]))
			quantity, _ := models.ParseMoney([]byte(row[7]))
			g.value += price * (quantity / models.Micros)
		}
	}
	for _, e := range events {
		slices.Sort(e.items)
		e.items = slices.Compact(e.items)
	}
	g.top = largest(views, 10)
	return events, g
}

// count joins the events of every user with each other, in nested loops.
func countGA4(t *testing.T, file string) ga4 {
	events, g := readGA4(t, file)
	byUser := map[string][]*ga4Event{}
	for _, e := range events {
		byUser[e.user] = append(byUser[e.user], e)
	}
	for user, list := range byUser {
		slices.SortStableFunc(list, func(a, b *ga4Event) int { return a.at.Compare(b.at) })
		session := map[string]bool{}
		end := func() {
			for a := range session {
				for b := range session {
					if a != b {
						g.viewed.add(a, b)
					}
				}
			}
			clear(session)
		}
		var last time.Time
		for _, e := range list {
			if e.name == "purchase" {
				g.orders++
				g.buyers[user] = true
				viewed := map[string]bool{}
				for _, v := range list {
					if before := e.at.Sub(v.at); v.name == "view_item" && before >= 0 && before <= 30*24*time.Hour {
						for _, item := range v.items {
							viewed[item] = true
						}
					}
				}
				for a := range viewed {
					for _, b := range e.items {
						if a != b {
							g.after.add(a, b)
						}
					}
				}
				continue
			}
			if e.at.Sub(last) > 30*time.Minute {
				end()
			}
			last = e.at
			if e.name == "view_item" {
				for _, item := range e.items {
					session[item] = true
				}
			}
		}
		end()
	}
	return g
}

const ga4File = "ga4_ecommerce_events/ga4_ecommerce_events.csv.gz"

func TestGA4(t *testing.T) {
	file := dataFile(t, ga4File)
	g := countGA4(t, file)
	e, _ := replayed(t, long(), "ga4", file)
	s := e.Stats()
	t.Logf("engine: %d events, %d orders of %d buyers, revenue %v, %d visitors, %d sessions, %d items, %d bots", s.Total, s.Orders, s.Buyers, s.Revenue, s.Visitors, s.Sessions, s.Items, s.Bots)
	if s.Total != 44_729 || s.Orders != 69 || s.Buyers != 49 || s.Revenue["USD"] != 5_611*models.Micros || s.Visitors != 2_705 {
		t.Error("the README says 44,729 events, 69 orders of 49 buyers, value 5,611, 2,705 users")
	}
	if g.total != 44_729 || g.orders != 69 || len(g.buyers) != 49 || g.value != s.Revenue["USD"] {
		t.Errorf("the file has %d events, %d orders of %d buyers, value %s", g.total, g.orders, len(g.buyers), g.value)
	}
	for recipe, want := range map[string]relation{"viewed_together": g.viewed, "bought_after_viewing": g.after} {
		pairs := 0
		for _, item := range g.top {
			_, got := listed(t, e, recipe, item)
			if !maps.Equal(got, want[item]) {
				t.Errorf("%s of %s: %d products, counted %d", recipe, item, len(got), len(want[item]))
				for other, n := range want[item] {
					if got[other] != n {
						t.Errorf("  %s: %d, counted %d", other, got[other], n)
						break
					}
				}
			}
			pairs += len(got)
		}
		t.Logf("%s: all %d neighbours of the ten most viewed items are equal", recipe, pairs)
	}
}

// With the default bounds nearly all of the true best are there, with nearly their counts.
func TestGA4Bounds(t *testing.T) {
	file := dataFile(t, ga4File)
	g := countGA4(t, file)
	for _, cfg := range []engine.Config{
		{NoDecay: true},
		{NoDecay: true, Neighbours: 64, People: people.Config{History: 64}},
		{NoDecay: true, Neighbours: 256, People: people.Config{History: 256}},
	} {
		e, _ := replayed(t, cfg, "ga4", file)
		for recipe, want := range map[string]relation{"viewed_together": g.viewed, "bought_after_viewing": g.after} {
			there, all, off := 0, 0, 0.0
			for _, item := range g.top {
				_, got := listed(t, e, recipe, item)
				for _, other := range largest(want[item], 8) {
					all++
					if n := got[other]; n > 0 {
						there++
						off += math.Abs(float64(n-want[item][other])) / float64(want[item][other])
					}
				}
			}
			recall, off := float64(there)/float64(all), off/float64(max(there, 1))
			t.Logf("history %4d, lists of %3d (0: the default): %-20s %.3f of the true top 8 there, counts %.1f %% off on average", cfg.People.History, cfg.Neighbours, recipe, recall, 100*off)
			if cfg.Neighbours == 0 && cfg.People.History == 0 && (recall < 0.95 || off > 0.05) {
				t.Errorf("%s: the default bounds lose too much", recipe)
			}
		}
	}
}

// Online Retail: what the engine took reconciles with the file's rows to the last decimal.
func TestOnlineRetail(t *testing.T) {
	file := dataFile(t, "online_retail/online_retail.csv.gz")
	e, s := replayed(t, engine.Config{}, "online-retail", file)
	st := e.Stats()
	t.Logf("engine: %d orders of %d persons, %d refunds, revenue %v, %d contacts, %d items; sent %s in %d events, refused %v",
		st.Orders, st.Buyers, st.Refunds, st.Revenue, st.Contacts, st.Items, s.Money["GBP"].Net(), s.Total, s.Refused)
	all, refused := sumRetail(t, file)
	t.Logf("rows: %s in all; of refused invoices %s", all, refused)
	if got := st.Revenue["GBP"] + refused; got != all || all.String() != "9747747.934" {
		t.Errorf("the engine's %s and the refused %s make %s, the rows %s", st.Revenue["GBP"], refused, got, all)
	}
	if st.Contacts != 4_372 || st.Refunds != 3_836 || st.Orders != 22_061-1_336 {
		t.Errorf("%d customers, %d refunds, %d orders", st.Contacts, st.Refunds, st.Orders)
	}
}

// sumRetail adds up the rows of Online Retail: all, and those of the invoices that the engine refuses as a whole, which
// are A-invoices and those with a quantity below 0 that are no cancellations.
func sumRetail(t *testing.T, file string) (all, refused models.Money) {
	rows := csv.NewReader(open(t, file))
	if _, err := rows.Read(); err != nil {
		t.Fatal(err)
	}
	worth, bad := map[string]models.Money{}, map[string]bool{}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		quantity, _ := models.ParseMoney([]byte(row[3]))
		price, _ := models.ParseMoney([]byte(row[5]))
		worth[row[0]] += price * (quantity / models.Micros)
		if row[0][0] == 'A' || row[0][0] != 'C' && quantity < 0 {
			bad[row[0]] = true
		}
	}
	for invoice, money := range worth {
		all += money
		if bad[invoice] {
			refused += money
		}
	}
	return all, refused
}
