package stream

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"orrery/models"
	"orrery/stream/broker"
)

// Errors of the broker that pass are waited out; the state is the same.
func TestFetchFaults(t *testing.T) {
	t.Parallel()
	b, c := startBroker(t, t.TempDir(), 3)
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m})
	var records []models.Record
	for i, fault := range []*kerr.Error{
		kerr.NotLeaderForPartition, kerr.UnknownServerError, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch,
		kerr.ReplicaNotAvailable, kerr.UnknownTopicOrPartition, kerr.CorruptMessage,
	} {
		b.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: fault, TopLevel: i%2 == 1, Count: 2})
		some := hard(uint64(80+i), 100)
		records = append(records, some...)
		start := time.Now()
		produce(t, c, some)
		if got, want := settle(t, p, m).State, oracle(records); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		t.Logf("%v: %v", fault, time.Since(start))
	}
}

// One partition that does not answer holds the others up for a moment, not for ever, and is taken up again.
func TestDeadPartition(t *testing.T) {
	t.Parallel()
	b, c := startBroker(t, t.TempDir(), 2)
	records := events(9, 800)
	produce(t, c, records)
	h := b.Cluster().Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Fetch}, Topic: c.Topic(models.Pageviews), Partitions: []int32{1},
		Err: kerr.NotLeaderForPartition, Count: -1,
	})
	m := newLedger()
	start := time.Now()
	p := run(t, Config{Cluster: c, Machine: m})
	ctx := testContext(t)
	log, err := listLog(ctx, p.adm, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range log {
		if l.topic == models.Pageviews && l.part == 1 {
			continue
		}
		waitApplied(t, p, l)
	}
	if took := time.Since(start); took < patience/2 { // that it ends at all is the context's to say
		t.Errorf("got the others after %v, want about %v", took, patience)
	}
	s := p.Status()
	if s.Ready || s.Lag == 0 {
		t.Errorf("got ready %v and lag %d, want false and the dead partition's records", s.Ready, s.Lag)
	}
	h.Remove()
	if got, want := settle(t, p, m).State, oracle(records); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// The broker goes away and comes back under the pipeline and the writer.
func TestBrokerRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, err := broker.Start(broker.Config{Dir: dir, Listen: "127.0.0.1:0", Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	addr := b.Addr()
	c := Cluster{Brokers: []string{addr}}
	if _, err := EnsureTopics(testContext(t), c, Topics{Partitions: 2}); err != nil {
		t.Fatal(err)
	}
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m, Dir: t.TempDir(), SnapshotEvery: 20 * time.Millisecond})
	w := newWriter(t, WriterConfig{Cluster: c})
	records := events(10, 300)
	for i := 0; i < len(records); i += 100 {
		for j := i; j < i+100; j += 5 {
			if err := w.Append(testContext(t), records[j:j+5]); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Millisecond)
		if b, err = broker.Start(broker.Config{Dir: dir, Listen: addr, Unsynced: true}); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := settle(t, p, m).State, oracle(records); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

// A dead letter that cannot be written stops the stream, and no snapshot passes it.
func TestLetterThatCannotBeWritten(t *testing.T) {
	b, c := startBroker(t, t.TempDir(), 1)
	dir := t.TempDir()
	h := b.Cluster().Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.Produce}, Topic: c.Topic(models.DeadLetter), Err: kerr.TopicAuthorizationFailed, Count: -1,
	})
	produce(t, c, hard(11, 200))
	p, err := Open(testContext(t), Config{Cluster: c, Machine: newLedger(), Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(testContext(t)); !errors.Is(err, errLetter) || !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Errorf("got %v, want the letter's failure", err)
	}
	if s := p.Status().Snapshot; s.Saved != 0 {
		t.Errorf("got %d snapshots, want none", s.Saved)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	h.Remove()
	m := newLedger()
	again := run(t, Config{Cluster: c, Machine: m, Dir: dir})
	if got, want := settle(t, again, m).State, oracle(hard(11, 200)); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// Good records that are fetched together with a damaged batch behind them are taken, before and after it is mended.
func TestDamagedBatch(t *testing.T) {
	dir := t.TempDir()
	_, c := startBroker(t, dir, 1)
	records := events(12, 60)
	slices.SortStableFunc(records, func(a, b models.Record) int { return strings.Compare(string(a.Topic), string(b.Topic)) })
	for _, r := range records { // a batch each
		produce(t, c, []models.Record{r})
	}
	files, err := filepath.Glob(filepath.Join(dir, "partitions", c.Topic(models.Pageviews)+"-0", "*.dat"))
	if err != nil || len(files) != 1 {
		t.Fatalf("got %v %v, want a segment", files, err)
	}
	flip := func() {
		b, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		end := 0 // of a batch in the middle
		for end < len(b)/2 {
			end += 12 + int(binary.BigEndian.Uint32(b[end+8:]))
		}
		b[end-1] ^= 1
		if err := os.WriteFile(files[0], b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	flip()
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m})
	for end := time.Now().Add(testTime); p.Status().FetchErrors == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the damage goes unnoticed")
		}
	}
	before := p.Status().FetchErrors
	time.Sleep(4 * fetchRest)
	if n := p.Status().FetchErrors - before; n == 0 || n > 8 {
		t.Errorf("tried %d times in the time of four", n)
	}
	flip()
	if got, want := settle(t, p, m).State, oracle(records); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// A batch that the client will not decompress ends its reading of the partition: the pipeline says so and stops.
func TestBatchTooLargeToDecompress(t *testing.T) {
	t.Parallel()
	_, c := startBroker(t, t.TempDir(), 1)
	setMaxMessage(t, c, models.Pageviews, 8<<20)
	send(t, c, &kgo.Record{Topic: c.Topic(models.Pageviews), Value: make([]byte, 3<<20)})
	c.Options = []kgo.Opt{kgo.MaxDecompressBatchBytes(1 << 20)}
	p, err := Open(testContext(t), Config{Cluster: c, Machine: newLedger()})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(testContext(t)); !errors.As(err, new(*kgo.ErrDecompressTooLarge)) {
		t.Errorf("got %v, want that the batch is too large", err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// Transactions of other producers: what was rolled back is not taken, and their markers do not hold up the positions.
func TestTransactions(t *testing.T) {
	t.Parallel()
	c := startLog(t, 1)
	client, err := c.client(kgo.TransactionalID("shop"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := testContext(t)
	var kept []models.Record
	for i := range 6 {
		if err := client.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		records := events(uint64(20+i), 20)
		for _, r := range records {
			client.Produce(ctx, &kgo.Record{Topic: c.Topic(r.Topic), Key: r.Key, Value: r.Value}, nil)
		}
		if err := client.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		commit := kgo.TransactionEndTry(i%2 == 0)
		if commit {
			kept = append(kept, records...)
		}
		if err := client.EndTransaction(ctx, commit); err != nil {
			t.Fatal(err)
		}
	}
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m})
	if got, want := settle(t, p, m).State, oracle(kept); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// More partitions than at the start would never be read: the pipeline says so and stops.
func TestChangedTopics(t *testing.T) {
	t.Parallel()
	f := func(what string, want error, change func(adm *kadm.Client, c Cluster) error) {
		t.Helper()
		c := startLog(t, 2)
		p, err := Open(testContext(t), Config{Cluster: c, Machine: newLedger(), lagEvery: 20 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if err := change(p.adm, c); err != nil {
			t.Fatal(err)
		}
		if err := p.Run(testContext(t)); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	f("more partitions", ErrPartitions, func(adm *kadm.Client, c Cluster) error {
		_, err := adm.CreatePartitions(context.Background(), 1, c.Topic(models.Pageviews), c.Topic(models.Transactions), c.Topic(models.Contacts))
		return err
	})
	f("more partitions of one", ErrPartitions, func(adm *kadm.Client, c Cluster) error {
		_, err := adm.CreatePartitions(context.Background(), 1, c.Topic(models.Pageviews))
		return err
	})
	f("a topic made anew", ErrGap, func(adm *kadm.Client, c Cluster) error {
		if _, err := adm.DeleteTopic(context.Background(), c.Topic(models.Contacts)); err != nil {
			return err
		}
		_, err := EnsureTopics(testContext(t), c, Topics{})
		return err
	})
	f("a topic deleted", ErrNoTopic, func(adm *kadm.Client, c Cluster) error {
		_, err := adm.DeleteTopic(context.Background(), c.Topic(models.Contacts))
		return err
	})
}

// A record of another Kafka client counts like any other.
func TestKcat(t *testing.T) {
	if _, err := exec.LookPath("kcat"); err != nil {
		t.Skip("kcat is not installed")
	}
	c := startLog(t, 4)
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m})
	const n = 50
	var lines bytes.Buffer
	for i := range n {
		fmt.Fprintf(&lines, "v%d|{\"event\":\"view_item\",\"visitor\":\"v%d\",\"id\":\"%d\",\"items\":[{\"item_id\":\"p\"}]}\n", i%7, i%7, i)
	}
	cmd := exec.Command("kcat", "-b", c.Brokers[0], "-t", c.Topic(models.Pageviews), "-P", "-K", "|", "-X", "partitioner=murmur2_random", "-z", "lz4")
	cmd.Stdin = &lines
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := settle(t, p, m); got.State.Counts["view_item"] != n {
		t.Errorf("got %v, want %d views", got.State.Counts, n)
	}
	out, err := exec.Command("kcat", "-b", c.Brokers[0], "-t", c.Topic(models.Pageviews), "-C", "-e", "-q", "-f", "%p %k\\n").Output()
	if err != nil || bytes.Count(out, []byte("\n")) != n {
		t.Errorf("kcat reads %d records, %v, want %d", bytes.Count(out, []byte("\n")), err, n)
	}
}
