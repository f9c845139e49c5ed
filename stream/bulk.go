package stream

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// Bulk appends records to the log at the client's full speed, for replays and imports: it does not wait for
// acknowledgements before it sends on, and tells about failures later. Partitions and times are as with Writer. One
// goroutine uses it.
type Bulk struct {
	cluster Cluster
	client  *kgo.Client
	acked   atomic.Uint64

	mu  sync.Mutex
	err error // of the first record that failed
}

// NewBulk starts a Bulk. Close ends it.
func NewBulk(c Cluster) (*Bulk, error) {
	client, err := c.client(
		kgo.MaxBufferedRecords(100_000),
		kgo.MaxBufferedBytes(32<<20),
		kgo.ProducerLinger(5*time.Millisecond),
		kgo.RecordDeliveryTimeout(time.Minute),
		// One request at a time, and without the broker's own deduplication, which ids make needless. That one numbers
		// what a client sends, allows five requests under way, and relies on the broker to refuse the second where the
		// first is missing. A broker that was killed may have forgotten the numbers (the embedded one has): it takes the
		// second before the first is sent again, and a visitor's events lie in the log in another order than they came in.
		kgo.DisableIdempotentWrite(),
		kgo.MaxProduceRequestsInflightPerBroker(1),
	)
	if err != nil {
		return nil, err
	}
	return &Bulk{cluster: c, client: client}, nil
}

// Put sends r, and waits while 32 MiB or 100,000 records are on their way. It keeps r's bytes until they are
// acknowledged. An error is that of an earlier record, after which nothing more should be sent.
func (b *Bulk) Put(ctx context.Context, r models.Record) error {
	if err := b.failure(); err != nil {
		return err
	}
	if n := len(r.Key) + len(r.Value); n > models.MaxAppend {
		return fmt.Errorf("cannot append a record of %d bytes: %w", n, models.ErrTooLarge)
	}
	b.client.Produce(ctx, &kgo.Record{Topic: b.cluster.Topic(r.Topic), Key: r.Key, Value: r.Value}, b.promised)
	return nil
}

func (b *Bulk) promised(r *kgo.Record, err error) {
	if err == nil {
		b.acked.Add(1)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = fmt.Errorf("cannot append to topic %q: %w", r.Topic, err)
	}
}

func (b *Bulk) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// Acked returns the number of records acknowledged so far.
func (b *Bulk) Acked() uint64 { return b.acked.Load() }

// Flush waits until every record is acknowledged, and returns the first failure.
func (b *Bulk) Flush(ctx context.Context) error {
	if err := b.client.Flush(ctx); err != nil {
		return fmt.Errorf("cannot wait for acknowledgements: %w", err)
	}
	return b.failure()
}

// Close lets go of the connections. Records that are not acknowledged yet fail: Flush first.
func (b *Bulk) Close() { b.client.Close() }
