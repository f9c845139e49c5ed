//go:build integration

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// kills is how often the process dies.
const kills = 20

// The process, its broker and all, is killed at twenty random moments while a replay runs and events arrive over HTTP.
// At the end everything equals a run without a kill: nothing that was acknowledged is missing, and nothing counts twice.
func TestKilled(t *testing.T) {
	truth := countGA4(t)
	file := unpack(t, dataFile(t, ga4File))
	i := newInstance(t, append(exact, "--snapshot.every", "500ms")...)
	i.start()

	feed := newPortions(file, kills)
	replay := launch(t, i.dir, "replay", feed, append(i.replayArgs("ga4"), "-")...)
	shoppers := newShoppers(i.http, truth.top)
	shoppers.run(func() bool { return feed.kill.Load() == kills })
	killAtRandom(t, i, replay, feed, shoppers)
	if code := replay.wait(t); code != 0 {
		t.Fatalf("replay ended with %d:\n%s", code, tail(replay.file("log"), 25))
	}
	shoppers.wait(t)
	i.settle()
	i.checkOrder(t)
	killed := i.account(truth.top)
	t.Logf("taken: %d events, %d of them over HTTP in %d requests after %d failed attempts; %d duplicates left out",
		killed.Total, shoppers.events(), shoppers.batches(), shoppers.again.Load(), killed.Duplicates)
	if want := len(truth.history) + shoppers.events(); killed.Total != want {
		t.Errorf("%d events, acknowledged were %d", killed.Total, want)
	}

	calm := newInstance(t, exact...)
	calm.start()
	calm.replay("ga4", dataFile(t, ga4File))
	shoppers.repeat(t, calm.http)
	calm.settle()
	compareAccounts(t, killed, calm.account(truth.top))
}

// killAtRandom kills and restarts the process. Some kills hit it while it starts.
func killAtRandom(t *testing.T, i *instance, replay *process, feed *portions, shoppers *shoppers) {
	dice := seeded(t)
	for n := range kills {
		moment := time.Duration(50+dice.IntN(2500)) * time.Millisecond
		time.Sleep(moment)
		if !replay.alive() {
			t.Fatalf("the replay has ended before kill %d:\n%s", n+1, tail(replay.file("log"), 25))
		}
		if !i.proc.alive() {
			t.Fatalf("the server has ended by itself before kill %d: %v\n%s", n+1, i.proc.err, tail(i.proc.file("log"), 25))
		}
		i.proc.kill()
		t.Logf("kill %2d, %4d ms after the start, with %5d events acknowledged over HTTP and %5d lines given to the replay",
			n+1, moment.Milliseconds(), shoppers.events(), feed.lines.Load())
		feed.kill.Add(1)
		i.launch()
	}
	i.ready()
}

// checkOrder fails unless what each visitor did lies in the log in the order in which it was sent, which is the order of
// time here. Copies of what was there already do not count.
func (i *instance) checkOrder(t *testing.T) {
	t.Helper()
	known, last := map[string]bool{}, map[string]time.Time{}
	copies, wrong := 0, 0
	for _, r := range i.readTopic("pageviews") {
		var e struct {
			ID, Visitor string
			Time        time.Time
		}
		decodeJSON(t, r.Value, &e)
		if known[e.ID] {
			copies++
			continue
		}
		known[e.ID] = true
		if e.Time.Before(last[e.Visitor]) {
			wrong++
			continue
		}
		last[e.Visitor] = e.Time
	}
	if wrong > 0 {
		t.Errorf("%d page views lie behind later ones of the same visitor in the log", wrong)
	}
	t.Logf("%d page views in the log, and %d copies of them", len(known), copies)
}

// portions is the replay's input. It gives a share of the file away after each kill, and the rest after the last one, so
// that every kill lands in the middle of the replay, on machines of any speed.
type portions struct {
	rest  []byte
	lines atomic.Int64
	total int
	kill  atomic.Int64 // how many there have been
	kills int64        // how many there will be
}

func newPortions(file []byte, kills int64) *portions {
	return &portions{rest: file, total: bytes.Count(file, []byte{'\n'}), kills: kills}
}

