package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"orrery/bench/baskets"
	"orrery/bench/intent"
	"orrery/bench/sessions"
)

// backtestTableCmd runs every backtest on the public data sets and prints the tables of the README.
type backtestTableCmd struct {
	Data string   `name:"data" required:"" type:"existingdir" help:"Folder of the public data sets."`
	Only []string `name:"only" help:"Only these sets, such as diginetica or cdnow."`
	Out  string   `name:"out" type:"path" placeholder:"DIR" help:"Also write each result there, as text, JSON and PNG."`
}

// sessionSet is a public session data set, and the best published figures on its files as recalled from the papers.
type sessionSet struct {
	name, train, test string
	live              bool // the test is in the order of time, so that inserting each session after its prediction is fair
	published         string
	references        []string // lists of other implementations for the test cases
}

var sessionSets = []sessionSet{
	{"diginetica", "sessions_diginetica/train_sessions.txt.gz", "sessions_diginetica/test_pairs.tsv.gz", true, "GCE-GNN 54.2 / 19.0", nil},
	{"yoochoose1_64", "sessions_yoochoose1_64/train_sessions.txt.gz", "sessions_yoochoose1_64/test_pairs.tsv.gz", false, "SLIST 70.9 / 30.8", nil},
	{"retailrocket", "sessions_retailrocket/train_sessions.txt.gz", "sessions_retailrocket/test_pairs.tsv.gz", true, "-", nil},
	{"nowplaying", "sessions_nowplaying/train_sessions.txt.gz", "sessions_nowplaying/test_pairs.tsv.gz", false, "S2-DHCN 23.5 / 8.2", nil},
	{"tmall", "sessions_tmall/train_sessions.txt.gz", "sessions_tmall/test_pairs.tsv.gz", false, "COTREC 36.4 / 18.0", nil},
	{"rsc15_100k", "sessions_rsc15_100k/yoochoose-clicks-100k_train_full.tsv.gz", "sessions_rsc15_100k/yoochoose-clicks-100k_test.tsv.gz", false, "-",
		[]string{"sessions_rsc15_100k/reference_recommendations_vsknn.csv.gz"}},
}

// Run runs the backtests and prints each as it ends, and the summary at the end.
func (c *backtestTableCmd) Run(ctx context.Context) error {
	rows, err := c.sessionTable(ctx)
	if err != nil {
		return err
	}
	if err := c.baskets(ctx); err != nil {
		return err
	}
	if err := c.customers(); err != nil {
		return err
	}
	if len(rows) == 0 {
		return nil
	}
	fmt.Println("\nnext item, P@20 / MRR@20 in %, full ranking; published: best on these files as recalled from the papers")
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "set\tpopularity\tsequential rules\tsession kNN\tnext\tnext, live\tpublished\tp90 us\tminutes")
	for _, r := range rows {
		fmt.Fprintln(w, r)
	}
	return w.Flush()
}

func (c *backtestTableCmd) wanted(name string) bool {
	for _, o := range c.Only {
		if o == name {
			return true
		}
	}
	return len(c.Only) == 0
}

// job is a backtest that writes its result to w.
type job func(ctx context.Context, w io.Writer) error

