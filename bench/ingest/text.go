package ingest

import (
	"fmt"
	"io"
	"text/tabwriter"

	"gonum.org/v1/plot/plotter"

	"orrery/bench/chart"
)

// WriteText writes the result for people.
func (r *Result) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%d events of %d bytes, the first %d of them fill the state without Kafka; %d products, %d visitors; broker in the process, synced: %t\n\n",
		r.Head.String(), r.Events, r.Bytes, r.Prefill, r.Items, r.Visitors, r.Synced)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "partitions\t\tevents/s\tof raw fetch\tCPU us an event\trounds\t")
	for i := range r.Runs {
		r.Runs[i].writeText(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, run := range r.Runs {
		fmt.Fprintf(w, "\nCPU time of the pipeline at %d partitions, by profile\n", run.Partitions)
		if err := writeStages(w, run.Stages); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "\nOne thread without Kafka, its own CPU time: decode %.2f us, apply %.2f us an event\n", r.Direct.Decode, r.Direct.Apply)
	if err := writeStages(w, r.Direct.Stages); err != nil {
		return err
	}
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\nevents\tapply us\tstate MB\t")
	for _, p := range r.Direct.Curve {
		fmt.Fprintf(t, "%d\t%.2f\t%.0f\t\n", p.Events, p.Apply, float64(p.Bytes)/1e6)
	}
	return t.Flush()
}

func (r *Run) writeText(w io.Writer) {
	row := func(name string, s Speed, ratio float64) {
		of := ""
		if ratio > 0 {
			of = fmt.Sprintf("%.2f", ratio)
		}
		rounds := ""
		for _, v := range s.Rounds {
			rounds += fmt.Sprintf(" %.0f", v/1e3)
		}
		fmt.Fprintf(w, "%d\t%s\t%.0f\t%s\t%.2f\t%s k\t\n", r.Partitions, name, s.PerSecond, of, s.CPU, rounds)
	}
	row("produce", r.Produce, 0)
	row("raw fetch", r.Raw, 1)
	row("fetch and decode", r.Decode, r.DecodeRatio)
	row("pipeline", r.Pipeline, r.PipelineRatio)
}

func writeStages(w io.Writer, stages []Stage) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range stages {
		fmt.Fprintf(t, "  %s\t%5.1f %%\t%.3f us\n", s.Name, 100*s.Share, s.CPU)
	}
	return t.Flush()
}

// Plot draws the cost of an event over the number of events applied, as .png or .svg.
func (r *Result) Plot(file string) error {
	p := chart.New("Cost of an event as the state grows", "events applied, millions", "CPU time to apply one, microseconds")
	p.Y.Min = 0
	points := make(plotter.XYs, len(r.Direct.Curve))
	for i, c := range r.Direct.Curve {
		points[i] = plotter.XY{X: float64(c.Events) / 1e6, Y: c.Apply}
	}
	if _, err := chart.Add(p, "", 0, points); err != nil {
		return err
	}
	return chart.Save(p, file)
}
