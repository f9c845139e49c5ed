package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"orrery/bench/chances"
	"orrery/bench/contacts"
	"orrery/bench/intent"
	"orrery/bench/sessions"
	"orrery/stream/files"
)

type backtestCmd struct {
	Sessions backtestSessionsCmd `cmd:"" help:"Next-item recommendation on session files: full ranking, no sampling."`
	Baskets  backtestBasketsCmd  `cmd:"" help:"Missing items of baskets, next baskets and next items of customers: full ranking, no sampling."`
	Similar  backtestSimilarCmd  `cmd:"" help:"A page of products and their neighbours by content, for a person to judge."`
	Contacts backtestContactsCmd `cmd:"" help:"Repeat purchases, churn and value on a purchase log."`
	Table    backtestTableCmd    `cmd:"" help:"All backtests on the public data sets: the tables of the README."`
	Intent   backtestIntentCmd   `cmd:"" help:"Purchase intent on a table of sessions with a label."`

	Chances   backtestChancesCmd   `cmd:"" help:"Opportunities that are taken or not (BG/BB): yearly appeals, weekly mails."`
	Behaviour backtestBehaviourCmd `cmd:"" help:"The engine's own forecasts from behaviour, each made before its outcome was known: session, product, 7 and 28 days, next category."`
}

// commandLine is what was typed, for the record of a result.
func commandLine() string { return "orrery " + strings.Join(os.Args[1:], " ") }

type backtestSessionsCmd struct {
	Train   string   `name:"train" required:"" help:"Training sessions."`
	Test    string   `name:"test" required:"" help:"Test cases."`
	Format  string   `name:"format" help:"sessions (a session a line; prefix TAB next item) or tsv (SessionId ItemId Time); by default told from the content."`
	Recipes []string `name:"recipe" help:"Recipes in addition to the baselines, which are always run; next by default."`
	K       int      `name:"k" default:"20" help:"Length of the lists."`
	Against string   `name:"baseline" default:"knn" help:"Recipe that the others are compared with by a paired bootstrap."`
	Live    bool     `name:"live" help:"Insert each test session after it was predicted, as in production. The default is the papers' protocol: learn on train, then stop."`
	Shuffle bool     `name:"shuffle" help:"Shuffle the labels among the test cases: a leak check, everything must fall to popularity."`
	Sample  int      `name:"sample" help:"Run about so many cases only."`
	Valid   float64  `name:"valid" help:"Hold out this last share of the training sessions as the test: for tuning."`
	Every   int      `name:"every" placeholder:"N" help:"Let the ranker learn as it does in production, from one click in N of the whole training as it comes. The default is every click of the last 80 % of the sessions."`
	Piped   bool     `name:"pipeline" help:"Bring the training through the embedded broker and the engine. The figures equal those of --every alone; N is 4 unless given."`
	Lists   []string `name:"reference" type:"existingfile" placeholder:"FILE" help:"Lists that another implementation made for the test cases of a tsv set, to be compared with."`
	Plot    string   `name:"plot" placeholder:"FILE" help:"Write a chart, .png or .svg."`
	Quiet   bool     `name:"quiet" help:"No progress."`

	Separator string `name:"separator" help:"Between columns of tables: , ; | or tab; by default told from them, as is the encoding."`
	Encoding  string `name:"encoding" help:"Of tables, as in replay."`
	TimeZone  string `name:"time-zone" help:"Of times without one."`
}

// Run backtests next-item recommendation.
func (c *backtestSessionsCmd) Run(ctx context.Context, all *cli) error {
	log := io.Writer(os.Stderr)
	if c.Quiet {
		log = io.Discard
	}
	var dialect files.Config
	if err := (&dialectFlags{Separator: c.Separator, Encoding: c.Encoding, TimeZone: c.TimeZone}).fill(&dialect); err != nil {
		return err
	}
	r, err := sessions.Run(ctx, sessions.Config{Dialect: dialect,
		Train: c.Train, Test: c.Test, Format: c.Format, Recipes: c.Recipes, K: c.K, Baseline: c.Against,
		Live: c.Live, Shuffle: c.Shuffle, Sample: c.Sample, Valid: c.Valid, Every: c.Every, Pipeline: c.Piped, References: c.Lists, Command: commandLine(),
	}, log)
	if err != nil {
		return err
	}
	if c.Plot != "" {
		if err := r.Plot(c.Plot); err != nil {
			return err
		}
	}
	if all.JSON {
		return r.JSON(os.Stdout)
	}
	return r.Text(os.Stdout)
}

