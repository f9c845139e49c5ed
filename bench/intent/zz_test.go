package intent

import (
	"fmt"
	"os"
	"testing"

	"orrery/churn/intent"
)

func TestZZ(t *testing.T) {
	tab, err := readTable("/work/shared/data/intent/online_shoppers_intention.csv", "Revenue")
	if err != nil { t.Fatal(err) }
	configs := []intent.Boosting{
		{},
		{Bags: 4},
		{Leaves: 8, Rounds: 400},
		{Leaves: 12, Columns: 0.6},
		{Leaves: 16, Columns: 0.5, Rounds: 350},
		{Leaves: 8, Columns: 0.5, Rounds: 500},
		{Least: 5, Ridge: 5},
		{Least: 4, Columns: 0.5, Rows: 0.7, Bags: 3},
		{Leaves: 24, Least: 4, Columns: 0.5, Rows: 0.7},
		{Rate: 0.015, Rounds: 500, Columns: 0.6, Rows: 0.7},
	}
	for _, c := range configs {
		s := tab.outOfFold(learner{"b", func(rows [][]float64, y []bool) func([]float64) float64 { return intent.Boost(rows, y, c).Logit }}, 10)
		fmt.Fprintf(os.Stdout, "%+v: %.4f %.4f %.4f  %.0f ms\n", c, s.LogLoss, s.AUC, s.ECE, s.TrainMS)
	}
}
