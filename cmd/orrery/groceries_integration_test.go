//go:build integration

package main

import (
	"bufio"
	"compress/gzip"
	"os"
	"strings"
	"testing"
)

const groceriesFile = "groceries/groceries.csv.gz"

// readBaskets reads a gzip-compressed file of baskets, a line each, as orders.
func readBaskets(t *testing.T, file string) (h history) {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(z); lines.Scan(); {
		h = append(h, &act{name: "purchase", items: strings.Split(lines.Text(), ",")})
	}
	return h
}

// What the engine says is bought together is what an exact count of all pairs says.
func TestGroceries(t *testing.T) {
	baskets := readBaskets(t, dataFile(t, groceriesFile))
	truth, top := baskets.boughtTogether(), baskets.most("purchase", 30)
	i := newInstance(t, exact...)
	i.start()
	i.replay("groceries", dataFile(t, groceriesFile))
	i.settle()
	if s := i.stats(); s.Orders != len(baskets) || s.Orders != 9_835 || s.Items != 169 {
		t.Errorf("%d orders of %d items, want 9,835 of 169", s.Orders, s.Items)
	}
	pairs, together := 0, 0
	for _, a := range top {
		counts, _ := i.evidence("bought_together", a)
		for _, b := range top {
			if a == b {
				continue
			}
			want := truth.pairs[pair{a, b}]
			if counts[b] != float64(want) {
				t.Errorf("%s and %s: %g orders, want %d", a, b, counts[b], want)
			}
			pairs++
			together += want
		}
	}
	t.Logf("%d ordered pairs of the 30 most frequent items have equal counts, %d orders in all; %s and %s: %d",
		pairs, together, top[0], top[1], truth.pairs[pair{top[0], top[1]}])
}
