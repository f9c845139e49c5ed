package stream

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
	"orrery/stream/broker"
)

// A partition of which everything has expired ends with a batch that holds nothing. The state is not behind it, takes what
// comes after it, and a snapshot remembers.
func TestNothingLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, err := broker.Start(broker.Config{Dir: dir, Listen: "127.0.0.1:0", Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	c := Cluster{Brokers: []string{b.Addr()}}
	ctx := testContext(t)
	if _, err := EnsureTopics(ctx, c, Topics{Partitions: 2}); err != nil {
		t.Fatal(err)
	}
	floors := make(map[string][]int64)
	for _, l := range listed(t, c) {
		if l.topic == models.Pageviews || l.topic == models.Contacts {
			floors[l.id.String()] = []int64{7, 0}
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(floors) // what the broker writes down of expired partitions
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "orrery-floors.json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	if b, err = broker.Start(broker.Config{Dir: dir, Listen: b.Addr(), Unsynced: true}); err != nil {
		t.Fatal(err)
	}
	defer b.Close()

	if got := values(t, c, models.Pageviews); len(got) != 0 { // and reading the topic comes to an end
		t.Errorf("got %v, want nothing", got)
	}
	snapshots := t.TempDir()
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m, Dir: snapshots})
	if err := p.WaitCaughtUp(ctx); err != nil {
		t.Fatalf("%v: %+v", err, p.Status())
	}
	if s := p.Status(); s.Lag != 0 || s.FetchError != "" || s.Partitions[p.index(models.Pageviews, 0)].Next != 7 {
		t.Errorf("got %+v, want no lag, no error, position 7", s)
	}
	records := events(70, 200)
	produce(t, c, records)
	if got, want := settle(t, p, m).State, oracle(records); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	again := newLedger()
	p = run(t, Config{Cluster: c, Machine: again, Dir: snapshots})
	if got, want := settle(t, p, again).State, oracle(records); !reflect.DeepEqual(got, want) {
		t.Fatalf("after a restart: got %v, want %v", got, want)
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
}

func listed(t testing.TB, c Cluster) []logPart {
	t.Helper()
	p, err := Open(testContext(t), Config{Cluster: c, Machine: newLedger()})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	log, err := listLog(testContext(t), p.adm, c)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// Batches without records are walked over, up to the first that has some, and damaged ones are not.
func TestBehindEmpty(t *testing.T) {
	batch := func(first, delta, records, length int) []byte {
		b := make([]byte, batchHeader)
		b[7], b[batchLength+3], b[batchMagic], b[batchDelta+3], b[batchRecords+3] = byte(first), byte(length), 2, byte(delta), byte(records)
		return b
	}
	whole := batchHeader - batchLength - 4
	f := func(what string, from, want int64, batches ...[]byte) {
		t.Helper()
		var raw []byte
		for _, b := range batches {
			raw = append(raw, b...)
		}
		if got := behindEmpty(raw, from); got != want {
			t.Errorf("%s: got %d, want %d", what, got, want)
		}
	}
	f("nothing", 5, 5)
	f("one", 5, 8, batch(5, 2, 0, whole))
	f("two and one with records", 5, 10, batch(5, 2, 0, whole), batch(8, 1, 0, whole), batch(10, 0, 1, whole))
	f("records at once", 5, 5, batch(5, 0, 1, whole), batch(6, 0, 0, whole))
	f("one that lies before", 5, 6, batch(1, 2, 3, whole), batch(5, 0, 0, whole))
	f("cut off", 5, 5, batch(5, 0, 0, whole)[:20])
	f("a length that leads nowhere", 5, 6, batch(5, 0, 0, 255), batch(6, 0, 0, whole))
}

// An open transaction of another producer shows: as lag, with its cause, and as nothing once it has ended.
func TestOpenTransaction(t *testing.T) {
	t.Parallel()
	c := startLog(t, 1)
	client, err := c.client(kgo.TransactionalID("shop"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	ctx := testContext(t)
	var records []models.Record
	for _, r := range events(71, 60) {
		if r.Topic == models.Pageviews {
			records = append(records, r)
			client.Produce(ctx, &kgo.Record{Topic: c.Topic(r.Topic), Key: r.Key, Value: r.Value}, nil)
		}
	}
	if err := client.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m, lagEvery: 20 * time.Millisecond})
	if err := p.WaitCaughtUp(ctx); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool {
		s := p.Status()
		return s.Held == int64(len(records)) && strings.Contains(s.FetchError, "open transaction (producer id ")
	}, p)
	if s := p.Status(); !s.Ready || s.Lag != s.Held || s.Taken != 0 || s.FetchErrors != 0 {
		t.Errorf("got %+v, want ready, and all of the lag held back", s)
	}
	if err := client.EndTransaction(ctx, kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return p.Status().Taken == uint64(len(records)) }, p) // a cluster writes the markers a little later
	if got, want := settle(t, p, m).State, oracle(records); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	until(t, func() bool { s := p.Status(); return s.Held == 0 && s.Lag == 0 && s.FetchError == "" }, p)
}

// until waits for a condition of a pipeline.
func until(t testing.TB, ok func() bool, p *running) {
	t.Helper()
	for end := time.Now().Add(testTime); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %+v", p.Status())
		}
	}
}

// The broker away: said while it is, and not any more once it is back. The state stays ready all the while.
func TestErrorsEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, err := broker.Start(broker.Config{Dir: dir, Listen: "127.0.0.1:0", Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	c := Cluster{Brokers: []string{b.Addr()}}
	if _, err := EnsureTopics(testContext(t), c, Topics{Partitions: 2}); err != nil {
		t.Fatal(err)
	}
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m, lagEvery: 50 * time.Millisecond})
	settle(t, p, m)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return p.Status().FetchError != "" }, p)
	if !p.Status().Ready {
		t.Error("got not ready, want ready: what is known is known")
	}
	if b, err = broker.Start(broker.Config{Dir: dir, Listen: b.Addr(), Unsynced: true}); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { s := p.Status(); return s.FetchError == "" && s.FetchErrors > 0 }, p)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

// Other instances make the topics while this one starts: it waits for them. Brokers that forget a topic for a moment are
// no reason to stop.
func TestTopicsThatCome(t *testing.T) {
	t.Parallel()
	b, err := broker.Start(broker.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c := Cluster{Brokers: []string{b.Addr()}}
	made := make(chan error, 1)
	go func() {
		time.Sleep(50 * time.Millisecond)
		_, err := EnsureTopics(context.Background(), c, Topics{Partitions: 2})
		made <- err
	}()
	p, err := Open(testContext(t), Config{Cluster: c, Machine: newLedger()})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-made; err != nil {
		t.Fatal(err)
	}
}
