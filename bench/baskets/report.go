package baskets

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"orrery/bench/chart"
)

// MarshalJSON writes the figures by their names: "hr@10", "hr@10_95", "hr@10_delta".
func (f Figures) MarshalJSON() ([]byte, error) {
	m := map[string]any{"recipe": f.Recipe, "n": f.N, "query_us": f.Query, "train_s": f.Train}
	for _, v := range f.Values {
		m[v.Name], m[v.Name+"_95"], m[v.Name+"_delta"] = v.Mean, v.In, v.Delta
	}
	return json.Marshal(m)
}

// JSON writes the result as one object.
func (r *Result) JSON(dst io.Writer) error {
	e := json.NewEncoder(dst)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Text writes the result as an aligned table with the definitions below it. Rates are in per cent.
func (r *Result) Text(dst io.Writer) error {
	d := r.Dataset
	if d.Columns != "" {
		fmt.Fprintln(dst, d.Columns)
	}
	fmt.Fprintf(dst, "%s, %s: %d baskets or customers, %d entries, %d items; %d test cases of %d baskets or customers\n\n",
		d.Name, r.Protocol, d.Baskets, d.Entries, d.Items, d.Cases, d.Groups)
	w := tabwriter.NewWriter(dst, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "recipe\t")
	for _, m := range r.metrics {
		fmt.Fprintf(w, "%s %%\t+-\t- %s\t", m.name(), r.Baseline)
	}
	fmt.Fprint(w, "p50 us\tp90\tp99\tlearn s\t\n")
	for _, f := range r.Results {
		fmt.Fprintf(w, "%s\t", f.Recipe)
		for _, v := range f.Values {
			star := ""
			if v.Delta.Low > 0 || v.Delta.High < 0 {
				star = "*"
			}
			fmt.Fprintf(w, "%.2f\t%.2f\t%+.2f%s\t", 100*v.Mean, 50*(v.In.High-v.In.Low), 100*v.Delta.Mean, star)
		}
		fmt.Fprintf(w, "%.0f\t%.0f\t%.0f\t%.1f\t\n", f.Query.P50, f.Query.P90, f.Query.P99, f.Train)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(dst, "\npeak memory %.0f MiB", float64(r.PeakBytes)/(1<<20))
	if r.Command != "" {
		fmt.Fprintf(dst, "; command: %s", r.Command)
	}
	fmt.Fprint(dst, "\n* the 95 % interval of the paired difference leaves out 0\n")
	for _, name := range slices.Sorted(maps.Keys(r.Definitions)) {
		fmt.Fprintf(dst, "%s: %s\n", name, r.Definitions[name])
	}
	return nil
}

// Plot writes a bar chart of the figures by recipe with their intervals to a file; its ending says the format.
func (r *Result) Plot(path string) error {
	names, series := make([]string, len(r.Results)), make([]chart.Series, len(r.metrics))
	for i, f := range r.Results {
		names[i] = f.Recipe
		for k, v := range f.Values {
			series[k].Name = v.Name
			series[k].Bars = append(series[k].Bars, chart.Bar{Value: 100 * v.Mean, Low: 100 * v.In.Low, High: 100 * v.In.High})
		}
	}
	return chart.SaveBars(r.Dataset.Name+": "+r.Protocol, "per cent", names, series, path)
}
