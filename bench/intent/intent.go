// Package intent is the backtest of purchase intent: it reads a table of sessions with a label and judges the learners of
// churn/intent on it, out of fold, online, without a leaky column, and on later months than they learned from.
package intent

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"orrery/bench/calibration"
	"orrery/churn/intent"
)

// Config is what to read and how to judge.
type Config struct {
	File  string
	Label string // column with the outcome: TRUE or 1 is a purchase; "Revenue" where empty
	// Leaky are columns that partly tell the outcome; everything is reported with and without them. PageValues where nil.
	Leaky []string
	// Later splits by time: rows whose TimeColumn holds one of these values are the test, and the column is dropped. Month
	// and Nov, Dec where nil.
	TimeColumn string
	Later      []string
	Folds      int // 10 where 0
	Command    string
	Progress   io.Writer
}

func (c Config) defaults() Config {
	if c.Label == "" {
		c.Label = "Revenue"
	}
	if c.Leaky == nil {
		c.Leaky = []string{"PageValues"}
	}
	if c.TimeColumn == "" {
		c.TimeColumn = "Month"
	}
	if c.Later == nil {
		c.Later = []string{"Nov", "Dec"}
	}
	if c.Folds < 2 {
		c.Folds = 10
	}
	return c
}

// Result is everything that a run has found.
type Result struct {
	Command     string            `json:"command"`
	Definitions map[string]string `json:"definitions"`
	Dataset     Dataset           `json:"dataset"`
	Results     []Score           `json:"results"`
}

// Dataset says what was read.
type Dataset struct {
	File      string   `json:"file"`
	Rows      int      `json:"n"`
	Positives int      `json:"positives"`
	Features  []string `json:"features"`
	Later     int      `json:"later"` // rows of the time split's test
}

// Score is a row of the table.
type Score struct {
	Model           string               `json:"model"`
	Protocol        string               `json:"protocol"` // out-of-fold, progressive or later
	Without         string               `json:"without,omitempty"`
	N               int                  `json:"n"`
	AUC             float64              `json:"auc"`
	PRAUC           float64              `json:"prauc"`
	Brier           float64              `json:"brier"`
	LogLoss         float64              `json:"logloss"`
	LogLossInterval calibration.Interval `json:"logloss_interval"`
	ECE             float64              `json:"ece"`
	TrainMS         float64              `json:"train_ms"` // all fits of the row
	QueryUS         float64              `json:"query_us"` // mean of one forecast
	Reliability     []calibration.Bin    `json:"reliability"`
}

// table is a file, its text columns turned into numbers.
type table struct {
	names []string
	rows  [][]float64
	y     []bool
	text  map[string][]string // raw values of text columns, by column
}

func readTable(file, label string) (*table, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("cannot open table %q: %w", file, err)
	}
	defer f.Close()
	t, err := parseTable(csv.NewReader(bufio.NewReader(f)), label)
	if err != nil {
		return nil, fmt.Errorf("cannot read table %q: %w", file, err)
	}
	return t, nil
}

func parseTable(in *csv.Reader, label string) (*table, error) {
	all, err := in.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(all) < 2 {
		return nil, errors.New("no rows")
	}
	at := slices.Index(all[0], label)
	if at < 0 {
		return nil, fmt.Errorf("no column %q among %q", label, all[0])
	}
	t := &table{text: map[string][]string{}, rows: make([][]float64, len(all)-1)}
	for _, row := range all[1:] {
		yes, err := strconv.ParseBool(strings.ToLower(row[at]))
		if err != nil {
			return nil, fmt.Errorf("label %q is neither true nor false", row[at])
		}
		t.y = append(t.y, yes)
	}
	for c, name := range all[0] {
		if c != at {
			t.column(name, all[1:], c)
		}
	}
	return t, nil
}

