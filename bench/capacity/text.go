package capacity

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"gonum.org/v1/plot/plotter"

	"orrery/bench/chart"
)

// WriteText writes the result for people.
func (r *Result) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s", r.Head.String())
	for i := range r.Points {
		if err := r.Points[i].writeText(w); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, "\nformula: from the layouts, for what this shop counts; at most: with every list full; MB are 10^6 bytes")
	return err
}

func (p *Point) writeText(w io.Writer) error {
	mb := func(n uint64) float64 { return float64(n) / 1e6 }
	fmt.Fprintf(w, "\n%d products, %d contacts of the load, %d visitors, %d views: %d events, %d orders, %.2f us CPU to apply one\n",
		p.Products, p.Contacts, p.Visitors, p.Views, p.Events, p.Orders, p.PerEvent)
	fmt.Fprintf(w, "state %.0f MB, heap %.0f MB, resident %.0f MB, collector %.1f %% of the CPU time\n", mb(p.State), mb(p.Heap), mb(p.Resident), 100*p.GC)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "one\tof\tbytes\tformula\tat most\t\t")
	formula := 0.0
	for _, u := range p.Units {
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%.1f\t%.0f\t%s\n", u.Name, u.Count, u.Measured, u.Formula, u.Most, u.Text)
		formula += float64(u.Count) * u.Formula
	}
	t.Flush()
	fmt.Fprintf(w, "by the formulas %.0f MB\n", formula/1e6)
	fmt.Fprint(w, "by model, MB:")
	for _, name := range slices.Sorted(maps.Keys(p.Bytes)) {
		fmt.Fprintf(w, " %s %.1f", name, mb(p.Bytes[name]))
	}
	s := p.Snapshot
	_, err := fmt.Fprintf(w, "\nsnapshot %.0f MB: stall %s to freeze; longest batch of 256 events %s while it was written (%s before); durable after %s, %d events meanwhile; restored in %s\n",
		float64(s.Bytes)/1e6, s.Freeze, s.Batch, s.Before, s.Write, s.Meanwhile, s.Restore)
	return err
}

// Plot draws the memory of the sizes by model, as .png or .svg.
func (r *Result) Plot(file string) error {
	p := chart.New("State by size of the shop", "events applied, millions", "megabytes")
	p.Y.Min = 0
	points := make(plotter.XYs, len(r.Points))
	for i, x := range r.Points {
		points[i] = plotter.XY{X: float64(x.Events) / 1e6, Y: float64(x.State) / 1e6}
	}
	line, marks, err := plotter.NewLinePoints(points)
	if err != nil {
		return fmt.Errorf("cannot plot: %w", err)
	}
	p.Add(line, marks)
	return chart.Save(p, file)
}