// each runs jobs, one a core at a time, and prints the result of each as soon as those before it are printed.
func each(ctx context.Context, jobs []job) error {
	type outcome struct {
		text bytes.Buffer
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cores := make(chan struct{}, runtime.GOMAXPROCS(0))
	running := make([]chan *outcome, len(jobs))
	for i := range running {
		running[i] = make(chan *outcome, 1)
	}
	go func() {
		for i, run := range jobs {
			cores <- struct{}{}
			go func() {
				o := new(outcome)
				o.err = run(ctx, &o.text)
				<-cores
				running[i] <- o
			}()
		}
	}()
	for _, done := range running {
		o := <-done
		if o.err != nil {
			return o.err
		}
		os.Stdout.Write(o.text.Bytes())
	}
	return nil
}

// sessionTable runs the session sets and returns the lines of the summary.
func (c *backtestTableCmd) sessionTable(ctx context.Context) ([]string, error) {
	var jobs []job
	rows := make([]string, len(sessionSets))
	for i, s := range sessionSets {
		if c.wanted(s.name) {
			jobs = append(jobs, func(ctx context.Context, w io.Writer) (err error) {
				rows[i], err = c.sessions(ctx, s, w)
				return err
			})
		}
	}
	err := each(ctx, jobs)
	return slices.DeleteFunc(rows, func(row string) bool { return row == "" }), err
}

// sessions runs one set, writes its result to w, and returns its line of the summary.
func (c *backtestTableCmd) sessions(ctx context.Context, s sessionSet, w io.Writer) (string, error) {
	began := time.Now()
	cfg := sessions.Config{
		Train: filepath.Join(c.Data, s.train), Test: filepath.Join(c.Data, s.test), Live: s.live, Command: commandLine(),
	}
	for _, name := range s.references {
		cfg.References = append(cfg.References, filepath.Join(c.Data, name))
	}
	r, err := sessions.Run(ctx, cfg, os.Stderr)
	if err != nil {
		return "", err
	}
	fmt.Fprintf(w, "\n== %s\n", s.name)
	if err := errors.Join(r.Text(w), c.keep(s.name+".json", r.JSON), c.plot(s.name+".png", r.Plot)); err != nil {
		return "", err
	}
	cell := map[string]string{}
	p90 := 0.0
	for _, f := range r.Results {
		cell[f.Recipe] = fmt.Sprintf("%.1f / %.1f", 100*f.HR, 100*f.MRR)
		if f.Recipe == "next" {
			p90 = f.Query.P90
		}
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.0f\t%.1f", s.name, cell["popularity"], cell["rules"], cell["knn"], cell["next"],
		cmp.Or(cell["next live"], "-"), s.published, p90, time.Since(began).Minutes()), nil
}

// basketSets are the public data sets of baskets and of customers' sequences.
var basketSets = []struct{ name, file, split string }{
	{"groceries", "groceries/groceries.csv.gz", ""},
	{"online-retail-carts", "online_retail/online_retail.csv.gz", "2011-10-01"},
	{"tafeng", "tafeng_baskets/tafeng_baskets.jsonl.gz", ""},
	{"beauty", "amazon_5core_sequences/Beauty.txt.gz", ""},
	{"toys", "amazon_5core_sequences/Toys_and_Games.txt.gz", ""},
	{"sports", "amazon_5core_sequences/Sports_and_Outdoors.txt.gz", ""},
}

// baskets runs the backtests of the recipes over carts and customers' histories.
func (c *backtestTableCmd) baskets(ctx context.Context) error {
	var jobs []job
	for _, s := range basketSets {
		if !c.wanted(s.name) {
			continue
		}
		cfg := baskets.Config{File: filepath.Join(c.Data, s.file), Command: commandLine()}
		if s.split != "" {
			var err error
			if cfg.Split, err = time.Parse(time.DateOnly, s.split); err != nil {
				return err
			}
		}
		jobs = append(jobs, func(ctx context.Context, w io.Writer) error {
			r, err := baskets.Run(ctx, cfg, os.Stderr)
			if err != nil {
				return err
			}
			return errors.Join(c.show(w, s.name, r.Text), c.keep(s.name+".json", r.JSON), c.plot(s.name+".png", r.Plot))
		})
	}
	return each(ctx, jobs)
}

// contactSet is a public purchase log, cut as the literature cuts it.
type contactSet struct {
	name, file, id, time, value, calibration, holdout string
}

var contactSets = []contactSet{
	{"cdnow", "clv/CDNOW_sample.txt", "2", "3", "5", "1997-09-30", "1998-06-30"},
	{"online-retail", "online_retail/online_retail.csv.gz", "CustomerID", "InvoiceDate", "Quantity*UnitPrice", "2011-08-31", "2011-12-09"},
}

// customers runs the backtests of the customer models.
func (c *backtestTableCmd) customers() error {
	for _, s := range contactSets {
		if !c.wanted(s.name) {
			continue
		}
		cmd := backtestContactsCmd{
			File: filepath.Join(c.Data, s.file), ID: s.id, Time: s.time, Value: s.value, Calibration: s.calibration, Holdout: s.holdout, Unit: 7,
		}
		r, err := cmd.result()
		if err != nil {
			return err
		}
		if err := c.show(os.Stdout, s.name, r.WriteText); err != nil {
			return err
		}
	}
	if !c.wanted("intent") {
		return nil
	}
	r, err := intent.Run(intent.Config{File: filepath.Join(c.Data, "intent/online_shoppers_intention.csv"), Command: commandLine()})
	if err != nil {
		return err
	}
	return c.show(os.Stdout, "intent", r.WriteText)
}

// show writes a result to w under its name, and keeps it.
func (c *backtestTableCmd) show(w io.Writer, name string, write func(io.Writer) error) error {
	fmt.Fprintf(w, "\n== %s\n", name)
	return errors.Join(write(w), c.keep(name+".txt", write))
}

// keep writes a result into the output folder, if one is asked for.
func (c *backtestTableCmd) keep(name string, write func(io.Writer) error) error {
	if c.Out == "" {
		return nil
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(c.Out, name))
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

func (c *backtestTableCmd) plot(name string, plot func(string) error) error {
	if c.Out == "" {
		return nil
	}
	return plot(filepath.Join(c.Out, name))
}
