//go:build integration

package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"maps"
	"math"
	"os"
	"slices"
	"testing"
	"time"
)

// These tests count by brute force what the engine counts incrementally: over the file itself, with no code of the
// engine's, and by the plain meaning of the words.

// readGzip calls f with every record of a gzip-compressed CSV file with a header row, by column name.
func readGzip(t *testing.T, file string, f func(row map[string]string)) {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	z, err := gzip.NewReader(bufio.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(z)
	all, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, cells := range all[1:] {
		row := make(map[string]string, len(cells))
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		f(row)
	}
}

// act is one event of a shop's history.
type act struct {
	visitor string
	at      time.Time
	name    string
	items   []string
}

// history is what happened, in the order of time.
type history []*act

// readGA4 reads the GA4 file. Rows of one visitor, time and name are one event with several items.
func readGA4(t *testing.T) (h history, value float64) {
	t.Helper()
	type key struct{ visitor, at, name string }
	known := map[key]*act{}
	readGzip(t, dataFile(t, "ga4_ecommerce_events/ga4_ecommerce_events.csv.gz"), func(row map[string]string) {
		k := key{row["user_id"], row["event_timestamp"], row["event_name"]}
		a := known[k]
		if a == nil {
			at, err := time.Parse(time.RFC3339Nano, k.at)
			if err != nil {
				t.Fatal(err)
			}
			a = &act{visitor: k.visitor, at: at, name: k.name}
			known[k] = a
			h = append(h, a)
		}
		if id := row["item_id"]; id != "" {
			a.items = append(a.items, id)
		}
		if k.name == "purchase" && row["price"] != "" {
			value += number(t, row["price"]) * number(t, row["quantity"])
		}
	})
	slices.SortStableFunc(h, func(a, b *act) int { return a.at.Compare(b.at) })
	return h, value
}

// pair is two products of which the first led to the second.
type pair struct{ from, to string }

// relation is everything that a list of neighbours is made from.
type relation struct {
	pairs       map[pair]int
	left, right map[string]int // baskets with the product on that side
	baskets     int
}

func newRelation() *relation {
	return &relation{pairs: map[pair]int{}, left: map[string]int{}, right: map[string]int{}}
}

// together counts a basket of products that go with each other.
func (r *relation) together(items map[string]bool) {
	if len(items) == 0 {
		return
	}
	r.baskets++
	for a := range items {
		r.left[a]++
		r.right[a]++
		for b := range items {
			if a != b {
				r.pairs[pair{a, b}]++
			}
		}
	}
}

// of returns the counts of one product's neighbours.
func (r *relation) of(product string) map[string]float64 {
	counts := map[string]float64{}
	for p, n := range r.pairs {
		if p.from == product {
			counts[p.to] = float64(n)
		}
	}
	return counts
}

// sessionGap is the silence that ends a session. Moments are seconds, as everywhere in the engine's memory of persons.
const sessionGap = 30 * 60

// viewedTogether counts, for two products, the sessions in which both were viewed. An order is no part of a session.
func (h history) viewedTogether() (r *relation, sessions int) {
	type running struct {
		last  int64
		items map[string]bool
	}
	r = newRelation()
	open := map[string]*running{}
	for _, a := range h {
		if a.name == "purchase" {
			continue
		}
		s, second := open[a.visitor], a.at.Unix()
		if s == nil || second-s.last > sessionGap {
			if s != nil {
				r.together(s.items)
			}
			s = &running{items: map[string]bool{}}
			open[a.visitor] = s
			sessions++
		}
		s.last = second
		if a.name == "view_item" {
			for _, id := range a.items {
				s.items[id] = true
			}
		}
	}
	for _, s := range open {
		r.together(s.items)
	}
	return r, sessions
}

// viewWindow is how long before an order a view counts for it.
const viewWindow = 30 * 24 * 3600

// boughtAfterViewing counts, for products a and b, the orders of b whose buyer had viewed a.
func (h history) boughtAfterViewing() *relation {
	r := newRelation()
	views := map[string][]*act{}
	for _, a := range h {
		if a.name == "view_item" {
			views[a.visitor] = append(views[a.visitor], a)
		}
	}
	for _, o := range h {
		if o.name != "purchase" {
			continue
		}
		bought, viewed := setOf(o.items), map[string]bool{}
		for _, v := range views[o.visitor] {
			if age := o.at.Unix() - v.at.Unix(); age >= 0 && age <= viewWindow {
				maps.Copy(viewed, setOf(v.items))
			}
		}
		r.baskets++
		for b := range bought {
			r.right[b]++
		}
		for a := range viewed {
			r.left[a]++
			for b := range bought {
				if a != b {
					r.pairs[pair{a, b}]++
				}
			}
		}
	}
	return r
}

// boughtTogether counts, for two products, the orders with both.
func (h history) boughtTogether() *relation {
	r := newRelation()
	for _, o := range h {
		if o.name == "purchase" {
			r.together(setOf(o.items))
		}
	}
	return r
}

// most returns the n products that the most events of a name hold, the first one first.
func (h history) most(name string, n int) []string {
	counts := map[string]float64{}
	for _, a := range h {
		if a.name == name {
			for _, id := range a.items {
				counts[id]++
			}
		}
	}
	return largest(counts, n)
}

// byName counts events.
func (h history) byName() map[string]int {
	counts := map[string]int{}
	for _, a := range h {
		counts[a.name]++
	}
	return counts
}

// visitors returns who has an event of a name, or of any name where it is empty.
func (h history) visitors(name string) map[string]bool {
	who := map[string]bool{}
	for _, a := range h {
		if name == "" || a.name == name {
			who[a.visitor] = true
		}
	}
	return who
}

// cosine is the statistic that ranks products viewed together.
func (r *relation) cosine(from, to string) float64 {
	return float64(r.pairs[pair{from, to}]) / math.Sqrt(float64(r.left[from])*float64(r.right[to]))
}

// surprise is the log-likelihood ratio (Dunning 1993) that ranks products of orders: 0 where chance explains the pair.
func (r *relation) surprise(from, to string) float64 {
	n := float64(r.baskets)
	both, row, column := float64(r.pairs[pair{from, to}]), float64(r.left[from]), float64(r.right[to])
	if both*n <= row*column {
		return 0
	}
	g := 0.0
	for _, cell := range [][3]float64{
		{both, row, column}, {row - both, row, n - column}, {column - both, n - row, column}, {n - row - column + both, n - row, n - column},
	} {
		if cell[0] > 0 {
			g += cell[0] * math.Log(cell[0]*n/(cell[1]*cell[2]))
		}
	}
	return 2 * g
}

func setOf(items []string) map[string]bool {
	s := make(map[string]bool, len(items))
	for _, id := range items {
		s[id] = true
	}
	return s
}

// largest returns the n keys of the largest values, ties in the order of the keys.
func largest(of map[string]float64, n int) []string {
	keys := slices.SortedFunc(maps.Keys(of), func(a, b string) int {
		return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b))
	})
	return keys[:min(n, len(keys))]
}
