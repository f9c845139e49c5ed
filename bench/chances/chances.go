// Package chances is the backtest of BG/BB: opportunities that come at fixed times and are taken or not, such as yearly
// appeals or weekly mails. It fits the model to what was taken and compares what it expects of the next opportunities with
// what came.
package chances

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"

	"orrery/churn/btyd"
)

// Config is what to read.
type Config struct {
	// File is a CSV with a header, a history a line: opportunities taken, number of the last one taken (0: none), opportunities,
	// customers with this history, and, if known, how many of the next opportunities these took together.
	File    string
	Next    int    // how many next ones
	Command string // as typed, for the record
}

// Result is what was found.
type Result struct {
	Command   string             `json:"command"`
	File      string             `json:"file"`
	Customers float64            `json:"customers"`
	Histories int                `json:"histories"`
	Next      int                `json:"next"`
	Params    map[string]float64 `json:"params"`
	LL        float64            `json:"ll"`
	Passes    int                `json:"passes"`
	ByTaken   []ByTaken          `json:"by_taken"`
	Expected  float64            `json:"expected"`
	Actual    *float64           `json:"actual"` // null where the file does not say

	model btyd.BGBB
}

// ByTaken is the customers who took so many opportunities.
type ByTaken struct {
	Taken     int      `json:"taken"`
	Customers float64  `json:"customers"`
	Alive     float64  `json:"alive"`    // mean probability of being alive at the next opportunity
	Expected  float64  `json:"expected"` // taken of the next ones, a customer
	Actual    *float64 `json:"actual"`
}

// history is a line of the file.
type history struct {
	btyd.ChancesCell
	actual float64
}

// Run reads, fits and compares.
func Run(c Config) (*Result, error) {
	if c.Next <= 0 {
		return nil, errors.New("next: must be positive")
	}
	all, told, err := load(c.File)
	if err != nil {
		return nil, fmt.Errorf("cannot read histories of opportunities from %q: %w", c.File, err)
	}
	cells := make([]btyd.ChancesCell, len(all))
	for i := range all {
		cells[i] = all[i].ChancesCell
	}
	m, rep, err := btyd.BGBB{}.Fit(cells)
	if err != nil {
		return nil, err
	}
	r := &Result{Command: c.Command, File: c.File, Customers: rep.N, Histories: len(all), Next: c.Next, Params: map[string]float64{}, LL: rep.LL, Passes: rep.Passes, model: m}
	for _, p := range m.Params() {
		r.Params[p.Name] = p.Value
	}
	r.compare(all, told)
	return r, nil
}

// compare fills in what is expected of the next opportunities, and what came.
func (r *Result) compare(all []history, told bool) {
	actual := 0.0
	slices.SortStableFunc(all, func(a, b history) int { return a.X - b.X })
	for from := 0; from < len(all); {
		row, came := ByTaken{Taken: all[from].X}, 0.0
		for ; from < len(all) && all[from].X == row.Taken; from++ {
			h := &all[from]
			row.Customers += h.Count
			row.Alive += h.Count * r.model.Alive(h.Chances)
			row.Expected += h.Count * r.model.Expect(h.Chances, r.Next)
			came += h.actual
		}
		r.Expected += row.Expected
		actual += came
		row.Alive, row.Expected = row.Alive/row.Customers, row.Expected/row.Customers
		if told {
			came /= row.Customers
			row.Actual = &came
		}
		r.ByTaken = append(r.ByTaken, row)
	}
	if told {
		r.Actual = &actual
	}
}

// load reads the file; told says that it has the last column.
func load(file string) (all []history, told bool, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, false, err
	}
	if len(rows) < 2 || len(rows[0]) < 4 || len(rows[0]) > 5 {
		return nil, false, errors.New("a header and lines of four or five columns are wanted")
	}
	told = len(rows[0]) == 5
	for i, row := range rows[1:] {
		var v [5]float64
		for k, text := range row {
			if v[k], err = strconv.ParseFloat(text, 64); err != nil || !(v[k] >= 0 && v[k] < 1<<31) {
				return nil, false, fmt.Errorf("line %d, column %d: %q is not a number of 0 or more", i+2, k+1, text)
			}
			if k < 3 && v[k] != math.Trunc(v[k]) {
				return nil, false, fmt.Errorf("line %d, column %d: %q is not a whole number", i+2, k+1, text)
			}
		}
		h := history{btyd.ChancesCell{Chances: btyd.Chances{X: int(v[0]), Tx: int(v[1]), N: int(v[2])}, Count: v[3]}, v[4]}
		if h.X > h.Tx || h.Tx > h.N || (h.X == 0) != (h.Tx == 0) || h.Count == 0 {
			return nil, false, fmt.Errorf("line %d: nobody can have taken %s of %s opportunities, the last one number %s", i+2, row[0], row[2], row[1])
		}
		all = append(all, h)
	}
	return all, told, nil
}

// WriteText writes the result for people.
func (r *Result) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s: %.0f customers, %d histories\nbg/bb", r.File, r.Customers, r.Histories)
	for _, p := range r.model.Params() {
		fmt.Fprintf(w, " %s %.5f", p.Name, p.Value)
	}
	fmt.Fprintf(w, ", LL %.4f, %d passes\n", r.LL, r.Passes)
	fmt.Fprintf(w, "of the next %d opportunities %.1f are expected to be taken", r.Next, r.Expected)
	if r.Actual != nil {
		fmt.Fprintf(w, ", %.0f were: %+.1f %%", *r.Actual, 100*(r.Expected / *r.Actual - 1))
	}
	fmt.Fprint(w, "\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "taken\tcustomers\talive\texpected each\tactual each")
	for _, row := range r.ByTaken {
		actual := "-"
		if row.Actual != nil {
			actual = fmt.Sprintf("%.4f", *row.Actual)
		}
		fmt.Fprintf(t, "%d\t%.0f\t%.4f\t%.4f\t%s\n", row.Taken, row.Customers, row.Alive, row.Expected, actual)
	}
	return t.Flush()
}
