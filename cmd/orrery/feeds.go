package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"orrery/models"
	"orrery/serve"
	"orrery/stream/feed"
)

// feedFlags say which product feeds are fetched.
type feedFlags struct {
	URL      string        `name:"feed.url" placeholder:"URL" help:"Address of the shop's product feed, which is fetched every feed.every: a full one, what it does not name is taken out of the catalogue. One instance fetches. Formats: orrery catalogue --help."`
	Every    time.Duration `name:"feed.every" default:"1h" help:"How often the feed is fetched; a feed that has not changed costs one request."`
	Currency string        `name:"feed.currency" placeholder:"EUR" help:"Of prices in the feed that name none."`
	File     string        `name:"feeds.file" placeholder:"FILE" help:"TOML file of feeds, for several shops, mode 0600: tables [[feed]] with shop, url, every (as \"30m\") and currency. env:NAME reads that environment variable instead."`
	Private  bool          `name:"feeds.private" help:"Feeds may lie at private addresses and at this machine's own."`
}

// feedFile is what --feeds.file names.
type feedFile struct {
	Feeds []struct {
		Shop     string `toml:"shop"`
		URL      string `toml:"url"`
		Every    string `toml:"every"`
		Currency string `toml:"currency"`
	} `toml:"feed"`
}

// leastEvery is how often a feed may be fetched at most.
const leastEvery = time.Minute

// sources returns the feeds that are fetched: that of the flags for the shop that the keys are of, then those of the file.
func (f *feedFlags) sources(shop string) ([]feed.Source, error) {
	if shop == "" {
		shop = models.DefaultShop
	}
	var all []feed.Source
	var errs []error
	add := func(from string, s feed.Source) {
		switch {
		case feed.CheckURL(s.URL) != nil:
			errs = append(errs, fmt.Errorf("%s: %w", from, feed.CheckURL(s.URL)))
		case s.Every < leastEvery:
			errs = append(errs, fmt.Errorf("%s: every must be %s at least", from, leastEvery))
		case s.Currency != "" && !models.KnownCurrency([]byte(s.Currency)):
			errs = append(errs, fmt.Errorf("%s: currency %q is no code of ISO 4217", from, s.Currency))
		case slices.ContainsFunc(all, func(o feed.Source) bool { return o.Shop == s.Shop }):
			errs = append(errs, fmt.Errorf("%s: the shop %q has two feeds: each would take out the products of the other. Join them, or send one by PUT /v1/catalogue", from, s.Shop))
		}
		all = append(all, s)
	}
	if f.URL != "" {
		add("feed.url", feed.Source{Shop: shop, URL: f.URL, Every: f.Every, Currency: f.Currency})
	}
	if f.File == "" {
		return all, errors.Join(errs...)
	}
	text, err := keyText(f.File)
	if err != nil {
		return nil, errors.Join(append(errs, fmt.Errorf("feeds.file: %w", err))...)
	}
	var file feedFile
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, errors.Join(append(errs, fmt.Errorf("feeds.file: cannot read %s: %s", f.File, withoutText(err)))...)
	}
	for i, s := range file.Feeds {
		from, every := fmt.Sprintf("feeds.file: feed %d", i+1), f.Every
		if s.Every != "" {
			if every, err = time.ParseDuration(s.Every); err != nil {
				errs = append(errs, fmt.Errorf("%s: every: %w", from, err))
				continue
			}
		}
		if s.Shop == "" {
			s.Shop = shop
		}
		add(from, feed.Source{Shop: s.Shop, URL: strings.TrimSpace(s.URL), Every: every, Currency: s.Currency})
	}
	return all, errors.Join(errs...)
}

// feeds is the way of product feeds into the log, for the server.
type feeds struct{ *feed.Taker }

// TakeFeed implements serve.Feeds.
func (f feeds) TakeFeed(ctx context.Context, q serve.FeedRequest, body io.Reader) (any, error) {
	report, err := f.Take(ctx, body, feed.Request{Shop: q.Shop, Mode: q.Mode, Force: q.Force, Currency: q.Currency})
	if errors.Is(err, feed.ErrBusy) {
		return nil, serve.ErrFeedBusy
	}
	return report, err
}

// Refused implements serve.Feeds.
func (f feeds) Refused(shop string) uint64 {
	if n := f.Newest(shop); n != nil {
		return uint64(n.Report.Bad)
	}
	return 0
}

// FeedProblems implements serve.Feeds.
func (f feeds) FeedProblems(shop, product string) (problems []serve.FeedProblem, at models.Time) {
	n := f.Newest(shop)
	if n == nil {
		return nil, 0
	}
	for _, p := range n.Of(product) {
		problems = append(problems, serve.FeedProblem{Line: p.Line, Field: p.Field, Reason: p.Reason, Refused: p.Fatal})
	}
	return problems, n.At
}

func (n *node) feedDir() string { return filepath.Join(n.flags.DataDir, "feeds") }

// newFeeds returns the way of feeds into the log. What an earlier process has left of a feed is removed.
func (n *node) newFeeds(log feed.Log) (feeds, error) {
	left, err := filepath.Glob(filepath.Join(n.feedDir(), "feed-*"))
	if err != nil {
		return feeds{}, err
	}
	for _, name := range left {
		if err := os.Remove(name); err != nil {
			return feeds{}, err
		}
	}
	n.feeds = feeds{feed.NewTaker(feed.Config{Dir: n.feedDir(), Known: n.engine, Log: log})}
	return n.feeds, nil
}

// startFeeds begins to fetch feeds, as soon as the log has been read and this instance speaks for it.
func (n *node) startFeeds() error {
	sources, err := n.flags.Feeds.sources(n.flags.Shop)
	if err != nil || len(sources) == 0 {
		return err
	}
	s := &feed.Schedule{
		Sources: sources, Taker: n.feeds.Taker, Dir: n.feedDir(), Log: n.log,
		Fetcher: feed.NewFetcher(feed.FetchConfig{Private: n.flags.Feeds.Private, Agent: "orrery/" + version}),
		Speaks:  func() bool { return n.pipeline.CaughtUp() && n.pipeline.Speaks() },
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	n.stopsWith("feeds", func(context.Context) error { cancel(); <-done; return nil })
	return nil
}
