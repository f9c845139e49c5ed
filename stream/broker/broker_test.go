package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/stream/internal/flock"
)

func start(t testing.TB, cfg Config) *Broker {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	b, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func closeBroker(t testing.TB, b *Broker) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, client *kgo.Client, topic string, from, to, keys int) {
	t.Helper()
	for n := from; n < to; n++ {
		r := &kgo.Record{Topic: topic, Key: fmt.Append(nil, "k", n%keys), Value: fmt.Append(nil, n)}
		if err := client.ProduceSync(context.Background(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func endOffset(t testing.TB, client *kgo.Client, topic string) int64 {
	t.Helper()
	ends, err := kadm.NewClient(client).ListEndOffsets(context.Background(), topic)
	if err != nil {
		t.Fatal(err)
	}
	end, _ := ends.Lookup(topic, 0)
	return end.Offset
}

func startOffset(t testing.TB, client *kgo.Client, topic string) int64 {
	t.Helper()
	starts, err := kadm.NewClient(client).ListStartOffsets(context.Background(), topic)
	if err != nil {
		t.Fatal(err)
	}
	start, _ := starts.Lookup(topic, 0)
	return start.Offset
}

// floorOf returns the end that is written down for the only partition of a directory, 0 where none is.
func floorOf(t testing.TB, dir string) (floor int64) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, floorsFile))
	if errors.Is(err, os.ErrNotExist) {
		return 0
	}
	var at floors
	if err := errors.Join(err, json.Unmarshal(text, &at)); err != nil {
		t.Fatal(err)
	}
	for _, ends := range at {
		floor = max(floor, ends[0])
	}
	return floor
}

func TestOneBrokerADirectory(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir})
	defer closeBroker(t, b)
	if _, err := Start(Config{Dir: dir, Listen: "127.0.0.1:0"}); !errors.Is(err, flock.ErrTaken) {
		t.Errorf("got %v, want ErrTaken", err)
	}
	if _, err := Start(Config{Listen: b.Addr()}); err == nil {
		t.Error("a second broker on the port: got no error")
	}
}

func TestTopicsAreNotMadeByAsking(t *testing.T) {
	b := start(t, Config{})
	defer closeBroker(t, b)
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.AllowAutoTopicCreation(), kgo.UnknownTopicRetries(1), kgo.DisableClientMetrics())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	err = client.ProduceSync(context.Background(), &kgo.Record{Topic: "nothing", Value: []byte("x")}).FirstErr()
	if !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("got %v, want UnknownTopicOrPartition", err)
	}
}

// What was there before a clean end is there after it, compacted where it should be.
func TestCleanRestart(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir, Unsynced: true})
	client := newClient(t, b.Addr())
	create(t, client, map[string]string{"cleanup.policy": "compact", "retention.ms": "-1", "segment.bytes": "1000"}, 1, "compacted")
	create(t, client, map[string]string{"cleanup.policy": "delete"}, 1, "plain")
	put(t, client, "compacted", 0, 100, 10)
	put(t, client, "plain", 0, 100, 10)
	if err := b.upkeep(context.Background(), true); err != nil {
		t.Fatal(err)
	}
	put(t, client, "compacted", 100, 105, 10)
	client.Close()
	closeBroker(t, b)
	b = start(t, Config{Dir: dir, Unsynced: true})
	defer closeBroker(t, b)
	client = newClient(t, b.Addr())
	got := readAll(t, client, "compacted", "plain")
	if len(got) != 20 || len(got["plain/k3"]) != 10 || fmt.Sprint(got["compacted/k3"]) != "[93 103]" || fmt.Sprint(got["compacted/k7"]) != "[97]" {
		t.Errorf("got %v", got)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "partitions", "*", "snapshot.json")); len(files) > 0 {
		t.Errorf("got %v, want the marks of a clean end gone", files)
	}
}