// column adds a column: numbers as they are, text by the rank of its value in the alphabet.
func (t *table) column(name string, rows [][]string, c int) {
	numbers := make([]float64, len(rows))
	codes := make(map[string]float64)
	for i, row := range rows {
		v, err := strconv.ParseFloat(row[c], 64)
		if err != nil {
			codes[row[c]] = 0
		}
		numbers[i] = v
	}
	if len(codes) > 0 {
		for i, v := range slices.Sorted(maps.Keys(codes)) {
			codes[v] = float64(i)
		}
		for i, row := range rows {
			numbers[i] = codes[row[c]]
			t.text[name] = append(t.text[name], row[c])
		}
	}
	t.names = append(t.names, name)
	for i, v := range numbers {
		t.rows[i] = append(t.rows[i], v)
	}
}

// without returns the table less some columns.
func (t *table) without(names []string) *table {
	out := &table{y: t.y, text: t.text, rows: make([][]float64, len(t.rows))}
	for c, name := range t.names {
		if slices.Contains(names, name) {
			continue
		}
		out.names = append(out.names, name)
		for i := range t.rows {
			out.rows[i] = append(out.rows[i], t.rows[i][c])
		}
	}
	return out
}

// learner is a way to learn from rows; the result gives log-odds.
type learner struct {
	name  string
	learn func(rows [][]float64, y []bool) func(row []float64) float64
}

// passes is how often the logistic regression reads a training set that is at hand as a whole, in strides: read in the
// order of the file it would end on the last months.
const (
	passes = 4
	stride = 7919 // a prime

	// heldOut is of how many rows one is left out of the run that the recalibration is learned from.
	heldOut = 10
)

// logistic learns from all rows but each of number skip, from all where skip is 0.
func logistic(rows [][]float64, y []bool, skip int) *intent.Online {
	m := intent.NewOnline(rows, intent.Rates{})
	for j := range passes * len(rows) {
		if i := j * stride % len(rows); skip == 0 || i%skip != 0 {
			m.Learn(rows[i], y[i])
		}
	}
	return m
}

var learners = []learner{
	{"constant", func(_ [][]float64, y []bool) func([]float64) float64 {
		n := 0.0
		for _, v := range y {
			if v {
				n++
			}
		}
		base := intent.Logit(n / float64(len(y)))
		return func([]float64) float64 { return base }
	}},
	{"logistic", func(rows [][]float64, y []bool) func([]float64) float64 {
		// Several passes make it surer than it ought to be: by how much says a run that leaves a tenth out.
		var platt intent.Platt
		less := logistic(rows, y, heldOut)
		for i := 0; i < len(rows); i += heldOut {
			platt.Learn(less.Logit(rows[i]), y[i])
		}
		m := logistic(rows, y, 0)
		return func(row []float64) float64 { return platt.Logit(m.Logit(row)) }
	}},
	{"boosted", func(rows [][]float64, y []bool) func([]float64) float64 {
		return intent.Boost(rows, y, intent.Boosting{}).Logit
	}},
}

// Run backtests a table.
func Run(c Config) (*Result, error) {
	c = c.defaults()
	t, err := readTable(c.File, c.Label)
	if err != nil {
		return nil, err
	}
	r := &Result{Command: c.Command, Definitions: calibration.Definitions,
		Dataset: Dataset{File: c.File, Rows: len(t.rows), Features: t.names}}
	for _, y := range t.y {
		if y {
			r.Dataset.Positives++
		}
	}
	later := make([]bool, len(t.rows))
	for i, v := range t.text[c.TimeColumn] {
		if later[i] = slices.Contains(c.Later, v); later[i] {
			r.Dataset.Later++
		}
	}
	for _, drop := range [][]string{nil, c.Leaky} {
		part := t.without(drop)
		for _, l := range learners {
			r.add(part.outOfFold(l, c.Folds), drop, c)
		}
		r.add(part.progressive(), drop, c)
		if r.Dataset.Later > 0 {
			for _, l := range learners {
				r.add(part.without([]string{c.TimeColumn}).later(l, later), drop, c)
			}
		}
	}
	return r, nil
}

