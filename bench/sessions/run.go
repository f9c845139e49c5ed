package sessions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"orrery/bench/metric"
	"orrery/recommend/session"
	"orrery/stream/files"
)

// Config is one backtest; its fields are the flags of `orrery backtest sessions`.
type Config struct {
	Train, Test string       // files
	Dialect     files.Config // how tables are written; told from them where empty
	Format      string       // sessions, pairs, tsv; empty tells it from the content
	Recipes     []string     // in addition to Baselines; default next
	K           int          // length of the lists; default 20
	Baseline    string       // recipe that the others are compared with; default knn
	Live        bool         // after the frozen run of a recipe that is no baseline, a live one: each test session is inserted after it has been predicted
	Shuffle     bool         // shuffle the labels among the test cases: a leak check, everything must fall to popularity
	Sample      int          // run every n-th case so that about this many remain; 0 is all
	Valid       float64      // hold out this last share of the training sessions as the test, ignore Test's cases: for tuning
	Learn       float64      // last share of the training sessions that the ranker learns from; default 0.8
	References  []string     // files of lists that others made for the test cases of a tsv set, to be compared with
	NoVectors   bool         // rank without the item embedding
	Every       int          // learn as production does, from one click in so many of the whole training, as it comes; 0 is all clicks of the last share
	Pipeline    bool         // and bring the training through the embedded broker and the engine; Every is then 4 unless set
	Command     string       // the command line, for the record
}

func (c *Config) index() session.Config { return session.Config{Blocks: 4 << 20} }

func (c Config) withDefaults() Config {
	if c.K == 0 {
		c.K = 20
	}
	if c.Baseline == "" {
		c.Baseline = "knn"
	}
	if c.Learn == 0 {
		c.Learn = 0.8
	}
	if c.Pipeline && c.Every == 0 {
		c.Every = 4
	}
	if len(c.Recipes) == 0 {
		c.Recipes = []string{"next"}
	}
	names := slices.Clone(Baselines)
	for _, name := range append(c.Recipes, c.Baseline) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	c.Recipes = names
	return c
}

// Result is what a backtest found, in the shape of its JSON.
type Result struct {
	Command     string            `json:"command"`
	Dataset     Dataset           `json:"dataset"`
	Baseline    string            `json:"baseline"`
	Definitions map[string]string `json:"definitions"`
	Results     []Figures         `json:"results"`
	References  []Comparison      `json:"references,omitempty"`
	PeakBytes   uint64            `json:"peak_bytes"` // memory obtained from the system
}

// Dataset counts what was read.
type Dataset struct {
	Name          string `json:"name"`
	Columns       string `json:"columns,omitempty"` // what was taken from which, of a table
	TrainSessions int    `json:"train_sessions"`
	TrainClicks   int    `json:"train_clicks"`
	TestCases     int    `json:"test_cases"`
	TestSessions  int    `json:"test_sessions"`
	Items         int    `json:"items"`
}

// Figures are those of one recipe; its JSON is MarshalJSON's, with "hr@20" and so on.
type Figures struct {
	Recipe     string            `json:"recipe"`
	N          int               `json:"n"`
	K          int               `json:"k"`
	HR         float64           `json:"hr"`
	MRR        float64           `json:"mrr"`
	NDCG       float64           `json:"ndcg"`
	Coverage   float64           `json:"coverage"`
	Popularity float64           `json:"popularity"`
	HR95       metric.Interval   `json:"hr_95"`
	MRR95      metric.Interval   `json:"mrr_95"`
	DeltaHR    metric.Difference `json:"delta_hr"`
	DeltaMRR   metric.Difference `json:"delta_mrr"`
	Query      Times             `json:"query_us"`
	Train      float64           `json:"train_s"`
	Bytes      uint64            `json:"bytes,omitempty"`

	ranks metric.Ranks
	lists map[int][]uint32 // by case, where there are references
}

// Times are quantiles in microseconds, of one thread, wall clock.
type Times struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
}

// Run runs a backtest and reports progress to log.
func Run(ctx context.Context, c Config, log io.Writer) (*Result, error) {
	c = c.withDefaults()
	set, err := load(c.Train, c.Test, c.Format, c.Dialect)
	if err != nil {
		return nil, err
	}
	return RunSet(ctx, c, set, log)
}

