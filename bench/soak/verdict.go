package soak

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"gonum.org/v1/plot/plotter"

	"orrery/bench/chart"
)

// Verdict compares the second half of a run with the first, both without the warm-up.
type Verdict struct {
	What   string  `json:"what"`
	First  float64 `json:"first_half"` // medians
	Second float64 `json:"second_half"`
	Limit  float64 `json:"limit"` // of the second half
	Flat   bool    `json:"flat"`
}

// warmupShare is the part of the samples that is left out, one in so many: caches fill, vectors are trained.
const warmupShare = 5

// What the second half may have more than the first: a share of it, and a little that is noise in small numbers.
const (
	growResident, spareResident = 1.10, 16e6 // beside the state, which goes on to fill up to its bounds
	growCount, spareCount       = 1.05, 8    // goroutines and handles
	growLatency, spareLatency   = 1.50, 1000 // us, on a machine that does other things as well
)

// judge compares the halves. A run of fewer than four samples is not judged, and not flat.
func (r *Result) judge() {
	rest := r.Samples[len(r.Samples)/warmupShare:]
	if len(rest) < 4 {
		return
	}
	first, second := rest[:len(rest)/2], rest[len(rest)/2:]
	r.Flat = true
	compare := func(what string, grow, spare float64, get func(*Sample) float64) {
		v := Verdict{What: what, First: median(first, get), Second: median(second, get)}
		v.Limit = v.First*grow + spare
		v.Flat = v.Second <= v.Limit
		r.Verdicts, r.Flat = append(r.Verdicts, v), r.Flat && v.Flat
	}
	compare("resident bytes beside the state", growResident, spareResident, func(s *Sample) float64 {
		return max(0, float64(s.Resident)-float64(s.State))
	})
	compare("goroutines", growCount, spareCount, func(s *Sample) float64 { return float64(s.Goroutines) })
	compare("file handles", growCount, spareCount, func(s *Sample) float64 { return float64(s.Files) })
	compare("p50 us", growLatency, spareLatency, func(s *Sample) float64 { return s.P50 })
	compare("p99 us", growLatency, spareLatency, func(s *Sample) float64 { return s.P99 })
	errors := Verdict{What: "errors", Flat: true}
	for i := range r.Samples {
		errors.Second += float64(r.Samples[i].Errors)
	}
	errors.Flat = errors.Second == 0
	r.Verdicts, r.Flat = append(r.Verdicts, errors), r.Flat && errors.Flat
}

func median(samples []Sample, get func(*Sample) float64) float64 {
	var v []float64
	for i := range samples {
		v = append(v, get(&samples[i]))
	}
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// WriteText writes the result for people.
func (r *Result) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n%d products, %d visitors, %d events in the state; then %.0f requests/s of the mix and %.0f events/s (%.0f acknowledged); driver on the same machine\n\n",
		r.Head.String(), r.Site.Products, r.Site.Visitors, r.Before, r.Frames, r.Events, r.Acked)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "s\tresident MB\tstate MB\theap MB\tgoroutines\tfiles\tcores\tevents\trequests\tp50 us\tp99 us\tmax us\terrors\t")
	for _, s := range r.Samples {
		fmt.Fprintf(t, "%.0f\t%.0f\t%.0f\t%.0f\t%d\t%d\t%.2f\t%d\t%d\t%.0f\t%.0f\t%.0f\t%d\t\n", s.Seconds, float64(s.Resident)/1e6, float64(s.State)/1e6, float64(s.Heap)/1e6,
			s.Goroutines, s.Files, s.CPU, s.Events, s.Frames, s.P50, s.P99, s.Max, s.Errors)
	}
	t.Flush()
	if len(r.Verdicts) == 0 {
		_, err := fmt.Fprintln(w, "\ntoo short to be judged")
		return err
	}
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\nmedian, the first 1/%d of the time left out\tfirst half\tsecond half\tlimit\tflat\t\n", warmupShare)
	for _, v := range r.Verdicts {
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.0f\t%t\t\n", v.What, v.First, v.Second, v.Limit, v.Flat)
	}
	t.Flush()
	_, err := fmt.Fprintf(w, "flat: %t\n", r.Flat)
	return err
}

// Plot draws memory and latency over time, each as a share of its largest value, as .png or .svg.
func (r *Result) Plot(file string) error {
	p := chart.New("A server under a steady load", "minutes", "share of the largest value")
	p.Y.Min = 0
	for i, c := range []struct {
		name string
		get  func(*Sample) float64
	}{
		{"resident memory", func(s *Sample) float64 { return float64(s.Resident) }},
		{"state", func(s *Sample) float64 { return float64(s.State) }},
		{"p99", func(s *Sample) float64 { return s.P99 }},
	} {
		points := make(plotter.XYs, len(r.Samples))
		most := 1.0
		for k := range r.Samples {
			points[k] = plotter.XY{X: r.Samples[k].Seconds / 60, Y: c.get(&r.Samples[k])}
			most = max(most, points[k].Y)
		}
		for k := range points {
			points[k].Y /= most
		}
		if _, err := chart.Add(p, c.name, i, points); err != nil {
			return err
		}
	}
	return chart.Save(p, file)
}
