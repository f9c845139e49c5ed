package stream

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// idle is a Machine that takes events and forgets them.
type idle struct{ n int }

func (m *idle) Apply(events []*models.Event)            { m.n += len(events) }
func (m *idle) Freeze() []Section                       { return nil }
func (m *idle) Admit(*models.Event) *models.Invalid     { return nil }
func (m *idle) Seed(uint64)                             {}
func (m *idle) Restore(string, uint16, io.Reader) error { return nil }

// typical returns the i-th of a run of page views of 284 bytes, the README's.
func typical(rng *rand.Rand, i int) models.Record {
	visitor := fmt.Sprintf("v-%020x", rng.Uint64N(1_000_000))
	value := fmt.Appendf(nil, `{"event":"view_item","id":"0192f0c1-%016x-%08x","time":"2026-11-21T10:%02d:%02d.%03dZ","shop":"default","visitor":"%s",`+
		`"session":"s-%010d","page":{"url":"https://shop.example/p/%06d"},"items":[{"item_id":"SKU-%06d","price":%d.90,"quantity":1}]}`,
		rng.Uint64(), i, i/60000%60, i/1000%60, i%1000, visitor, i/7, rng.IntN(200_000), rng.IntN(200_000), 10+rng.IntN(80))
	return models.Record{Topic: models.Pageviews, Key: []byte(visitor), Value: value}
}

const timedEvents = 1_000_000

// filled starts a broker that holds timedEvents events in 4 partitions.
func filled(b *testing.B) Cluster {
	b.Helper()
	_, c := startBroker(b, b.TempDir(), 4)
	fill(b, c, timedEvents)
	return c
}

// fill produces n typical events.
func fill(b testing.TB, c Cluster, n int) {
	b.Helper()
	bulk, err := NewBulk(c)
	if err != nil {
		b.Fatal(err)
	}
	defer bulk.Close()
	rng := rand.New(rand.NewPCG(1, 1))
	size := 0
	ctx := context.Background()
	start := time.Now()
	for i := range n {
		r := typical(rng, i)
		size += len(r.Value)
		if err := bulk.Put(ctx, r); err != nil {
			b.Fatal(err)
		}
	}
	if err := bulk.Flush(ctx); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d bytes an event, produced %.0f/s", size/n, float64(n)/time.Since(start).Seconds())
}

// cpu returns the processor time of this process so far, broker included.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func report(b *testing.B, start time.Time, used time.Duration) {
	n := float64(timedEvents) * float64(b.N)
	b.ReportMetric(n/time.Since(start).Seconds(), "events/s")
	b.ReportMetric(float64((cpu()-used).Nanoseconds())/1000/n, "cpu-us/event")
}

// BenchmarkFetch is what the pipeline is measured against: the client alone.
func BenchmarkFetch(b *testing.B) {
	c := filled(b)
	b.ResetTimer()
	start, used := time.Now(), cpu()
	for range b.N {
		client, err := c.client(kgo.ConsumeTopics(c.Topic(models.Pageviews)))
		if err != nil {
			b.Fatal(err)
		}
		for n := 0; n < timedEvents; {
			n += client.PollFetches(context.Background()).NumRecords()
		}
		client.Close()
	}
	report(b, start, used)
}

// BenchmarkPipeline is fetch, merge, decode, dedupe, and a Machine that does nothing.
func BenchmarkPipeline(b *testing.B) {
	c := filled(b)
	b.ResetTimer()
	start, used := time.Now(), cpu()
	for range b.N {
		m := &idle{}
		p, err := Open(context.Background(), Config{Cluster: c, Machine: m})
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		if err := p.WaitCaughtUp(context.Background()); err != nil {
			b.Fatal(err)
		}
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
		if m.n != timedEvents {
			b.Fatalf("got %d events, want %d", m.n, timedEvents)
		}
	}
	report(b, start, used)
}