// A crash at any point of kfake's rewriting of a partition leaves all that was acknowledged.
func TestCompactionCutOff(t *testing.T) {
	f := func(what string, crash func(dir string, segments []segment)) {
		t.Helper()
		dir := t.TempDir()
		p := spawn(t, dir, "127.0.0.1:0", -1)
		client := newClient(t, p.addr)
		create(t, client, map[string]string{"cleanup.policy": "compact", "retention.ms": "-1", "segment.bytes": "2000"}, 1, "t")
		put(t, client, "t", 0, 60, 1000)
		p.kill()
		if err := linkCompacted(dir); err != nil {
			t.Fatal(err)
		}
		pdir := partitionDir(dir, "t", 0)
		segments, err := segmentsOf(pdir)
		if err != nil || len(segments) < 2 {
			t.Fatalf("got %v %v, want several segments", segments, err)
		}
		crash(pdir, segments)
		b := start(t, Config{Dir: dir})
		defer closeBroker(t, b)
		client = newClient(t, b.Addr())
		if got := readAll(t, client, "t"); len(got) != 60 {
			t.Errorf("%s: got %d records, want 60", what, len(got))
		}
		if _, err := os.Stat(filepath.Join(dir, linksDir)); !os.IsNotExist(err) {
			t.Errorf("%s: got %v, want the second names gone", what, err)
		}
		put(t, client, "t", 60, 61, 1000)
		if got := readAll(t, client, "t"); len(got) != 61 {
			t.Errorf("%s: got %d records, want 61", what, len(got))
		}
	}
	remove := func(s segment) {
		for _, name := range s.files() {
			if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	f("before", func(string, []segment) {})
	f("one file deleted", func(_ string, s []segment) { remove(s[0]) })
	f("one file half deleted", func(dir string, s []segment) {
		if err := os.Remove(filepath.Join(dir, s[0].data())); err != nil {
			t.Fatal(err)
		}
	})
	f("all deleted", func(_ string, s []segment) {
		for _, s := range s {
			remove(s)
		}
	})
	f("the first written anew", func(dir string, s []segment) {
		text, err := os.ReadFile(filepath.Join(dir, s[0].data()))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range s {
			remove(s)
		}
		if err := os.WriteFile(filepath.Join(dir, s[0].data()), text[:len(text)-5], 0o644); err != nil {
			t.Fatal(err)
		}
	})
}

// When everything in a partition has expired, its offsets go on after a crash.
func TestOffsetsGoOnAfterExpiry(t *testing.T) {
	dir := t.TempDir()
	p := spawn(t, dir, "127.0.0.1:0", 30*time.Millisecond)
	client := newClient(t, p.addr)
	create(t, client, map[string]string{"cleanup.policy": "delete", "retention.ms": "1"}, 1, "t")
	put(t, client, "t", 0, 7, 3)
	// By offsets: a reader could wait for records that expire under it. And until a pass of upkeep has begun after the last
	// record: retention is longer than a pass, but for this test's.
	for end := time.Now().Add(10 * time.Second); startOffset(t, client, "t") < 7 || floorOf(t, dir) < 7; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not everything has expired")
		}
	}
	p.kill()
	for range 2 { // the second time from the batch without records
		p = spawn(t, dir, p.addr, -1)
		if got := endOffset(t, client, "t"); got != 7 {
			t.Errorf("got end %d, want 7", got)
		}
		p.kill()
	}
	p = spawn(t, dir, p.addr, -1)
	defer p.close(t)
	put(t, client, "t", 7, 9, 3)
	consumer, err := kgo.NewClient(kgo.SeedBrokers(p.addr), kgo.DisableClientMetrics(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().AtStart()}}))
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var offsets []int64
	for len(offsets) < 2 && ctx.Err() == nil {
		consumer.PollFetches(ctx).EachRecord(func(r *kgo.Record) { offsets = append(offsets, r.Offset) })
	}
	if fmt.Sprint(offsets) != "[7 8]" {
		t.Errorf("got offsets %v, want 7 and 8", offsets)
	}
}

// Past MaxBatches the oldest segments go, but for what the group has not read, and the newest of each partition.
func TestThin(t *testing.T) {
	dir := t.TempDir()
	b := start(t, Config{Dir: dir, Unsynced: true, Upkeep: -1, MaxBatches: 100})
	client := newClient(t, b.Addr())
	adm := kadm.NewClient(client)
	small := map[string]string{"cleanup.policy": "delete", "segment.bytes": "1000"}
	create(t, client, small, 1, "read")
	create(t, client, small, 1, "unread")
	create(t, client, map[string]string{"cleanup.policy": "compact", "segment.bytes": "1000"}, 1, "compacted")
	for _, topic := range []string{"read", "unread", "compacted"} {
		put(t, client, topic, 0, 200, 1000)
	}
	commit := func(topic string, at int64) {
		t.Helper()
		os := make(kadm.Offsets)
		os.Add(kadm.Offset{Topic: topic, At: at})
		if err := adm.CommitAllOffsets(context.Background(), "orrery", os); err != nil {
			t.Fatal(err)
		}
	}
	commit("read", 200)
	commit("unread", 50)
	startOf := func(topic string) int64 { return startOffset(t, client, topic) }
	if err := b.upkeep(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	if at := startOf("read"); at < 150 || at >= 200 {
		t.Errorf("got a start at %d, want the newest segment left", at)
	}
	if at := startOf("unread"); at < 30 || at > 50 {
		t.Errorf("got a start at %d, want nothing dropped from 50 on", at)
	}
	if at := startOf("compacted"); at != 0 {
		t.Errorf("got a start at %d, want 0", at)
	}
	commit("unread", 200)
	if err := b.upkeep(context.Background(), false); err != nil {
		t.Fatal(err)
	}
	before, other := startOf("unread"), startOf("read")
	if kept := 400 - before - other; kept > 100 || kept < 70 {
		t.Errorf("got %d batches kept, want a little less than 100", kept)
	}
	closeBroker(t, b)
	b = start(t, Config{Dir: dir, Unsynced: true})
	defer closeBroker(t, b)
	client = newClient(t, b.Addr())
	if got := readAll(t, client, "read", "unread"); int64(len(got)) != 400-before-other {
		t.Errorf("got %d records after a restart, want %d", len(got), 400-before-other)
	}
}