// RunSet runs a backtest on a set that has been loaded.
func RunSet(ctx context.Context, c Config, set *Set, log io.Writer) (*Result, error) {
	c = c.withDefaults()
	for _, name := range c.Recipes {
		if !slices.Contains(Recipes, name) {
			return nil, fmt.Errorf("cannot run recipe %q: it is none of %v", name, Recipes)
		}
	}
	if c.K < 1 || c.K > 100 {
		return nil, fmt.Errorf("cannot run lists of %d items: 1 to 100 are possible", c.K)
	}
	set = c.cut(set)
	res := &Result{Command: c.Command, Baseline: c.Baseline, Definitions: metric.Definitions, Dataset: set.dataset()}
	groups := make([]uint32, len(set.Test))
	for i, t := range set.Test {
		groups[i] = t.Session
	}
	var references []*reference
	for _, path := range c.References {
		r, err := readReference(path, set)
		if err != nil {
			return nil, err
		}
		references = append(references, r)
	}
	for _, name := range c.Recipes {
		figures, err := c.runRecipe(ctx, name, set)
		if err != nil {
			return nil, err
		}
		for _, f := range figures {
			res.Results = append(res.Results, *f)
			for _, r := range references {
				res.References = append(res.References, r.compare(f.Recipe, set, f.lists, c.K))
			}
			fmt.Fprintf(log, "%-12s %-10s hr@%d %.4f mrr %.4f p90 %.0f us\n", set.Name, f.Recipe, c.K, f.HR, f.MRR, f.Query.P90)
		}
	}
	res.compare(metric.NewBootstrap(groups))
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	res.PeakBytes = m.Sys
	return res, nil
}

// compare fills in the intervals.
func (r *Result) compare(b *metric.Bootstrap) {
	at := slices.IndexFunc(r.Results, func(f Figures) bool { return f.Recipe == r.Baseline })
	base := r.Results[at].ranks
	for i := range r.Results {
		f := &r.Results[i]
		f.HR95, f.MRR95 = b.HR(f.ranks), b.MRR(f.ranks)
		f.DeltaHR, f.DeltaMRR = b.Against(f.ranks, base)
	}
}

func (s *Set) dataset() Dataset {
	d := Dataset{Name: s.Name, Columns: s.Columns, TrainSessions: len(s.Train), TestCases: len(s.Test), Items: s.Items}
	for _, t := range s.Train {
		d.TrainClicks += len(t)
	}
	last := uint32(1<<32 - 1)
	for _, t := range s.Test {
		if t.Session != last {
			d.TestSessions++
			last = t.Session
		}
	}
	return d
}

// cut makes the set that is run: the validation part of the training, a sample, shuffled labels.
func (c *Config) cut(set *Set) *Set {
	s := *set
	if c.Valid > 0 {
		from := int(float64(len(s.Train)) * (1 - c.Valid))
		s.Test = nil
		for i, t := range s.Train[from:] {
			for n := len(t) - 1; n > 0; n-- {
				s.Test = append(s.Test, Case{uint32(i), t[:n:n], t[n]})
			}
		}
		s.Train = s.Train[:from]
	}
	if c.Sample > 0 && c.Sample < len(s.Test) {
		test := make([]Case, c.Sample)
		for i := range test {
			test[i] = s.Test[i*len(s.Test)/c.Sample]
		}
		s.Test = test
	}
	if c.Shuffle {
		s.Test = slices.Clone(s.Test)
		random := rand.New(rand.NewPCG(3, 4))
		random.Shuffle(len(s.Test), func(i, j int) { s.Test[i].Next, s.Test[j].Next = s.Test[j].Next, s.Test[i].Next })
	}
	return &s
}

func (c *Config) runRecipe(ctx context.Context, name string, set *Set) (_ []*Figures, err error) {
	h := &history{}
	r, err := newRecipe(ctx, name, h, c)
	if err != nil {
		return nil, err
	}
	if s, ok := r.(*streamed); ok {
		defer func() { err = errors.Join(err, s.close()) }()
	}
	_, counts := r.(*counted)
	from := int(float64(len(set.Train)) * (1 - c.Learn))
	began := time.Now()
	for i, t := range set.Train {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if counts {
			h.add(t)
		}
		r.learn(t, i >= from)
	}
	r.ready()
	f := &Figures{Recipe: name, N: len(set.Test), K: c.K, Train: time.Since(began).Seconds()}
	if err := c.predict(ctx, r, set, f, false); err != nil {
		return nil, err
	}
	if !c.Live || slices.Contains(Baselines, name) {
		return []*Figures{f}, nil
	}
	live := &Figures{Recipe: name + " live", N: f.N, K: f.K, Train: f.Train}
	return []*Figures{f, live}, c.predict(ctx, r, set, live, true)
}

// predict runs the test cases; live inserts each session after its last one.
func (c *Config) predict(ctx context.Context, r recipe, set *Set, f *Figures, live bool) error {
	tally := newTally(set)
	var list []uint32
	for i, t := range set.Test {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		began := time.Now()
		list = r.recommend(list[:0], t.Clicks, c.K)
		tally.add(list, t.Next, time.Since(began))
		if len(c.References) > 0 {
			tally.lists[i] = slices.Clone(list)
		}
		if live && (i+1 == len(set.Test) || set.Test[i+1].Session != t.Session) {
			r.insert(set.session(i))
		}
	}
	tally.into(f)
	f.Bytes = r.bytes()
	return nil
}

// session returns the whole session of the group of cases that ends with case i.
func (s *Set) session(i int) []uint32 {
	longest := s.Test[i]
	for k := i - 1; k >= 0 && s.Test[k].Session == longest.Session; k-- {
		if len(s.Test[k].Clicks) > len(longest.Clicks) {
			longest = s.Test[k]
		}
	}
	return append(slices.Clone(longest.Clicks), longest.Next)
}
