package serving

import (
	"fmt"
	"image/color"
	"io"
	"text/tabwriter"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"orrery/bench/chart"
)

// WriteText writes the result for people.
func (r *Result) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%d products, %d visitors, %d events in the state; server in a process of its own, %.0f MB resident; driver on the same machine\n",
		r.Head.String(), r.Site.Products, r.Site.Visitors, r.Events, float64(r.Memory)/1e6)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nclosed loop\tbody B\treq/s\tbare\tratio\tserver CPU us\tbare\tbare/server\tallocs/req\tp50 us\tp99 us\terrors\tempty\t")
	for _, p := range r.Peaks {
		body := "mixed"
		if n := r.Body[p.Kind]; n > 0 {
			body = fmt.Sprint(n)
		}
		fmt.Fprintf(t, "%s\t%s\t%.0f\t%.0f\t%.2f\t%.1f\t%.1f\t%.2f\t%.3f\t%.0f\t%.0f\t%d\t%d\t\n",
			p.Kind, body, p.Rate, p.Bare, p.Ratio, p.CPU, p.BareUS, p.CPUOf, p.Allocs, p.P50, p.P99, p.Errors, p.Empty)
	}
	t.Flush()
	for _, p := range r.Peaks {
		fmt.Fprintf(w, "%s, ratio of each round (connections):", p.Kind)
		for _, pair := range p.Pairs {
			fmt.Fprintf(w, " %.2f (%d)", pair.Ratio, pair.Connections)
		}
		fmt.Fprintln(w)
	}
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nopen loop, us from the moment a request was due\tevents/s in\ttarget/s\tanswered/s\tp50\tp90\tp99\tp99.9\tmax\twake-up error p99\terrors\t")
	for _, o := range r.Open {
		row := func(name string, x Times, errors uint64) {
			fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%d\t\n",
				name, o.Stream, o.Rate, x.Rate, x.P50, x.P90, x.P99, x.P999, x.Max, x.Wakeup, errors)
		}
		name := o.Kind
		if o.Feed {
			name += ", catalogue replaced"
		}
		row(name, o.Frame, o.Errors+o.Unsent)
		row("bare", o.Bare, 0)
	}
	t.Flush()
	for _, o := range r.Open {
		fmt.Fprintf(w, "%s with %.0f events/s, p99 of each round, us (bare): ", o.Kind, o.Stream)
		for i := range o.FrameP99s {
			fmt.Fprintf(w, " %.0f (%.0f)", o.FrameP99s[i], o.BareP99s[i])
		}
		fmt.Fprintf(w, "; median ratio %.2f\n", o.Of)
	}
	if r.Relists > 0 {
		fmt.Fprintf(w, "catalogue: %.0f products/s replaced, snapshots every %s\n", r.Relists, snapshotEvery)
	}
	for _, f := range r.Streams {
		fmt.Fprintf(w, "stream: %.0f of %.0f events/s acknowledged, %.0f records behind at its end\n", f.Rate, f.Target, f.Lag)
	}
	if len(r.Curve) > 0 {
		r.writeCurve(w)
	}
	_, err := fmt.Fprintln(w, "\nratio: throughput against the bare server in the same round, median of all rounds; server CPU from /proc; wake-up error: from the moment a request is due and a connection is free to its sending")
	return err
}

func (r *Result) writeCurve(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\ntarget/s\tanswered/s\tp50 us\tp99 us\tbare answered/s\tp50 us\tp99 us\t")
	for _, s := range r.Curve {
		fmt.Fprintf(t, "%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t\n", s.Rate, s.Frame.Rate, s.Frame.P50, s.Frame.P99, s.Bare.Rate, s.Bare.P50, s.Bare.P99)
	}
	t.Flush()
}

// Plot draws latency over rate, as .png or .svg.
func (r *Result) Plot(file string) error {
	if len(r.Curve) == 0 {
		return fmt.Errorf("cannot plot %q: there is no curve; ask for steps", file)
	}
	p := chart.New("Latency over rate, open loop", "requests a second, thousands", "microseconds from the moment a request was due")
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	blue, grey := color.RGBA{0x1f, 0x5f, 0xa8, 0xff}, color.RGBA{0x80, 0x80, 0x80, 0xff}
	for _, c := range []struct {
		name  string
		color color.Color
		dash  int
		get   func(Step) float64
	}{
		{"orrery p99", blue, 0, func(s Step) float64 { return s.Frame.P99 }},
		{"orrery p50", blue, 1, func(s Step) float64 { return s.Frame.P50 }},
		{"bare p99", grey, 0, func(s Step) float64 { return s.Bare.P99 }},
		{"bare p50", grey, 1, func(s Step) float64 { return s.Bare.P50 }},
	} {
		points := make(plotter.XYs, len(r.Curve))
		for i, s := range r.Curve {
			points[i] = plotter.XY{X: s.Rate / 1e3, Y: max(c.get(s), 1)}
		}
		line, err := chart.Add(p, c.name, c.dash, points)
		if err != nil {
			return err
		}
		line.Color = c.color
	}
	return chart.Save(p, file)
}