func (r *Result) add(s Score, without []string, c Config) {
	s.Without = strings.Join(without, ",")
	r.Results = append(r.Results, s)
	if c.Progress != nil {
		fmt.Fprintf(c.Progress, "%s %s %s: log loss %.4f\n", s.Model, s.Protocol, s.Without, s.LogLoss)
	}
}

// outOfFold learns each fold from the others. Folds are stratified: every class is dealt out in turn, in a shuffled order
// that is always the same.
func (t *table) outOfFold(l learner, folds int) Score {
	fold := t.folds(folds)
	logits := make([]float64, len(t.rows))
	var trained, asked time.Duration
	for k := range folds {
		var rows [][]float64
		var y []bool
		for i, row := range t.rows {
			if fold[i] != k {
				rows, y = append(rows, row), append(y, t.y[i])
			}
		}
		start := time.Now()
		m := l.learn(rows, y)
		trained += time.Since(start)
		start = time.Now()
		for i, row := range t.rows {
			if fold[i] == k {
				logits[i] = m(row)
			}
		}
		asked += time.Since(start)
	}
	return judge(l.name, "out-of-fold", logits, t.y, trained, asked)
}

func (t *table) folds(folds int) []int {
	order := make([]int, len(t.rows))
	for i := range order {
		order[i] = i
	}
	state := uint64(42)
	for i := len(order) - 1; i > 0; i-- { // Fisher-Yates by a linear congruential generator (Knuth's MMIX)
		state = state*6364136223846793005 + 1442695040888963407
		j := int((state >> 33) % uint64(i+1))
		order[i], order[j] = order[j], order[i]
	}
	fold := make([]int, len(t.rows))
	dealt := map[bool]int{}
	for _, i := range order {
		fold[i] = dealt[t.y[i]] % folds
		dealt[t.y[i]]++
	}
	return fold
}

// progressive forecasts every row before it learns from it, once, in the order of the file: what a stream does. Bins are
// those of the first tenth.
func (t *table) progressive() Score {
	start := time.Now()
	m := intent.NewOnline(t.rows[:len(t.rows)/10], intent.Rates{})
	var platt intent.Platt
	logits := make([]float64, len(t.rows))
	for i, row := range t.rows {
		raw := m.Learn(row, t.y[i])
		logits[i] = platt.Logit(raw)
		platt.Learn(raw, t.y[i])
	}
	took := time.Since(start)
	return judge("logistic online", "progressive", logits, t.y, took, took)
}

// later learns from the rows before and judges on the rows after.
func (t *table) later(l learner, later []bool) Score {
	var rows [][]float64
	var y, testY []bool
	for i, row := range t.rows {
		if !later[i] {
			rows, y = append(rows, row), append(y, t.y[i])
		}
	}
	start := time.Now()
	m := l.learn(rows, y)
	trained := time.Since(start)
	var logits []float64
	start = time.Now()
	for i, row := range t.rows {
		if later[i] {
			logits, testY = append(logits, m(row)), append(testY, t.y[i])
		}
	}
	return judge(l.name, "later", logits, testY, trained, time.Since(start))
}

func judge(name, protocol string, logits []float64, y []bool, trained, asked time.Duration) Score {
	var p calibration.Probabilities
	for i, l := range logits {
		p.Add(intent.Sigmoid(l), y[i])
	}
	return Score{Model: name, Protocol: protocol, N: len(y), AUC: p.AUC(), PRAUC: p.PRAUC(), Brier: p.Brier(),
		LogLoss: p.LogLoss(), LogLossInterval: calibration.Bootstrap(p.Losses()), ECE: p.ECE(10), Reliability: p.Reliability(10),
		TrainMS: trained.Seconds() * 1e3, QueryUS: asked.Seconds() * 1e6 / float64(len(y))}
}
