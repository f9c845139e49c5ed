package stream

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// clock is a Machine that notes how far time went back between events that carry none of their own, so that theirs is
// the records'.
type clock struct {
	idle
	newest, back models.Time
	heldBack     func() // called once a batch
}

func (c *clock) Apply(events []*models.Event) {
	c.heldBack()
	for _, e := range events {
		c.n++
		c.back = max(c.back, c.newest-e.Time)
		c.newest = max(c.newest, e.Time)
	}
}

// A long log of topics of very different size is taken in the order of time, whatever the sizes, and with bounded queues.
func TestCatchUpKeepsTime(t *testing.T) {
	c := startLog(t, 2)
	ctx := testContext(t)
	client, err := c.client(kgo.MaxBufferedRecords(1 << 20))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	pad := strings.Repeat("some text that makes the record long ", 25)
	start := time.Now().Add(-time.Hour)
	const n = 40_000
	for i := range n {
		r := &kgo.Record{Topic: c.Topic(models.Pageviews), Key: fmt.Append(nil, i%100), Timestamp: start.Add(time.Duration(i) * 50 * time.Millisecond)}
		event := "view_item"
		if i%1000 == 0 {
			r.Topic, event = c.Topic(models.Transactions), "cancel"
		}
		r.Value = fmt.Appendf(nil, `{"event":%q,"visitor":"v%d","id":"%d","order":"o","note":"%s"}`, event, i%100, i, pad)
		client.Produce(ctx, r, nil)
	}
	if err := client.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	m := &clock{}
	var p *running
	most := int64(0)
	ready := make(chan struct{})
	m.heldBack = func() { <-ready; most = max(most, p.public.fetched.Load()) }
	p = run(t, Config{Cluster: c, Machine: m})
	close(ready)
	if err := p.WaitCaughtUp(ctx); err != nil {
		t.Fatal(err)
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	if m.n != n || m.back > 0 {
		t.Errorf("got %d events, time went back by %v, want %d and none", m.n, time.Duration(m.back)*time.Millisecond, n)
	}
	// Two partitions that pause, each a fetch above the mark at the most; these records are compressed 20 to 1.
	t.Logf("at most %d MB fetched and waiting", most>>20)
	if limit := int64(3*laneHigh + 40*fetchPartition); most > limit {
		t.Errorf("got %d bytes waiting, want at most %d", most, limit)
	}
}

// The broker is told the positions of the newest snapshot, and never more.
func TestCommittedOffsets(t *testing.T) {
	c := startLog(t, 2)
	m := newLedger()
	produce(t, c, events(30, 200))
	p := run(t, Config{Cluster: c, Machine: m, Dir: t.TempDir(), SnapshotEvery: time.Hour, Group: "g"})
	settle(t, p, m)
	if err := p.Snapshot(testContext(t)); err != nil {
		t.Fatal(err)
	}
	want := make(map[string]int64)
	for _, s := range p.Status().Partitions {
		want[fmt.Sprint(c.Topic(s.Topic), s.Partition)] = s.Next
	}
	check := func() {
		t.Helper()
		client, err := c.client()
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		got, err := kadm.NewClient(client).FetchOffsets(testContext(t), "g")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		got.Each(func(o kadm.OffsetResponse) {
			n++
			if at := want[fmt.Sprint(o.Topic, o.Partition)]; o.At != at {
				t.Errorf("%s %d: got %d, want %d", o.Topic, o.Partition, o.At, at)
			}
		})
		if n != len(want) {
			t.Errorf("got %d partitions, want %d", n, len(want))
		}
	}
	check()
	produce(t, c, events(31, 200))
	settle(t, p, m)
	check() // applied, and not in a snapshot yet
	s := p.Status()
	if s.Snapshot.Saved != 1 {
		t.Fatalf("got %d snapshots, want 1", s.Snapshot.Saved)
	}
	if age, ok := s.SnapshotAge(time.Now()); !ok || age <= 0 || age > testTime {
		t.Errorf("got age %v %v", age, ok)
	}
}
