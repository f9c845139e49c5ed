package serving

import (
	"context"

	"orrery/bench/child"
	"orrery/bench/load"
)

// Open is the open loop at one rate: medians over the rounds.
type Open struct {
	Kind   string  `json:"kind"`
	Stream float64 `json:"stream_per_s"`       // events a second that came in meanwhile
	Feed   bool    `json:"catalogue_replaced"` // the catalogue was replaced meanwhile
	Rate   float64 `json:"target_per_s"`
	Frame  Times   `json:"frame"`
	Bare   Times   `json:"bare"`
	Of     float64 `json:"p99_to_bare"` // median of the rounds' own ratios
	Errors uint64  `json:"errors"`
	Unsent uint64  `json:"unsent"`
	Empty  uint64  `json:"empty"`

	FrameP99s []float64 `json:"frame_p99s_us"`
	BareP99s  []float64 `json:"bare_p99s_us"`
}

// Times are latencies from the moment a request was due, in microseconds: medians over the rounds, the longest of all.
type Times struct {
	Rate   float64 `json:"answered_per_s"`
	P50    float64 `json:"p50_us"`
	P90    float64 `json:"p90_us"`
	P99    float64 `json:"p99_us"`
	P999   float64 `json:"p999_us"`
	Max    float64 `json:"max_us"`
	Wakeup float64 `json:"wakeup_p99_us"` // the driver's own error
}

// times sums rounds up.
func times(rounds []one) Times {
	of := func(get func(*one) float64) float64 {
		var v []float64
		for i := range rounds {
			v = append(v, get(&rounds[i]))
		}
		return middle(v)
	}
	t := Times{
		Rate: of(func(o *one) float64 { return o.Rate }),
		P50:  of(func(o *one) float64 { return o.Latency.P50 }), P90: of(func(o *one) float64 { return o.Latency.P90 }),
		P99: of(func(o *one) float64 { return o.Latency.P99 }), P999: of(func(o *one) float64 { return o.Latency.P999 }),
		Wakeup: of(func(o *one) float64 { return o.Wakeup.P99 }),
	}
	for i := range rounds {
		t.Max = max(t.Max, rounds[i].Latency.Max)
	}
	return t
}

// open measures the open loop without and with the stream, and the curve.
func (b *bench) open(ctx context.Context) error {
	return b.bare(ctx, b.cfg.OpenKind, func(bare *child.Process) error {
		rate := b.cfg.Rate
		if rate <= 0 {
			peak, err := b.drive(ctx, b.node, b.cfg.OpenKind, load.Config{Connections: openConnections})
			if err != nil {
				return err
			}
			rate = peak.Rate / 2
			for _, p := range b.result.Peaks {
				if p.Kind == b.cfg.OpenKind {
					rate = p.Rate / 2
				}
			}
		}
		if err := b.at(ctx, bare, rate); err != nil {
			return err
		}
		if b.cfg.Stream > 0 {
			if err := b.streaming(ctx, func() error { return b.at(ctx, bare, rate) }); err != nil {
				return err
			}
		}
		if b.cfg.Replace {
			b.feeding = true
			err := b.streaming(ctx, func() error { return b.replacing(ctx, func() error { return b.at(ctx, bare, rate) }) })
			if b.feeding = false; err != nil {
				return err
			}
		}
		return b.curve(ctx, bare, 2*rate)
	})
}

// at measures one rate.
func (b *bench) at(ctx context.Context, bare *child.Process, rate float64) error {
	o := Open{Kind: b.cfg.OpenKind, Rate: rate, Feed: b.feeding}
	if n := len(b.result.Streams); n > 0 {
		o.Stream = b.result.Streams[n-1].Target
	}
	b.cfg.Progress("open loop: %s, %.0f/s, %.0f events/s coming in", o.Kind, rate, o.Stream)
	var frames, bares []one
	var ratios []float64
	err := b.pairs(ctx, bare, o.Kind, load.Config{Connections: openConnections, Rate: rate, Poisson: b.cfg.Poisson}, func(f, x one) {
		frames, bares = append(frames, f), append(bares, x)
		o.Errors += f.Errors + x.Errors
		o.Unsent += f.Unsent + x.Unsent
		o.Empty += f.Empty
		o.FrameP99s, o.BareP99s = append(o.FrameP99s, f.Latency.P99), append(o.BareP99s, x.Latency.P99)
		ratios = append(ratios, f.Latency.P99/x.Latency.P99)
	})
	o.Frame, o.Bare, o.Of = times(frames), times(bares), middle(ratios)
	b.result.Open = append(b.result.Open, o)
	return err
}

// Step is one rate of the curve.
type Step struct {
	Rate  float64 `json:"target_per_s"`
	Frame Times   `json:"frame"`
	Bare  Times   `json:"bare"`
}

// curve measures latency over rate, up to a little more than the peak.
func (b *bench) curve(ctx context.Context, bare *child.Process, peak float64) error {
	for i := range b.cfg.Steps {
		rate := peak * 1.1 * float64(i+1) / float64(b.cfg.Steps)
		b.cfg.Progress("curve: %.0f/s", rate)
		c := load.Config{Connections: openConnections, Rate: rate, Poisson: b.cfg.Poisson}
		f, err := b.drive(ctx, b.node, b.cfg.OpenKind, c)
		if err != nil {
			return err
		}
		x, err := b.drive(ctx, bare, b.cfg.OpenKind, c)
		if err != nil {
			return err
		}
		b.result.Curve = append(b.result.Curve, Step{rate, times([]one{f}), times([]one{x})})
	}
	return nil
}
