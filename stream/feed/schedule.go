package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
)

// Source is a feed that is fetched on a schedule. It is a full one.
type Source struct {
	Shop     string
	URL      string
	Every    time.Duration
	Currency string
}

// Schedule fetches feeds when they are due, on the one instance that speaks for the log.
type Schedule struct {
	Sources []Source
	Taker   *Taker
	Fetcher *Fetcher
	// Speaks tells whether this instance may fetch now.
	Speaks func() bool
	// Dir keeps what servers said of the feeds fetched last, across restarts.
	Dir string
	Log *slog.Logger

	mu    sync.Mutex
	state []Outcome
}

// Outcome is what became of a feed's newest fetch.
type Outcome struct {
	Shop   string    `json:"shop,omitempty"`
	URL    string    `json:"url"`
	At     time.Time `json:"at"`             // zero before the first
	Same   bool      `json:"same,omitempty"` // its server said that nothing has changed
	Error  string    `json:"error,omitempty"`
	Report *Report   `json:"report,omitempty"` // the newest that was taken
}

// Outcomes returns what became of each feed.
func (s *Schedule) Outcomes() []Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Outcome(nil), s.state...)
}

const (
	// lookEvery is how often feeds are looked at that are due.
	lookEvery = time.Second
	// retryAfter is how soon a feed is fetched again that could not be, unless it is due before.
	retryAfter = time.Minute
)

// Run fetches until ctx ends.
func (s *Schedule) Run(ctx context.Context) {
	due := make([]time.Time, len(s.Sources))
	s.mu.Lock()
	s.state = make([]Outcome, len(s.Sources))
	for i, src := range s.Sources {
		s.state[i] = Outcome{Shop: src.Shop, URL: src.URL}
	}
	s.mu.Unlock()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		for i := range s.Sources {
			if now := time.Now(); !now.Before(due[i]) && s.Speaks() && ctx.Err() == nil {
				if err := s.fetch(ctx, i); err != nil {
					s.Log.Warn("cannot take a feed", "shop", s.Sources[i].Shop, "url", withoutQuery(s.Sources[i].URL), "error", err)
					due[i] = now.Add(min(retryAfter, s.Sources[i].Every))
				} else {
					due[i] = now.Add(s.Sources[i].Every)
				}
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// fetch brings one feed in. What its server said is remembered when it has been taken: one that was refused is asked for again.
func (s *Schedule) fetch(ctx context.Context, i int) (err error) {
	src, at := s.Sources[i], time.Now()
	var report *Report
	same := false
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		o := &s.state[i]
		o.At, o.Same, o.Error = at, same, ""
		if err != nil {
			o.Error = err.Error()
		}
		if report != nil {
			o.Report = report
		}
	}()
	body, now, err := s.Fetcher.Fetch(ctx, src.URL, s.recall(src))
	if err != nil {
		return err
	}
	if body == nil {
		same = true
		return nil
	}
	defer body.Close() // read only
	r, err := s.Taker.Take(ctx, body, Request{Shop: src.Shop, Mode: Full, Currency: src.Currency, At: models.TimeOf(at), Base: src.URL})
	if err != nil {
		return err
	}
	report = &r
	s.Log.Info("took a feed", "shop", src.Shop, "url", withoutQuery(src.URL), "products", r.Products, "added", r.Added, "changed", r.Changed, "retired", r.Retired, "mend", r.Mend)
	return s.keep(src, now)
}

// path is where what is known of a source lies.
func (s *Schedule) path(src Source) string {
	return filepath.Join(s.Dir, fmt.Sprintf("fetched-%016x.json", xxhash.Sum64String(src.Shop+"\x00"+src.URL)))
}

// recall returns what a source's server said last, nothing where the catalogue has taken no feed: it may be another one. What cannot
// be read is not known: then the feed is fetched whole.
func (s *Schedule) recall(src Source) (f Fetched) {
	if _, taken := s.Taker.cfg.Known.FullFeed([]byte(src.Shop)); !taken {
		return f
	}
	b, err := os.ReadFile(s.path(src))
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.Log.Warn("cannot read what is known of a feed", "error", err)
	}
	return f
}

func (s *Schedule) keep(src Source, f Fetched) error {
	b, err := json.Marshal(f)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(s.path(src), b, 0o600)
}
