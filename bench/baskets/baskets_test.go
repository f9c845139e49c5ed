package baskets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMeasures(t *testing.T) {
	f := func(kind string, k int, list, relevant []uint32, want float64) {
		t.Helper()
		if got := (measure{kind, k}).of(list, relevant); math.Abs(float64(got)-want) > 1e-6 {
			t.Errorf("%s@%d of %v in %v is %g, want %g", kind, k, relevant, list, got, want)
		}
	}
	list := []uint32{5, 3, 9, 1}
	f("hr", 2, list, []uint32{3}, 1)
	f("hr", 1, list, []uint32{3}, 0)
	f("mrr", 4, list, []uint32{9}, 1.0/3)
	f("recall", 4, list, []uint32{9, 1, 7, 8}, 0.5)
	f("phr", 4, list, []uint32{8, 9}, 1)
	f("ndcg", 4, list, []uint32{5}, 1)
	f("ndcg", 4, list, []uint32{3}, 1/math.Log2(3))
	f("ndcg", 4, list, []uint32{5, 9}, (1+1/math.Log2(4))/(1+1/math.Log2(3)))
	f("ndcg", 1, list, []uint32{5, 9}, 1) // the ideal list is of k, too
	f("recall", 10, nil, []uint32{1}, 0)
}

func TestTIFUVector(t *testing.T) {
	v := tifuVector([][]uint32{{1}, {2}, {1}})
	for item, want := range map[uint32]float64{1: (1 + 0.81) / 3, 2: 0.9 / 3} {
		if math.Abs(v[item]-want) > 1e-12 {
			t.Errorf("item %d has %g, want %g", item, v[item], want)
		}
	}
	long := make([][]uint32, 9) // two groups: the older one has two baskets
	long[0] = []uint32{1}
	if got, want := tifuVector(long)[1], 0.9*0.7/2/2; math.Abs(got-want) > 1e-12 {
		t.Errorf("the oldest of nine baskets weighs %g, want %g", got, want)
	}
}

func TestLLR(t *testing.T) {
	if got := llr(10, 20, 30, 60); got != 0 {
		t.Errorf("independent products have a ratio of %g", got)
	}
	if got := llr(20, 20, 30, 1000); got < 100 {
		t.Errorf("products always bought together have a ratio of %g", got)
	}
}

