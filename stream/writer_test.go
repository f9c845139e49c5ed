package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"orrery/models"
)

func newWriter(t testing.TB, cfg WriterConfig) *Writer {
	t.Helper()
	w, err := NewWriter(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func record(i int) models.Record {
	return models.Record{Topic: models.Pageviews, Key: fmt.Append(nil, "v", i%5), Value: fmt.Append(nil, i)}
}

// values returns the values of a topic's records, by key in order.
func values(t testing.TB, c Cluster, topic models.Topic) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	err := ReadTopic(testContext(t), c, topic, func(r *kgo.Record) error {
		out[string(r.Key)] = append(out[string(r.Key)], string(r.Value))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Many callers at once: each record is there once, the records of a call in their order, and Append's bytes are the
// caller's again.
func TestWriterGroups(t *testing.T) {
	c := startLog(t, 3)
	w := newWriter(t, WriterConfig{Cluster: c})
	var wg sync.WaitGroup
	for who := range 20 {
		wg.Go(func() {
			value := make([]byte, 0, 16)
			for i := range 30 {
				value = fmt.Append(value[:0], i)
				r := models.Record{Topic: models.Transactions, Key: fmt.Append(nil, "k", who), Value: value}
				if err := w.Append(context.Background(), []models.Record{r, r}); err != nil {
					t.Error(err)
				}
				copy(value, "spoilt")
			}
		})
	}
	wg.Wait()
	got := values(t, c, models.Transactions)
	for who := range 20 {
		var want []string
		for i := range 30 {
			want = append(want, fmt.Sprint(i), fmt.Sprint(i))
		}
		if g := got[fmt.Sprint("k", who)]; fmt.Sprint(g) != fmt.Sprint(want) {
			t.Errorf("caller %d: got %v, want %v", who, g, want)
		}
	}
	if s := w.Status(); s.Acked != 1200 || s.Waiting != 0 || s.WaitingBytes != 0 || s.Failed != 0 {
		t.Errorf("got %+v, want 1200 acked and none waiting", s)
	}
}

// stall makes the broker leave produce requests unanswered until the returned function is called.
func stall(cluster *kfake.Cluster) (release func()) {
	gate := make(chan struct{})
	cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		cluster.SleepControl(func() { <-gate })
		return nil, nil, false
	})
	return sync.OnceFunc(func() { close(gate) })
}

// A Writer holds no more than it may: past its bounds it says so at once, and takes on when there is room.
func TestWriterFull(t *testing.T) {
	b, c := startBroker(t, t.TempDir(), 1)
	ctx := testContext(t)
	w := newWriter(t, WriterConfig{Cluster: c, MaxRecords: 10})
	if err := w.Append(ctx, []models.Record{record(0)}); err != nil {
		t.Fatal(err)
	}
	release := stall(b.Cluster())
	defer release()
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if err := w.Append(ctx, []models.Record{record(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	for w.Status().Waiting < 10 {
		time.Sleep(time.Millisecond)
	}
	if err := w.Append(ctx, []models.Record{record(10)}); !errors.Is(err, models.ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	release()
	wg.Wait()
	if err := w.Append(ctx, []models.Record{record(11)}); err != nil {
		t.Errorf("after the stall: got %v", err)
	}
	<-short.Done()
	if err := w.Append(short, []models.Record{record(12)}); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's end", err)
	}
	if s := w.Status(); s.Refused != 1 {
		t.Errorf("got %d refused, want 1", s.Refused)
	}
}

// While a commit takes too long, what waits behind it is refused and never written, and what comes is refused at once. The
// first commit that goes through ends that.
func TestWriterStalls(t *testing.T) {
	b, c := startBroker(t, t.TempDir(), 1)
	ctx := testContext(t)
	w := newWriter(t, WriterConfig{Cluster: c, Stall: 50 * time.Millisecond})
	if err := w.Append(ctx, []models.Record{record(0)}); err != nil {
		t.Fatal(err)
	}
	release := stall(b.Cluster())
	defer release()
	first := make(chan error, 1)
	go func() { first <- w.Append(ctx, []models.Record{record(1)}) }()
	for w.Status().Waiting < 1 {
		time.Sleep(time.Millisecond)
	}
	var behind sync.WaitGroup
	for i := range 10 {
		behind.Go(func() {
			if err := w.Append(ctx, []models.Record{record(100 + i), record(200 + i)}); !errors.Is(err, models.ErrStalled) {
				t.Errorf("behind it: got %v, want ErrStalled", err)
			}
		})
	}
	behind.Wait()
	if err := w.Append(ctx, []models.Record{record(300)}); !errors.Is(err, models.ErrStalled) {
		t.Errorf("after that: got %v, want ErrStalled", err)
	}
	if s := w.Status(); s.Waiting != 1 || s.WaitingBytes == 0 || s.Stalls != 21 || s.Stalled.IsZero() {
		t.Errorf("got %+v, want the first alone, and 21 refused", s)
	}
	release()
	if err := <-first; err != nil {
		t.Errorf("the first: got %v, want it written", err)
	}
	for { // Append returns a moment before the commit has ended
		err := w.Append(ctx, []models.Record{record(2)})
		if err == nil {
			break
		}
		if !errors.Is(err, models.ErrStalled) {
			t.Fatalf("after the stall: got %v", err)
		}
	}
	if s := w.Status(); s.Waiting != 0 || s.WaitingBytes != 0 || !s.Stalled.IsZero() {
		t.Errorf("got %+v, want none waiting and no stall", s)
	}
	n := 0
	for _, v := range values(t, c, models.Pageviews) {
		n += len(v)
	}
	if n != 3 {
		t.Errorf("got %d records, want the three that were acknowledged", n)
	}
}

// What was refused because the brokers did not take it in time is not tried again later.
func TestWriterGivesUp(t *testing.T) {
	b, c := startBroker(t, t.TempDir(), 1)
	ctx := testContext(t)
	w := newWriter(t, WriterConfig{Cluster: c, Timeout: time.Second, Stall: 50 * time.Millisecond})
	h := b.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
	for i := range 2 { // each one is the one that tries
		if err := w.Append(ctx, []models.Record{record(i)}); err == nil || errors.Is(err, models.ErrStalled) {
			t.Errorf("got %v, want that it was not acknowledged", err)
		}
		for w.Status().Waiting > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	if w.Status().Stalled.IsZero() {
		t.Error("got no stall, want one")
	}
	h.Remove()
	if err := w.Append(ctx, []models.Record{record(7)}); err != nil {
		t.Errorf("got %v, want it written", err)
	}
	if err := w.Append(ctx, []models.Record{record(8)}); err != nil && !errors.Is(err, models.ErrStalled) {
		t.Errorf("got %v", err)
	}
	for key, v := range values(t, c, models.Pageviews) {
		for _, value := range v {
			if value != "7" && value != "8" {
				t.Errorf("got %s of %s, want what was acknowledged only", value, key)
			}
		}
	}
}

func TestWriterLimits(t *testing.T) {
	c := startLog(t, 1)
	ctx := testContext(t)
	w, err := NewWriter(WriterConfig{Cluster: c, MaxBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	large := models.Record{Topic: models.Pageviews, Key: []byte("k"), Value: make([]byte, models.MaxAppend)}
	if err := w.Append(ctx, []models.Record{record(0), large}); !errors.Is(err, models.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	large.Value = large.Value[1:]
	if err := w.Append(ctx, []models.Record{large}); err != nil {
		t.Errorf("the largest record, alone: got %v", err)
	}
	if err := w.Append(ctx, nil); err != nil {
		t.Errorf("nothing: got %v", err)
	}
	if err := w.Append(ctx, []models.Record{{Topic: models.Catalogue, Key: []byte("default\x1fSKU")}}); err != nil {
		t.Errorf("a tombstone: got %v", err)
	}
	w.Close()
	if err := w.Append(ctx, []models.Record{record(1)}); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	if got := values(t, c, models.Pageviews); len(got) != 1 || len(got["k"][0]) != models.MaxAppend-1 {
		t.Errorf("got %d keys, want the large record alone", len(got))
	}
}

// What the broker refuses for a while is written when it no longer does; what it refuses for good is an error.
func TestWriterFaults(t *testing.T) {
	b, c := startBroker(t, t.TempDir(), 2)
	ctx := testContext(t)
	w := newWriter(t, WriterConfig{Cluster: c, Timeout: 5 * time.Second})
	for _, fault := range []*kerr.Error{kerr.NotLeaderForPartition, kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend, kerr.UnknownTopicOrPartition} {
		b.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: fault, Count: 2})
		if err := w.Append(ctx, []models.Record{record(1), record(2), record(3)}); err != nil {
			t.Errorf("%v: got %v, want none in the end", fault, err)
		}
	}
	if got := values(t, c, models.Pageviews); fmt.Sprint(got["v1"]) != "[1 1 1 1]" {
		t.Errorf("got %v, want each record once a call", got)
	}
	b.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: -1, Topic: c.Topic(models.Pageviews)})
	if err := w.Append(ctx, []models.Record{record(1)}); !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Errorf("got %v, want the broker's refusal", err)
	}
	if err := w.Append(ctx, []models.Record{{Topic: models.Contacts, Key: []byte("k"), Value: []byte("x")}}); err != nil {
		t.Errorf("another topic: got %v", err)
	}
}

func TestBulk(t *testing.T) {
	b, c := startBroker(t, t.TempDir(), 3)
	ctx := testContext(t)
	bulk, err := NewBulk(c)
	if err != nil {
		t.Fatal(err)
	}
	defer bulk.Close()
	for i := range 5000 {
		if err := bulk.Put(ctx, record(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := bulk.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if got := values(t, c, models.Pageviews)["v3"]; bulk.Acked() != 5000 || len(got) != 1000 || got[999] != "4998" {
		t.Errorf("got %d acked, %d of one key, want 5000 and 1000 in order", bulk.Acked(), len(got))
	}
	if err := bulk.Put(ctx, models.Record{Topic: models.Pageviews, Value: make([]byte, models.MaxAppend+1)}); !errors.Is(err, models.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	b.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	if err := bulk.Put(ctx, record(1)); err != nil {
		t.Fatal(err)
	}
	if err := bulk.Flush(ctx); !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Errorf("got %v, want the broker's refusal", err)
	}
	if err := bulk.Put(ctx, record(1)); !errors.Is(err, kerr.TopicAuthorizationFailed) {
		t.Errorf("got %v, want the earlier refusal", err)
	}
}

// Keys go where the hash of Kafka's Java client sends them.
func TestPartitioner(t *testing.T) {
	c := startLog(t, 12)
	f := func(key string, want int32) {
		t.Helper()
		r := &kgo.Record{Topic: c.Topic(models.Pageviews), Key: []byte(key), Value: []byte("x")}
		send(t, c, r)
		if r.Partition != want {
			t.Errorf("key %q: got partition %d, want %d", key, r.Partition, want)
		}
	}
	// Java: Utils.toPositive(Utils.murmur2(key.getBytes())) % 12, with the hashes of Kafka's own UtilsTest.
	f("21", int32(murmur(-973932308)%12))
	f("foobar", int32(murmur(-790332482)%12))
	f("a-little-bit-long-string", int32(murmur(-985981536)%12))
	f("a-little-bit-longer-string", int32(murmur(-1486304829)%12))
	f("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", int32(murmur(-58897971)%12))
}

func murmur(hash int32) uint32 { return uint32(hash) & 0x7fffffff }

func TestSameBytes(t *testing.T) {
	c := startLog(t, 1)
	value := bytes.Repeat([]byte{0, 1, 2, 0xff, '\n'}, 1000)
	w := newWriter(t, WriterConfig{Cluster: c})
	if err := w.Append(testContext(t), []models.Record{{Topic: models.Pageviews, Key: []byte{0xff, 0}, Value: value}}); err != nil {
		t.Fatal(err)
	}
	if got := values(t, c, models.Pageviews)["\xff\x00"]; len(got) != 1 || got[0] != string(value) {
		t.Errorf("got %d records, want the bytes as they were", len(got))
	}
}