// Read implements io.Reader.
func (f *portions) Read(p []byte) (int, error) {
	if len(f.rest) == 0 {
		return 0, io.EOF
	}
	killed := f.kill.Load()
	if killed < f.kills {
		time.Sleep(5 * time.Millisecond)
		if f.lines.Load()*(f.kills+1) >= int64(f.total)*(killed+1) {
			return 0, nil // this kill's share is given away
		}
		p = p[:min(len(p), 1500)] // some twenty lines
	}
	n := copy(p, f.rest)
	f.lines.Add(int64(bytes.Count(f.rest[:n], []byte{'\n'})))
	f.rest = f.rest[n:]
	return n, nil
}

// unpack returns the content of a gzip-compressed file.
func unpack(t *testing.T, name string) []byte {
	t.Helper()
	in, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// shoppers send events over HTTP, several at the same time, each in the order in which things happen to it, and each
// again and again with the same ids until it is acknowledged.
type shoppers struct {
	url   string
	each  []*shopper
	done  sync.WaitGroup
	again atomic.Int64
}

type shopper struct {
	number  int
	items   []string
	dice    *rand.Rand
	sent    [][]byte // requests that were acknowledged
	events  atomic.Int64
	at      time.Time
	err     error
	visitor int
	order   string // the visitor's newest
}

func newShoppers(url string, items []string) *shoppers {
	s := &shoppers{url: url}
	for n := range 4 {
		s.each = append(s.each, &shopper{
			number: n, items: items, dice: rand.New(rand.NewPCG(uint64(n), 7)), at: time.Date(2022, 2, 1, 0, 0, n, 0, time.UTC),
		})
	}
	return s
}

// run lets the shoppers shop until enough says so.
func (s *shoppers) run(enough func() bool) {
	for _, one := range s.each {
		s.done.Go(func() {
			client := &http.Client{Timeout: 15 * time.Second}
			for !enough() && one.err == nil {
				body, n := one.next()
				if one.err = s.insist(client, s.url, body, n); one.err == nil {
					one.sent = append(one.sent, body)
					one.events.Add(int64(n))
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}

// insist sends a request until it is acknowledged.
func (s *shoppers) insist(client *http.Client, url string, body []byte, n int) error {
	want := fmt.Sprintf(`"accepted":%d,"rejected":[]`, n)
	for began := time.Now(); time.Since(began) < patience; {
		r, err := client.Post(url+"/v1/events", "application/json", bytes.NewReader(body))
		if err == nil {
			answer, _ := io.ReadAll(r.Body)
			r.Body.Close()
			if r.StatusCode == http.StatusAccepted && bytes.Contains(answer, []byte(want)) {
				return nil
			}
			if r.StatusCode != http.StatusTooManyRequests && r.StatusCode != http.StatusServiceUnavailable && r.StatusCode != http.StatusAccepted {
				return fmt.Errorf("status %d: %s", r.StatusCode, answer)
			}
		}
		s.again.Add(1)
		time.Sleep(30 * time.Millisecond)
	}
	return fmt.Errorf("not acknowledged within %s: %s", patience, body)
}

func (s *shoppers) wait(t *testing.T) {
	t.Helper()
	s.done.Wait()
	for _, one := range s.each {
		if one.err != nil {
			t.Fatalf("shopper %d: %v", one.number, one.err)
		}
	}
}

// repeat sends what was acknowledged to another server.
func (s *shoppers) repeat(t *testing.T, url string) {
	t.Helper()
	client := &http.Client{Timeout: 15 * time.Second}
	for _, one := range s.each {
		s.done.Go(func() {
			for _, body := range one.sent {
				if one.err == nil {
					one.err = s.insist(client, url, body, bytes.Count(body, []byte{'\n'}))
				}
			}
		})
	}
	s.wait(t)
}

func (s *shoppers) events() (n int) {
	for _, one := range s.each {
		n += int(one.events.Load())
	}
	return n
}

func (s *shoppers) batches() (n int) {
	for _, one := range s.each {
		n += len(one.sent)
	}
	return n
}

// next makes the next request: one to four events of a visitor, which look at products of the replayed file, now and
// then buy some of them, send an order back, or log in. Two visitors are one contact.
func (s *shopper) next() (body []byte, events int) {
	if s.dice.IntN(8) == 0 {
		s.visitor++
		s.order = ""
	}
	events = 1 + s.dice.IntN(4)
	for range events {
		s.at = s.at.Add(time.Duration(1+s.dice.IntN(600)) * time.Second)
		line, err := json.Marshal(s.event(fmt.Sprintf("http-%d-%d", s.number, s.at.Unix())))
		if err != nil {
			panic(err)
		}
		body = append(append(body, line...), '\n')
	}
	return body, events
}

func (s *shopper) event(id string) map[string]any {
	pick := func() string { return s.items[s.dice.IntN(len(s.items))] }
	e := map[string]any{
		"id": id, "visitor": fmt.Sprintf("shopper-%d-%d", s.number, s.visitor), "time": s.at.Format(time.RFC3339),
	}
	switch n := s.dice.IntN(24); {
	case n < 18:
		e["event"], e["items"] = "view_item", []any{map[string]any{"item_id": pick()}}
	case n < 21:
		s.order = id
		e["event"], e["order"], e["currency"] = "purchase", id, "USD"
		e["items"] = []any{
			map[string]any{"item_id": pick(), "price": "12.34"}, map[string]any{"item_id": pick(), "price": 5, "quantity": 3},
		}
	case n < 22 && s.order != "":
		e["event"], e["order"], e["currency"], e["value"] = "refund", s.order, "USD", 1.5
	case n < 23 && s.order != "":
		e["event"], e["order"] = "cancel", s.order
	default:
		e["event"], e["contact"] = "identify", fmt.Sprintf("contact-%d-%d", s.number, s.visitor/2)
	}
	return e
}

// account is all that two runs are compared by.
type account struct {
	stats
	evidence map[string]map[string]float64 // recipe and product: neighbours
}

func (i *instance) account(products []string) account {
	i.t.Helper()
	a := account{stats: i.stats(), evidence: map[string]map[string]float64{}}
	for _, recipe := range []string{"viewed_together", "bought_together", "bought_after_viewing"} {
		for _, p := range products {
			a.evidence[recipe+" of "+p], _ = i.evidence(recipe, p)
		}
	}
	return a
}

func compareAccounts(t *testing.T, got, want account) {
	t.Helper()
	if !maps.Equal(got.Events, want.Events) {
		t.Errorf("events by name: %v, uninterrupted %v", got.Events, want.Events)
	}
	if !maps.Equal(got.Revenue, want.Revenue) {
		t.Errorf("revenue: %v, uninterrupted %v", got.Revenue, want.Revenue)
	}
	for _, n := range []struct {
		what      string
		got, want int
	}{
		{"events", got.Total, want.Total}, {"orders", got.Orders, want.Orders}, {"buyers", got.Buyers, want.Buyers},
		{"refunds", got.Refunds, want.Refunds}, {"cancels", got.Cancels, want.Cancels}, {"contacts", got.Contacts, want.Contacts},
		{"visitors", got.Visitors, want.Visitors}, {"sessions", got.Sessions, want.Sessions}, {"items", got.Items, want.Items},
		{"dead letters", got.DeadLetters, want.DeadLetters},
	} {
		if n.got != n.want {
			t.Errorf("%s: %d, uninterrupted %d", n.what, n.got, n.want)
		}
	}
	pairs := map[string]int{}
	for what, counts := range want.evidence {
		if !maps.Equal(got.evidence[what], counts) {
			t.Errorf("%s: %d neighbours, uninterrupted %d, or other counts", what, len(got.evidence[what]), len(counts))
		}
		recipe, _, _ := strings.Cut(what, " ")
		pairs[recipe] += len(counts)
	}
	t.Logf("as uninterrupted: %d events, %d orders by %d buyers, %d refunds, %d cancels, %d contacts, revenue %v, pairs %v",
		want.Total, want.Orders, want.Buyers, want.Refunds, want.Cancels, want.Contacts, want.Revenue, pairs)
}
