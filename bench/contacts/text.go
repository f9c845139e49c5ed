package contacts

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"orrery/bench/calibration"
)

// WriteText writes the result for people: aligned tables, and the definitions of the figures below them.
func (r *Result) WriteText(w io.Writer) error {
	d := r.Dataset
	fmt.Fprintf(w, "%s: %s\n%d rows (%d without customer, date or positive value), %d customer days\n", d.File, d.Columns, d.Rows, d.Skipped, d.Days)
	fmt.Fprintf(w, "calibration to %s: %d customers, %d with repeats, %d repeat days, %d distinct histories\n",
		d.Calibration, d.Customers, d.Repeaters, d.Repeats, d.Distinct)
	fmt.Fprintf(w, "holdout to %s (%.2f units of time): %d purchase days, %.4f of the customers active\n\n",
		d.Holdout, d.Horizon, d.HoldoutDays, d.Active)
	r.writeModels(w)
	fmt.Fprintf(w, "\ndefault: %s\n", r.Default.Why)
	fmt.Fprintf(w, "if the default's model were true, the mean absolute error would be %.4f of its expectations and %.4f of its whole numbers\n\n",
		r.Default.Holdout.ImpliedExpected, r.Default.Holdout.ImpliedWhole)
	r.writeWindows(w)
	r.writeByRepeats(w)
	r.writeSpend(w)
	for _, k := range slices.Sorted(maps.Keys(r.Definitions)) {
		fmt.Fprintf(w, "%-8s %s\n", k, r.Definitions[k])
	}
	fmt.Fprintf(w, "%-8s %s\n", "whole", "whole-number forecasts of the expected total: what mae and bias of the default mean; of the others mae and bias are of the expectation")
	_, err := fmt.Fprintf(w, "%-8s %s\n", "interval", "95 %: bootstrap over customers, 1,000 Poisson replicates, fixed seed")
	return err
}

func (r *Result) rows() []ModelResult {
	def := r.Default
	def.Model = "default (" + def.Model + ")"
	return slices.Concat(r.Models, []ModelResult{def}, r.Baselines)
}

func (r *Result) writeModels(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "model\tparameters\tLL\ttotal\tbias\tMAE\tMAE interval\tMAE expected\tMAE whole\tRMSE\tcorr\tlog loss\tagainst bg/nbd\tAUC\tECE\tfit ms\tquery us")
	for _, m := range r.rows() {
		h := m.Holdout
		fmt.Fprintf(t, "%s\t%s\t%s\t%.0f\t%+.3f\t%.4f\t%s\t%.4f\t%s\t%.4f\t%.4f\t", m.Model, parameters(m), number(m.LL, 3),
			h.Total, h.Bias, h.MAE, interval(h.MAEInterval), h.MAEExpected, number(h.MAEWhole, 4), h.RMSE, h.Corr)
		gain := ""
		if h.LogLossGain != nil {
			gain = interval(*h.LogLossGain)
		}
		query := ""
		if m.Query != nil {
			query = fmt.Sprintf("%.2f %.2f %.2f", m.Query.P50, m.Query.P90, m.Query.P99)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", number(h.LogLoss, 4), gain, number(h.AUC, 4), number(h.ECE, 4), number(m.FitMS, 1), query)
	}
	t.Flush()
}

func interval(i calibration.Interval) string { return fmt.Sprintf("[%.4f %.4f]", i.Low, i.High) }

func number(v float64, digits int) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf("%.*f", digits, v)
}

func parameters(m ModelResult) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m.Params)) {
		parts = append(parts, fmt.Sprintf("%s %.5g", k, m.Params[k]))
	}
	return strings.Join(parts, ", ")
}

func (r *Result) writeWindows(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "P(buy within)\tmodel\tbase\tBrier\tlog loss\tAUC\tECE")
	for i := range r.Default.Windows {
		for _, m := range r.rows() {
			if i < len(m.Windows) {
				s := m.Windows[i]
				fmt.Fprintf(t, "%d days\t%s\t%.4f\t%.5f\t%.5f\t%.4f\t%.4f\n", s.Days, m.Model, s.Base, s.Brier, s.LogLoss, s.AUC, s.ECE)
			}
		}
	}
	t.Flush()
	fmt.Fprintln(w)
}

func (r *Result) writeByRepeats(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "repeats\tcustomers\tactual mean")
	var names []string
	if len(r.ByRepeats) > 0 {
		names = slices.Sorted(maps.Keys(r.ByRepeats[0].Forecast))
	}
	fmt.Fprintln(t, "\t"+strings.Join(names, "\t"))
	for _, row := range r.ByRepeats {
		fmt.Fprintf(t, "%d\t%d\t%.3f", row.X, row.N, row.Actual)
		for _, n := range names {
			fmt.Fprintf(t, "\t%.3f", row.Forecast[n])
		}
		fmt.Fprintln(t)
	}
	t.Flush()
	fmt.Fprintln(w)
}

func (r *Result) writeSpend(w io.Writer) {
	s := r.Spend
	if s == nil {
		return
	}
	fmt.Fprintf(w, "spend: gamma-gamma p %.5g, q %.5g, v %.5g, LL %.4f; %d holdout buyers: MAE %.2f (population mean %.2f), RMSE %.2f, corr %.3f\n",
		s.Params["p"], s.Params["q"], s.Params["v"], s.LL, s.Buyers, s.MAE, s.MAEConst, s.RMSE, s.Corr)
	for _, n := range slices.Sorted(maps.Keys(s.RevenueMAE)) {
		fmt.Fprintf(w, "revenue by %s: MAE %.2f, corr %.3f, total %+.3f of %.0f\n", n, s.RevenueMAE[n], s.Revenue[n], s.Bias[n], s.Total)
	}
	fmt.Fprintln(w)
}