type backtestContactsCmd struct {
	File        string `name:"file" required:"" help:"Purchase log: CSV in any dialect, xlsx, JSON lines, or the classic CDNOW layout; plain or packed."`
	Calibration string `name:"calibration-end" required:"" placeholder:"DATE" help:"Last day that the models learn from, 2006-01-02."`
	Holdout     string `name:"holdout-end" required:"" placeholder:"DATE" help:"Last day that forecasts are compared with."`
	ID          string `name:"id" help:"Column of the customer, by name or number; by default told from the header."`
	Time        string `name:"time" help:"Column of the time."`
	Value       string `name:"value" help:"Column of the amount, or a product of two: Quantity*UnitPrice."`
	dialectFlags
	Unit  float64 `name:"unit" default:"7" help:"Days per unit of time in the models."`
	Quiet bool    `name:"quiet" help:"No progress."`
}

// Run backtests customer forecasts.
func (c *backtestContactsCmd) Run(all *cli) error {
	r, err := c.result()
	if err != nil {
		return err
	}
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	return r.WriteText(os.Stdout)
}

func (c *backtestContactsCmd) result() (*contacts.Result, error) {
	calibration, err := time.Parse(time.DateOnly, c.Calibration)
	if err != nil {
		return nil, fmt.Errorf("calibration-end: %w", err)
	}
	holdout, err := time.Parse(time.DateOnly, c.Holdout)
	if err != nil {
		return nil, fmt.Errorf("holdout-end: %w", err)
	}
	cfg := contacts.Config{
		File: c.File, CalibrationEnd: calibration, HoldoutEnd: holdout, ID: c.ID, Time: c.Time, Value: c.Value,
		Unit: c.Unit, Command: commandLine(),
	}
	if err := c.fill(&cfg.Dialect); err != nil {
		return nil, err
	}
	if !c.Quiet {
		cfg.Progress = os.Stderr
	}
	return contacts.Run(cfg)
}

type backtestChancesCmd struct {
	File string `name:"file" required:"" help:"CSV with a header, a history a line: opportunities taken, number of the last one taken (0: none), opportunities, customers with this history, and, if known, how many of the next ones these took together."`
	Next int    `name:"next" default:"5" help:"Next opportunities."`
}

// Run backtests opportunities.
func (c *backtestChancesCmd) Run(all *cli) error {
	r, err := chances.Run(chances.Config{File: c.File, Next: c.Next, Command: commandLine()})
	if err != nil {
		return err
	}
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	return r.WriteText(os.Stdout)
}

type backtestBehaviourCmd struct {
	Preset  string   `name:"preset" help:"What the files are, as in replay."`
	Days    int      `name:"days" default:"150" help:"Days of the simulated shop, where no file is named."`
	Rate    float64  `name:"rate" default:"0.03" help:"Events a second of the simulated shop."`
	Persons int      `name:"persons" default:"15000" help:"Persons whom the simulated shop remembers."`
	Seed    uint64   `name:"seed" default:"3" help:"Seed of the simulated shop."`
	Map     []string `name:"map" sep:"none" placeholder:"FIELD=COLUMN" help:"Column of an event's field, as in replay."`
	Group   []string `name:"group" help:"Columns whose rows are one event, as in replay."`
	Join    []string `name:"join" sep:"none" placeholder:"FILE:COLUMN=COLUMN" help:"Another file's rows, as in replay."`
	dialectFlags
	Files []string `arg:"" optional:"" help:"Files to replay; the simulated shop without."`
}

// Run backtests forecasts from behaviour.
func (c *backtestBehaviourCmd) Run(ctx context.Context, all *cli) error {
	replay := files.Config{Files: c.Files, Preset: c.Preset, Map: c.Map, Group: c.Group, Join: c.Join}
	if err := c.fill(&replay); err != nil {
		return err
	}
	r, err := intent.Behaviour(ctx, intent.BehaviourConfig{
		Replay: replay, Days: c.Days, Rate: c.Rate, Persons: c.Persons, Seed: c.Seed, Command: commandLine(),
	})
	if err != nil {
		return err
	}
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	return r.WriteText(os.Stdout)
}

type backtestIntentCmd struct {
	File  string   `name:"file" required:"" help:"CSV, a session a row."`
	Label string   `name:"label" default:"Revenue" help:"Column of the outcome: TRUE or 1 is a purchase."`
	Leaky []string `name:"leaky" default:"PageValues" help:"Columns that partly tell the outcome: everything is reported with and without them."`
	Folds int      `name:"folds" default:"10" help:"Folds of the out-of-fold protocol."`
	Quiet bool     `name:"quiet" help:"No progress."`
}

// Run backtests purchase intent.
func (c *backtestIntentCmd) Run(all *cli) error {
	cfg := intent.Config{File: c.File, Label: c.Label, Leaky: c.Leaky, Folds: c.Folds, Command: commandLine()}
	if !c.Quiet {
		cfg.Progress = os.Stderr
	}
	r, err := intent.Run(cfg)
	if err != nil {
		return err
	}
	if all.JSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	return r.WriteText(os.Stdout)
}