// run runs a backtest on a file of these lines.
func run(t *testing.T, c Config, text string) *Result {
	t.Helper()
	c.File = filepath.Join(t.TempDir(), "baskets.txt")
	if err := os.WriteFile(c.File, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Run(context.Background(), c, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.Text(&b); err != nil || !strings.Contains(b.String(), "recipe") {
		t.Fatalf("text: %v, %q", err, b.String())
	}
	if err := r.JSON(&b); err != nil {
		t.Fatal(err)
	}
	if err := r.Plot(filepath.Join(t.TempDir(), "plot.svg")); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *Result) value(recipe, name string) float64 {
	for _, f := range r.Results {
		for _, v := range f.Values {
			if f.Recipe == recipe && v.Name == name {
				return v.Mean
			}
		}
	}
	return math.NaN()
}

// In a shop where everything is bought in fixed pairs all recipes that look at pairs find the other one.
func TestCarts(t *testing.T) {
	var b strings.Builder
	for i := range 2000 {
		p := i * 7919 % 40
		b.WriteString(strings.Repeat("a", p+1) + "," + strings.Repeat("b", p+1) + "\n")
	}
	r := run(t, Config{}, b.String())
	for _, recipe := range []string{"cosine", "llr", "complements"} {
		if got := r.value(recipe, "mrr@10"); got < 0.99 {
			t.Errorf("%s: MRR %.3f", recipe, got)
		}
	}
	if got := r.value("popularity", "hr@10"); got > 0.5 {
		t.Errorf("popularity: HR %.3f", got)
	}
	if got := run(t, Config{Shuffle: true}, b.String()).value("complements", "mrr@10"); got > 0.15 {
		t.Errorf("with shuffled labels the MRR is %.3f", got)
	}
}

func TestCustomersAndSequences(t *testing.T) {
	var customers, sequences strings.Builder
	for i := range 300 {
		n := string(rune('0' + i%10))
		customers.WriteString(`{"user":1,"baskets":[[1` + n + `],[2` + n + `],[1` + n + `,50],[1` + n + `]]}` + "\n")
		sequences.WriteString("7 1" + n + " 2" + n + " 3" + n + " 4" + n + strings.Repeat(" 51 52", i/10%2) + "\n")
	}
	if got := run(t, Config{}, customers.String()).value("buy_again", "recall@10"); got < 0.99 {
		t.Errorf("next basket: recall %.3f", got)
	}
	// Half of the customers end with 52, which is in no history: the others' last item is what half of them went on with.
	if got := run(t, Config{}, sequences.String()).value("for_you", "hr@10"); got < 0.45 {
		t.Errorf("sequence: HR %.3f", got)
	}
}

// On public files the engine's recipes are above the baselines that they have to beat.
func TestPublic(t *testing.T) {
	dir := os.Getenv("ORRERY_DATA")
	if dir == "" {
		t.Skip("ORRERY_DATA is not set: the public files are not there")
	}
	f := func(c Config, file, recipe, measure string, above ...string) {
		t.Helper()
		c.File = filepath.Join(dir, file)
		r, err := Run(context.Background(), c, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range above {
			if got, want := r.value(recipe, measure), r.value(other, measure); got <= want {
				t.Errorf("%s: %s %s %.4f, %s %.4f", file, measure, recipe, got, other, want)
			}
		}
	}
	f(Config{}, "groceries/groceries.csv.gz", "complements", "hr@10", "popularity", "cosine", "llr")
	f(Config{Sample: 2000, Split: time.Date(2011, 10, 1, 0, 0, 0, 0, time.UTC)}, "online_retail/online_retail.csv.gz", "complements", "hr@10", "popularity", "cosine", "llr")
}

// Order lines in any dialect are the same baskets; a table of something else is refused and named.
func TestTables(t *testing.T) {
	rows := [][2]string{{"A", "x"}, {"B", "y"}, {"A", "y"}, {"C", "x"}, {"C", "z"}, {"A", "x"}, {"B", "z"}}
	table := func(format string, header string) string {
		text := header
		for i, r := range rows {
			text += fmt.Sprintf(format, r[0], r[1], i+1)
		}
		return text
	}
	dir := t.TempDir()
	read := func(name, text string, c Config) ([]Basket, string, error) {
		t.Helper()
		c.File = filepath.Join(dir, name)
		if err := os.WriteFile(c.File, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		yes, err := isTable(&c)
		if err != nil {
			return nil, "", err
		}
		if !yes {
			t.Fatalf("%s is no table", name)
		}
		return loadTable(&c)
	}
	for name, text := range map[string]string{
		"comma.csv":     table("%s,%s,2026-03-0%d\n", "order_id,sku,date\n"),
		"semicolon.csv": table("%s;\"%s\";0%d.03.2026\r\n", "\ufeffOrder Number;SKU;Date\r\n"),
		"tabs.tsv":      table("%s\t%s\t2026-03-0%d\n", "Transaction\tItem\tTime\n"),
	} {
		all, columns, err := read(name, text, Config{})
		if err != nil || len(all) != 3 || !slices.Equal(all[0].Items, []uint32{1, 2}) || !slices.Equal(all[1].Items, []uint32{2, 3}) || !slices.Equal(all[2].Items, []uint32{1, 3}) {
			t.Errorf("%s: %v, %v", name, all, err)
		}
		if !strings.Contains(columns, "no column is the quantity") || !strings.HasPrefix(columns, "order is ") {
			t.Errorf("%s: %q", name, columns)
		}
	}
	all, columns, err := read("named.csv", table("%s,%s,%d\n", "bon,what,n\n"), Config{Order: "bon", Item: "what", Quantity: "n"})
	if err != nil || len(all) != 3 || columns != "order is bon, item is what, quantity is n, no column is the time" {
		t.Errorf("%v, %q, %v", all, columns, err)
	}
	for name, text := range map[string]string{
		"people.csv": "name,age,city\n" + strings.Repeat("ann,3,ulm\n", 12), "prices.csv": "id;name;price\nA;x;1,50\nB;y;2,50\n",
	} {
		if _, _, err := read(name, text, Config{}); !errors.Is(err, errTable) || !strings.Contains(err.Error(), "there are ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := Config{File: filepath.Join(dir, "lines.csv")}
	if err := os.WriteFile(c.File, []byte("milk,bread\nmilk\nbread,butter,eggs\nmilk,eggs\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if yes, err := isTable(&c); yes || err != nil {
		t.Errorf("a basket a line is a table: %v, %v", yes, err)
	}
}
