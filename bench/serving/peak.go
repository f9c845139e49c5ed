package serving

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"orrery/bench/child"
	"orrery/bench/load"
)

// Peak is the closed loop of one kind of request: medians over rounds and numbers of connections.
type Peak struct {
	Kind   string  `json:"kind"`
	Rate   float64 `json:"answered_per_s"`
	Bare   float64 `json:"bare_per_s"`
	Ratio  float64 `json:"ratio"` // of the two, the median of the pairs
	CPU    float64 `json:"server_cpu_us"`
	BareUS float64 `json:"bare_cpu_us"`
	CPUOf  float64 `json:"bare_cpu_to_server_cpu"`
	Allocs float64 `json:"allocations_a_request"` // of the server process, whatever else it does included
	Errors uint64  `json:"errors"`
	Empty  uint64  `json:"empty"`
	P50    float64 `json:"p50_us"`
	P99    float64 `json:"p99_us"`

	Pairs []Pair `json:"pairs"`
}

// Pair is one round: both servers, one after the other.
type Pair struct {
	Connections int     `json:"connections"`
	Rate        float64 `json:"answered_per_s"`
	Bare        float64 `json:"bare_per_s"`
	Ratio       float64 `json:"ratio"`
	CPU         float64 `json:"server_cpu_us"`
	BareUS      float64 `json:"bare_cpu_us"`
}

// peaks measures the closed loop for all kinds.
func (b *bench) peaks(ctx context.Context) error {
	for _, kind := range b.cfg.Kinds {
		b.cfg.Progress("closed loop: %s", kind)
		err := b.bare(ctx, kind, func(bare *child.Process) error { return b.peak(ctx, bare, kind) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) peak(ctx context.Context, bare *child.Process, kind string) error {
	p := Peak{Kind: kind}
	var rates, bares, ratios, cpus, bareCPUs, cpuRatios, p50s, p99s, allocs []float64
	mallocs := func() float64 { n, _ := b.node.Metric(ctx, "go_memstats_mallocs_total"); return n }
	for _, connections := range b.cfg.Connections {
		requests, before := uint64(0), mallocs()
		err := b.pairs(ctx, bare, kind, load.Config{Connections: connections}, func(f, o one) {
			pair := Pair{connections, f.Rate, o.Rate, f.Rate / o.Rate, f.cpu, o.cpu}
			p.Pairs = append(p.Pairs, pair)
			p.Errors += f.Errors + o.Errors
			p.Empty += f.Empty
			requests += f.Requests
			rates, bares, ratios = append(rates, f.Rate), append(bares, o.Rate), append(ratios, pair.Ratio)
			cpus, bareCPUs, cpuRatios = append(cpus, f.cpu), append(bareCPUs, o.cpu), append(cpuRatios, o.cpu/f.cpu)
			p50s, p99s = append(p50s, f.Latency.P50), append(p99s, f.Latency.P99)
		})
		if err != nil {
			return err
		}
		allocs = append(allocs, (mallocs()-before)/float64(requests))
	}
	p.Rate, p.Bare, p.Ratio = middle(rates), middle(bares), middle(ratios)
	p.CPU, p.BareUS, p.CPUOf = middle(cpus), middle(bareCPUs), middle(cpuRatios)
	p.P50, p.P99, p.Allocs = middle(p50s), middle(p99s), middle(allocs)
	b.result.Peaks = append(b.result.Peaks, p)
	return b.profile(ctx, kind)
}

// profile drives the server once more and keeps a profile of it: profiling costs some percent, so no figure is taken
// meanwhile.
func (b *bench) profile(ctx context.Context, kind string) error {
	if b.cfg.Profile == "" {
		return nil
	}
	seconds := max(1, int(b.cfg.For.Seconds()))
	done := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second+time.Minute)
		defer cancel()
		raw, err := child.Get(ctx, "bench:"+b.node.Token+"@"+b.node.Admin, fmt.Sprintf("/debug/pprof/profile?seconds=%d", seconds))
		if err == nil {
			err = os.WriteFile(b.cfg.Profile+"."+kind, raw, 0o644)
		}
		done <- err
	}()
	_, err := b.drive(ctx, b.node, kind, load.Config{Connections: b.cfg.Connections[0]})
	return errors.Join(err, <-done)
}
