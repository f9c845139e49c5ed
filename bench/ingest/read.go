package ingest

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
	"orrery/stream"
)

// index returns where part, a piece of whole, begins.
func index(whole, part []byte) int { return cap(whole) - cap(part) }

// fetch reads all events with the client alone, or decodes them as well.
func fetch(ctx context.Context, cfg Config, cluster stream.Cluster, decode bool) (pace, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(cluster.Brokers...),
		kgo.ConsumeTopics(cluster.Topic(models.Pageviews)),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableClientMetrics(),
		// As the pipeline fetches: see stream.
		kgo.FetchMaxBytes(8<<20), kgo.FetchMaxPartitionBytes(512<<10), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
	)
	if err != nil {
		return pace{}, err
	}
	defer client.Close()
	if err := client.Ping(ctx); err != nil {
		return pace{}, fmt.Errorf("cannot reach the broker: %w", err)
	}
	var e models.Event
	watch := start()
	for n := 0; n < cfg.logged(); {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return pace{}, fmt.Errorf("cannot fetch: %w", err)
		}
		var failed error
		fetches.EachRecord(func(r *kgo.Record) {
			n++
			if decode && failed == nil {
				failed = e.Decode(r.Value, models.TimeOf(r.Timestamp))
			}
		})
		if failed != nil {
			return pace{}, fmt.Errorf("cannot decode: %w", failed)
		}
	}
	return watch.stop(cfg.logged()), nil
}

// started is the share of the log that is read before measuring begins.
const started = 10

// pipe folds the log into an engine whose state is full.
func pipe(ctx context.Context, cfg Config, cluster stream.Cluster, full state, split *split) (p pace, err error) {
	e, err := full.engine(cfg)
	if err != nil {
		return p, err
	}
	pipeline, err := stream.Open(ctx, stream.Config{Cluster: cluster, Machine: e})
	if err != nil {
		return p, err
	}
	running, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- pipeline.Run(running) }()
	defer func() {
		cancel()
		if failed := <-done; err == nil {
			err = failed
		}
		if failed := pipeline.Close(); err == nil {
			err = failed
		}
	}()
	if _, err := reach(ctx, pipeline, done, cfg.logged()/started); err != nil {
		return p, err
	}
	var profile bytes.Buffer
	profiling := pprof.StartCPUProfile(&profile) == nil
	taken, watch := int(pipeline.Status().Taken), start()
	last, err := reach(ctx, pipeline, done, cfg.logged())
	p = watch.stop(last - taken)
	if profiling {
		pprof.StopCPUProfile()
		if e := split.add(&profile); err == nil {
			err = e
		}
	}
	return p, err
}

// reach waits until n events are applied.
func reach(ctx context.Context, p *stream.Pipeline, done chan error, n int) (int, error) {
	for tick := time.NewTicker(2 * time.Millisecond); ; {
		taken := int(p.Status().Taken)
		if taken >= n {
			tick.Stop()
			return taken, nil
		}
		select {
		case err := <-done:
			done <- err
			return taken, fmt.Errorf("the pipeline stopped after %d of %d events: %w", taken, n, err)
		case <-ctx.Done():
			return taken, ctx.Err()
		case <-tick.C:
		}
	}
}

// middle returns the median.
func middle(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func median(paces []pace) Speed {
	var speeds, costs []float64
	for _, p := range paces {
		speeds, costs = append(speeds, p.perSecond()), append(costs, p.micros())
	}
	return Speed{PerSecond: middle(speeds), CPU: middle(costs), Rounds: speeds}
}
