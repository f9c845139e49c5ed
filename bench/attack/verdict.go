package attack

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"text/tabwriter"

	"orrery/bench/chart"
)

// Bar is what has to hold.
type Bar struct {
	What string  `json:"what"`
	Seen float64 `json:"seen"`
	Most float64 `json:"most"`
	Held bool    `json:"held"`
}

// What the attack may cost the honest.
const (
	mostLatency  = 3.0 // p99 of frames, times that of without
	mostResident = 1.5
	mostStop     = 15.0 // s: well below the 60 s that a container is given
)

func (r *Result) judge() {
	bar := func(what string, seen, most float64) {
		r.Bars = append(r.Bars, Bar{what, seen, most, seen <= most})
	}
	errors := func(p *Phase) float64 {
		return float64(p.Frames.Errors + p.Frames.Unsent + p.Posts.Errors + p.Posts.Unsent + p.Refused)
	}
	bar("honest errors without", errors(&r.Before), 0)
	bar("honest errors under attack", errors(&r.Under), 0)
	bar("p99 of frames, times without", r.Under.Frames.Latency.P99/r.Before.Frames.Latency.P99, mostLatency)
	bar("resident memory, times without", float64(r.Under.Resident)/float64(r.Before.Resident), mostResident)
	bar("honest events lost or doubled", difference(r.Before.Sent, r.Before.Counted)+difference(r.Under.Sent, r.Under.Counted), 0)
	moved := 0.0
	if r.Under.Revenue != "" {
		moved = 1
	}
	bar("revenue moved", moved, 0)
	bar("seconds to stop", r.Under.Stop, mostStop)
	r.Held = !slices.ContainsFunc(r.Bars, func(b Bar) bool { return !b.Held })
}

func difference(a, b uint64) float64 { return float64(max(a, b) - min(a, b)) }

// openConnections opens what an attacker leaves open while the server stops, and returns what closes them.
func (x *run) openConnections(ctx context.Context) func() {
	var open []net.Conn
	for _, head := range []string{"", "GET / HTTP", "POST /v1/events HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Bearer " + writeKey + "\r\nContent-Length: 100\r\n\r\n["} {
		if c, err := (&net.Dialer{}).DialContext(ctx, "tcp", x.node.Addr); err == nil {
			io.WriteString(c, head)
			open = append(open, c)
		}
	}
	return func() {
		for _, c := range open {
			c.Close()
		}
	}
}

// WriteText writes the result for people.
func (r *Result) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%d products, %d visitors; honest traffic, attackers and server on the same machine\n\n", r.Head.String(), r.Site.Products, r.Site.Visitors)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tframes\tp50 us\tp99 us\tmax us\terrors\tposts\tp99 us\terrors\tresident MB\tcores\t")
	for _, p := range []*Phase{&r.Before, &r.Under} {
		f, e := &p.Frames, &p.Posts
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%.0f\t%.0f\t%d\t%d\t%.0f\t%d\t%.0f\t%.2f\t\n", p.Name, f.Requests, f.Latency.P50, f.Latency.P99, f.Latency.Max,
			f.Errors+f.Unsent, e.Requests, e.Latency.P99, e.Errors+e.Unsent+p.Refused, float64(p.Resident)/1e6, p.CPU)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nthe attackers, %.2f cores of their own; attempts of each kind, and a second:\n", r.Under.Own)
	for _, name := range slices.Sorted(maps.Keys(r.Under.Attack)) {
		n := r.Under.Attack[name]
		fmt.Fprintf(w, "  %-28s %7d %8.1f\n", name, n, float64(n)/r.For)
	}
	fmt.Fprintln(w)
	for _, p := range []*Phase{&r.Before, &r.Under} {
		fmt.Fprintf(w, "%s: honest events acknowledged %d, counted %d; stopped in %.1f s, ready again after %.1f s", p.Name, p.Sent, p.Counted, p.Stop, p.Restart)
		if p.Revenue != "" {
			fmt.Fprintf(w, "; revenue %s", p.Revenue)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, b := range r.Bars {
		verdict := "held"
		if !b.Held {
			verdict = "NOT HELD"
		}
		fmt.Fprintf(t, "%s\t%.3g\tat most %.3g\t%s\n", b.What, b.Seen, b.Most, verdict)
	}
	return t.Flush()
}

// Plot draws the honest frames' latency without and under the attack.
func (r *Result) Plot(file string) error {
	value := func(p *Phase) chart.Bar {
		v := p.Frames.Latency.P99
		return chart.Bar{Value: v, Low: v, High: v}
	}
	return chart.SaveBars("Honest frames, p99", "microseconds", []string{"without", "under attack"},
		[]chart.Series{{Name: "p99", Bars: []chart.Bar{value(&r.Before), value(&r.Under)}}}, file)
}
