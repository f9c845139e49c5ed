package serving

import (
	"context"
	"errors"
	"time"

	"orrery/bench/traffic"
	"orrery/models"
	"orrery/stream"
)

// Feed is a stream of events that came in beside the requests.
type Feed struct {
	Target float64 `json:"target_per_s"`
	Rate   float64 `json:"acknowledged_per_s"`
	Lag    float64 `json:"lag_records"` // of the server when it ended
}

// streaming sends events at the wall clock's pace while do runs.
func (b *bench) streaming(ctx context.Context, do func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b.result.Streams = append(b.result.Streams, Feed{Target: b.cfg.Stream})
	feed := &b.result.Streams[len(b.result.Streams)-1]
	done := make(chan error, 1)
	go func() {
		var err error
		feed.Rate, err = Pour(ctx, b.cluster(), b.cfg.Site, b.cfg.Stream)
		done <- err
	}()
	err := do()
	feed.Lag, _ = b.node.Metric(ctx, "orrery_stream_lag_records")
	cancel()
	return errors.Join(err, <-done)
}

// relistRate is how many products a second a feed brings: 100,000 in ten seconds.
const relistRate = 10_000

// replacing replaces the catalogue again and again, with other prices, while do runs.
func (b *bench) replacing(ctx context.Context, do func() error) error {
	bulk, err := stream.NewBulk(b.cluster())
	if err != nil {
		return err
	}
	defer bulk.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- b.relist(ctx, bulk) }()
	err = do()
	cancel()
	return errors.Join(err, <-done)
}

func (b *bench) relist(ctx context.Context, bulk *stream.Bulk) error {
	began := time.Now()
	tick := time.NewTicker(pourEvery)
	defer tick.Stop()
	for sent := 0; ; {
		select {
		case <-ctx.Done():
			b.result.Relists = float64(sent) / time.Since(began).Seconds()
			return nil
		case <-tick.C:
		}
		for due := int(relistRate * time.Since(began).Seconds()); sent < due; sent++ {
			r, err := b.site.Relist(sent, 1+sent/b.cfg.Site.Products)
			if err == nil {
				err = bulk.Put(ctx, r)
			}
			if err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// pourEvery is how often events that are due are sent.
const pourEvery = 2 * time.Millisecond

// Pour appends views of a site to the log at a rate, as the wall clock goes, until ctx ends, and returns the rate that
// was acknowledged.
func Pour(ctx context.Context, cluster stream.Cluster, site traffic.Config, rate float64) (float64, error) {
	bulk, err := stream.NewBulk(cluster)
	if err != nil {
		return 0, err
	}
	defer bulk.Close()
	began := time.Now()
	load := traffic.New(site, began, rate).Load()
	tick := time.NewTicker(pourEvery)
	defer tick.Stop()
	for sent := 0; ; {
		select {
		case <-ctx.Done():
			return float64(bulk.Acked()) / time.Since(began).Seconds(), nil
		case <-tick.C:
		}
		for due := int(rate * time.Since(began).Seconds()); sent < due; sent++ {
			r := load.Next()
			value := append([]byte(nil), r.Value...)
			err := bulk.Put(ctx, models.Record{Topic: r.Topic, Key: append([]byte(nil), r.Key...), Value: value})
			if err != nil && ctx.Err() == nil {
				return 0, err
			}
		}
	}
}
