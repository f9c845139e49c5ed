package sessions

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"orrery/bench/chart"
	"orrery/bench/metric"
)

// MarshalJSON writes the figures with the length of the lists in their names: "hr@20".
func (f Figures) MarshalJSON() ([]byte, error) {
	at := func(name string) string { return fmt.Sprintf("%s@%d", name, f.K) }
	m := map[string]any{
		"recipe": f.Recipe, "n": f.N, "query_us": f.Query, "train_s": f.Train,
		at("hr"): f.HR, at("mrr"): f.MRR, at("ndcg"): f.NDCG, at("recall"): f.HR, at("coverage"): f.Coverage, at("popularity"): f.Popularity,
		at("hr") + "_95": f.HR95, at("mrr") + "_95": f.MRR95,
		at("hr") + "_delta": f.DeltaHR, at("mrr") + "_delta": f.DeltaMRR,
	}
	if f.Bytes > 0 {
		m["bytes"] = f.Bytes
	}
	return json.Marshal(m)
}

// Text writes the result as an aligned table with the definitions below it. Rates are in per cent.
func (r *Result) Text(dst io.Writer) error {
	d := r.Dataset
	if d.Columns != "" {
		fmt.Fprintln(dst, d.Columns)
	}
	fmt.Fprintf(dst, "%s: %d training sessions (%d clicks), %d test cases of %d sessions, %d items\n\n",
		d.Name, d.TrainSessions, d.TrainClicks, d.TestCases, d.TestSessions, d.Items)
	k := 0
	if len(r.Results) > 0 {
		k = r.Results[0].K
	}
	w := tabwriter.NewWriter(dst, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "recipe\tHR@%d %%\t+-\tMRR@%d %%\t+-\tNDCG@%d\tHR - %s\tMRR - %s\tcoverage\tpopularity\tp50 us\tp90\tp99\t\n", k, k, k, r.Baseline, r.Baseline)
	for _, f := range r.Results {
		fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%s\t%s\t%.3f\t%.3f\t%.0f\t%.0f\t%.0f\t\n",
			f.Recipe, 100*f.HR, half(f.HR95), 100*f.MRR, half(f.MRR95), 100*f.NDCG, delta(f.DeltaHR), delta(f.DeltaMRR),
			f.Coverage, f.Popularity, f.Query.P50, f.Query.P90, f.Query.P99)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, c := range r.References {
		fmt.Fprintf(dst, "%s against %s's lists, n = %d: HR %.2f against %.2f, MRR %.2f against %.2f, %.0f %% of its first %d among ours, same first item in %.0f %%\n",
			c.Recipe, c.Reference, c.N, 100*c.HR, 100*c.ReferenceHR, 100*c.MRR, 100*c.ReferenceMRR, 100*c.Overlap, k, 100*c.SameFirst)
	}
	fmt.Fprintf(dst, "\npeak memory %.0f MiB", float64(r.PeakBytes)/(1<<20))
	if r.Command != "" {
		fmt.Fprintf(dst, "; command: %s", r.Command)
	}
	fmt.Fprint(dst, "\n* the 95 % interval of the paired difference leaves out 0\n")
	names := make([]string, 0, len(r.Definitions))
	for name := range r.Definitions {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(dst, "%s: %s\n", name, r.Definitions[name])
	}
	return nil
}

func half(i metric.Interval) float64 { return 50 * (i.High - i.Low) }

// delta is a difference in points, with a star if its interval leaves out 0.
func delta(d metric.Difference) string {
	star := ""
	if d.Low > 0 || d.High < 0 {
		star = "*"
	}
	return fmt.Sprintf("%+.2f%s", 100*d.Mean, star)
}

// JSON writes the result as one object.
func (r *Result) JSON(dst io.Writer) error {
	e := json.NewEncoder(dst)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Plot writes a bar chart of hit rate and MRR by recipe with their intervals to a file; its ending says the format.
func (r *Result) Plot(path string) error {
	names := make([]string, len(r.Results))
	hits, ranks := chart.Series{Name: "hit rate"}, chart.Series{Name: "MRR"}
	for i, f := range r.Results {
		names[i] = f.Recipe
		hits.Bars = append(hits.Bars, chart.Bar{Value: 100 * f.HR, Low: 100 * f.HR95.Low, High: 100 * f.HR95.High})
		ranks.Bars = append(ranks.Bars, chart.Bar{Value: 100 * f.MRR, Low: 100 * f.MRR95.Low, High: 100 * f.MRR95.High})
	}
	return chart.SaveBars(r.Dataset.Name+": next item among all items", "per cent", names, []chart.Series{hits, ranks}, path)
}
