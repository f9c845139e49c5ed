// Package baskets backtests what the engine recommends from orders and from long histories, through the engine's own
// recipes: the missing item of a basket (bought_together, complements), the next basket of a customer (buy_again), the
// next item of a customer's life (for_you). Ranking is always over all items.
//
// Protocols:
//   - cart: a test basket with one item left out, each in turn (at most five a basket, chosen by hash); the rest is the
//     cart; the items of the cart are not candidates. Training baskets come before the split date, or where a file has
//     no times, four of five by a hash of the basket's number.
//   - next basket: a customer's last basket is the test, the ones before it the history (Li et al., "A next basket
//     recommendation reality check", TOIS 2023); customers with at least three baskets.
//   - sequence: a customer's last item is the test, the items before it the history (leave one out, as in SASRec, Kang
//     and McAuley, ICDM 2018, but ranked among all items, not among 100); items of the history are not candidates.
package baskets

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"orrery/bench/metric"
)

// Case is one prediction.
type Case struct {
	Group    uint32     // cases of one basket or customer, which the bootstrap resamples as one
	User     uint32     // of a next-basket case: the customer
	Cart     []uint32   // of a cart case: the rest of the basket; of a sequence case: the history, newest last
	History  [][]uint32 // of a next-basket case: the baskets before, newest last
	Relevant []uint32   // what was bought
}

// recipe is a way to find items. Lists hold no item of a cart case's cart.
type recipe interface {
	recommend(dst []uint32, c *Case, k int) []uint32
}

// Result is what a backtest found, in the shape of its JSON.
type Result struct {
	Command     string            `json:"command"`
	Dataset     Dataset           `json:"dataset"`
	Protocol    string            `json:"protocol"`
	Baseline    string            `json:"baseline"`
	Definitions map[string]string `json:"definitions"`
	Results     []Figures         `json:"results"`
	PeakBytes   uint64            `json:"peak_bytes"` // memory obtained from the system

	metrics []measure
}

// Dataset counts what was read.
type Dataset struct {
	Name    string `json:"name"`
	Baskets int    `json:"baskets"` // all, test included
	Entries int    `json:"entries"` // their items
	Users   int    `json:"users,omitempty"`
	Items   int    `json:"items"`
	Cases   int    `json:"cases"`
	Columns string `json:"columns,omitempty"` // what was taken from which, of a table
	Groups  int    `json:"groups"`            // baskets or customers that the cases are of
}

// Figures are those of one recipe.
type Figures struct {
	Recipe string
	N      int
	Values []Value // in the order of the protocol's metrics
	Query  Times
	Train  float64 // seconds

	cases [][]float32 // by metric and case
}

// Value is one figure of a recipe.
type Value struct {
	Name  string
	Mean  float64
	In    metric.Interval
	Delta metric.Difference // against the baseline, paired
}

// Times are quantiles in microseconds, of one thread, wall clock.
type Times struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
}

// row is a recipe to be run and how long it took to learn.
type row struct {
	name string
	make func() (recipe, error)
}

// run runs the rows of a protocol over its cases.
func (r *Result) run(ctx context.Context, cases []Case, rows []row, log io.Writer) error {
	most := 0
	for _, m := range r.metrics {
		most = max(most, m.k)
	}
	groups := make([]uint32, len(cases))
	for i := range cases {
		groups[i] = cases[i].Group
	}
	r.Dataset.Cases = len(cases)
	if len(cases) == 0 {
		return fmt.Errorf("cannot backtest %s: there are no test cases", r.Dataset.Name)
	}
	r.Dataset.Groups = int(slices.Max(groups)) + 1
	for _, row := range rows {
		began := time.Now()
		made, err := row.make()
		if err != nil {
			return err
		}
		f := Figures{Recipe: row.name, N: len(cases), Train: time.Since(began).Seconds()}
		if err := f.predict(ctx, made, cases, r.metrics, most); err != nil {
			return err
		}
		r.Results = append(r.Results, f)
		fmt.Fprintf(log, "%-16s %-16s", r.Dataset.Name, row.name)
		for _, v := range f.Values {
			fmt.Fprintf(log, " %s %.4f", v.Name, v.Mean)
		}
		fmt.Fprintf(log, " p90 %.0f us, %.1f s\n", f.Query.P90, f.Train)
	}
	r.compare(metric.NewBootstrap(groups))
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r.PeakBytes = m.Sys
	return nil
}

func (f *Figures) predict(ctx context.Context, r recipe, cases []Case, metrics []measure, k int) error {
	f.cases = make([][]float32, len(metrics))
	us := make([]float64, len(cases))
	var list []uint32
	for i := range cases {
		if i%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		began := time.Now()
		list = r.recommend(list[:0], &cases[i], k)
		us[i] = float64(time.Since(began).Nanoseconds()) / 1e3
		for m := range metrics {
			f.cases[m] = append(f.cases[m], metrics[m].of(list, cases[i].Relevant))
		}
	}
	for m := range metrics {
		f.Values = append(f.Values, Value{Name: metrics[m].name(), Mean: mean(f.cases[m])})
	}
	slices.Sort(us)
	at := func(q float64) float64 { return us[int(q*float64(len(us)-1))] }
	f.Query = Times{at(.5), at(.9), at(.99)}
	return nil
}

// compare fills in the intervals.
func (r *Result) compare(b *metric.Bootstrap) {
	at := max(0, slices.IndexFunc(r.Results, func(f Figures) bool { return f.Recipe == r.Baseline }))
	base := r.Results[at].cases
	for i := range r.Results {
		f := &r.Results[i]
		for m := range f.Values {
			f.Values[m].In = b.Mean(f.cases[m])
			f.Values[m].Delta = b.Difference(f.cases[m], base[m])
		}
	}
}

func mean(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x)
	}
	return sum / float64(max(len(v), 1))
}
