package intent

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// WriteText writes the result for people.
func (r *Result) WriteText(w io.Writer) error {
	d := r.Dataset
	fmt.Fprintf(w, "%s: %d sessions, %d with a purchase (%.4f), %d features; %d sessions later than the time split\n\n",
		d.File, d.Rows, d.Positives, float64(d.Positives)/float64(d.Rows), len(d.Features), d.Later)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "model\tprotocol\twithout\tn\tAUC\tPR-AUC\tBrier\tlog loss\tinterval\tECE\ttrain ms\tquery us")
	for _, s := range r.Results {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%.4f\t%.4f\t%.4f\t%.4f\t[%.4f %.4f]\t%.4f\t%.0f\t%.2f\n", s.Model, s.Protocol, s.Without, s.N,
			s.AUC, s.PRAUC, s.Brier, s.LogLoss, s.LogLossInterval.Low, s.LogLossInterval.High, s.ECE, s.TrainMS, s.QueryUS)
	}
	t.Flush()
	fmt.Fprintln(w)
	for _, k := range []string{"auc", "prauc", "brier", "logloss", "ece"} {
		fmt.Fprintf(w, "%-8s %s\n", k, r.Definitions[k])
	}
	_, err := fmt.Fprintln(w, "interval 95 %: bootstrap over sessions, 1,000 Poisson replicates, fixed seed")
	return err
}
