package stream

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"go.uber.org/goleak"

	"orrery/models"
	"orrery/stream/broker"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// testTime is far more than any step of these tests needs.
const testTime = 60 * time.Second

func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testTime)
	t.Cleanup(cancel)
	return ctx
}

// startBroker starts an embedded broker on any port and creates the topics.
func startBroker(t testing.TB, dir string, partitions int) (*broker.Broker, Cluster) {
	t.Helper()
	b, err := broker.Start(broker.Config{Dir: dir, Listen: "127.0.0.1:0", Unsynced: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	c := Cluster{Brokers: []string{b.Addr()}}
	if _, err := EnsureTopics(testContext(t), c, Topics{Partitions: partitions}); err != nil {
		t.Fatal(err)
	}
	return b, c
}

// startLog returns a cluster with the topics: an embedded broker, or, with ORRERY_KAFKA=host:port, that one, under a
// prefix of the test's own.
func startLog(t testing.TB, partitions int) Cluster {
	t.Helper()
	addr := os.Getenv("ORRERY_KAFKA")
	if addr == "" {
		_, c := startBroker(t, t.TempDir(), partitions)
		return c
	}
	c := Cluster{Brokers: []string{addr}, Prefix: fmt.Sprintf("test-%d.", time.Now().UnixNano())}
	made, err := EnsureTopics(testContext(t), c, Topics{Partitions: partitions})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client, err := c.client()
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		for _, topic := range made {
			// What a test deleted itself is an error here, and none.
			_, _ = kadm.NewClient(client).DeleteTopic(context.Background(), topic.Name)
		}
	})
	return c
}

// events returns n events of a small shop: views, carts, purchases and logins of some visitors, products now and then.
func events(seed uint64, n int) []models.Record {
	rng := rand.New(rand.NewPCG(seed, 1))
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	out := make([]models.Record, 0, n)
	var e models.Event
	for i := range n {
		at := start.Add(time.Duration(i) * time.Second).Format(time.RFC3339)
		visitor, item := fmt.Sprintf("v%d-%d", seed, rng.IntN(50)), fmt.Sprintf("p%d-%d", seed, rng.IntN(20))
		head := fmt.Sprintf(`{"id":"%d-%d","time":"%s","visitor":"%s",`, seed, i, at, visitor)
		var body string
		switch k := rng.IntN(100); {
		case k < 70:
			body = head + fmt.Sprintf(`"event":"view_item","items":[{"item_id":"%s"}]}`, item)
		case k < 85:
			body = head + fmt.Sprintf(`"event":"add_to_cart","items":[{"item_id":"%s"}]}`, item)
		case k < 92:
			body = head + fmt.Sprintf(`"event":"purchase","order":"o%d-%d","value":%d.25,"currency":"EUR"}`, seed, i, i%20+1)
		case k < 96:
			body = head + fmt.Sprintf(`"event":"identify","contact":"%s@example.com"}`, visitor)
		default:
			body = fmt.Sprintf(`{"id":"%d-%d","time":"%s","event":"product_price","items":[{"item_id":"%s","price":%d}]}`, seed, i, at, item, i)
		}
		if err := e.Decode([]byte(body), models.TimeOf(start)); err != nil {
			panic(err)
		}
		out = append(out, models.RecordOf(&e, []byte(body)))
	}
	return out
}

// produce appends records and waits for them.
func produce(t testing.TB, c Cluster, records []models.Record) {
	t.Helper()
	ctx := testContext(t)
	b, err := NewBulk(c)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, r := range records {
		if err := b.Put(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

// oracle folds records one after the other, without Kafka.
func oracle(records []models.Record) ledgerState {
	l, seen := newLedger(), make(map[uint64]bool)
	for _, r := range records {
		var e models.Event
		if err := e.Decode(r.Value, models.TimeOf(time.Now())); err != nil {
			continue
		}
		if h := e.IDHash(); !seen[h] {
			seen[h] = true
			l.Apply([]*models.Event{&e})
		}
	}
	return l.state()
}

// running is a pipeline that runs in the background.
type running struct {
	*Pipeline
	stop func() error
}

// run opens and runs a pipeline until stop, or the test's end.
func run(t testing.TB, cfg Config) *running {
	t.Helper()
	p, err := Open(testContext(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	stopped := false
	r := &running{Pipeline: p}
	r.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		err := <-done
		if e := p.Close(); err == nil {
			err = e
		}
		return err
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// waitApplied waits until a partition is applied to the end that was listed.
func waitApplied(t testing.TB, p *running, l logPart) {
	t.Helper()
	i := p.index(l.topic, l.part)
	for end := time.Now().Add(testTime); p.public.next[i].Load() < l.end; time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			t.Fatalf("partition %d of topic %q is not applied to offset %d: %+v", l.part, l.name, l.end, p.Status())
		}
	}
}

// waitTotal waits until the machine has taken n events.
func waitTotal(t testing.TB, m *ledger, n int) {
	t.Helper()
	for end := time.Now().Add(testTime); m.total() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("got %d events, want %d", m.total(), n)
		}
	}
}

func setMaxMessage(t testing.TB, c Cluster, topic models.Topic, bytes int) {
	t.Helper()
	client, err := c.client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	value := strconv.Itoa(bytes)
	configs := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "max.message.bytes", Value: &value}}
	r, err := kadm.NewClient(client).AlterTopicConfigs(testContext(t), configs, c.Topic(topic))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range r {
		if x.Err != nil {
			t.Fatal(x.Err)
		}
	}
}
