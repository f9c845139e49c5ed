// Package contacts is the backtest of customer forecasts: it reads a purchase log, fits the models of churn/btyd and
// lets churn/forecast choose one on the calibration period, and compares with what each customer bought in the holdout
// period. The code that forecasts is the one that serves.
package contacts

import (
	"io"
	"time"

	"orrery/bench/calibration"
	"orrery/stream/files"
)

// Config is what to read and where to cut.
type Config struct {
	File           string
	CalibrationEnd time.Time // last day of the calibration period
	HoldoutEnd     time.Time // last day of the holdout period
	// ID, Time and Value name columns by the header, or by number from 1 on where the file has none. Empty ones are looked
	// for under usual names. Value may be a product of two columns ("Quantity*UnitPrice"), and may be absent.
	ID, Time, Value string
	Dialect         files.Config // how the file is written; told from it where empty
	Unit            float64      // days per unit of model time; 7 where 0
	Command         string       // as typed, for the record
	Progress        io.Writer
}

// Result is everything that a run has found; its JSON form is what "orrery backtest contacts --json" prints.
type Result struct {
	Command     string            `json:"command"`
	Definitions map[string]string `json:"definitions"`
	Dataset     Dataset           `json:"dataset"`
	Models      []ModelResult     `json:"models"`
	Default     ModelResult       `json:"default"`
	Candidates  []Candidate       `json:"candidates"`
	Baselines   []ModelResult     `json:"baselines"`
	Spend       *Spend            `json:"spend,omitempty"`
	ByRepeats   []ByRepeats       `json:"by_repeats"`
}

// Dataset says what was read.
type Dataset struct {
	File        string  `json:"file"`
	Columns     string  `json:"columns"` // what was taken from which
	Rows        int     `json:"rows"`
	Skipped     int     `json:"skipped"` // rows without customer, date or positive value
	Days        int     `json:"customer_days"`
	Customers   int     `json:"customers"` // with a purchase in calibration
	Repeaters   int     `json:"repeaters"`
	Repeats     int     `json:"repeats"`
	Distinct    int     `json:"distinct_histories"`
	Calibration string  `json:"calibration_end"`
	Holdout     string  `json:"holdout_end"`
	Horizon     float64 `json:"horizon"` // of the holdout, in model time
	HoldoutDays int     `json:"holdout_days"`
	Active      float64 `json:"holdout_active"` // share of customers with a purchase in holdout
}

// ModelResult is a row of the tables.
type ModelResult struct {
	Model   string             `json:"model"`
	Params  map[string]float64 `json:"params,omitempty"`
	LL      float64            `json:"ll,omitempty"`
	FitMS   float64            `json:"fit_ms,omitempty"`
	Holdout Holdout            `json:"holdout"`
	Windows []WindowScore      `json:"windows,omitempty"`
	Query   *Quantiles         `json:"query_us,omitempty"` // alive, P(buy) and expectation of one contact
	Why     string             `json:"why,omitempty"`
	Factor  float64            `json:"factor,omitempty"`
}

// Holdout compares the whole holdout period. MAE of the default is that of its whole-number forecast, whose total Bias
// is given too; of all others that of the expectation. MAEExpected and MAEWhole have both for every row.
type Holdout struct {
	N           int                  `json:"n"`
	MAE         float64              `json:"mae"`
	MAEInterval calibration.Interval `json:"mae_interval"`
	MAEExpected float64              `json:"mae_expected"`
	MAEWhole    float64              `json:"mae_whole,omitempty"`
	// What the mean absolute errors of expectation and whole number would be on the average if the model were true.
	ImpliedExpected float64 `json:"mae_expected_implied,omitempty"`
	ImpliedWhole    float64 `json:"mae_whole_implied,omitempty"`

	RMSE    float64 `json:"rmse"` // of the expectation, like corr
	Corr    float64 `json:"corr"`
	Total   float64 `json:"total"`
	Bias    float64 `json:"bias"`
	LogLoss float64 `json:"logloss,omitempty"`
	Brier   float64 `json:"brier,omitempty"`
	AUC     float64 `json:"auc,omitempty"`
	ECE     float64 `json:"ece,omitempty"`
	// LogLossGain is the paired difference of log loss to bg/nbd, negative where better.
	LogLossGain *calibration.Interval `json:"logloss_vs_bgnbd,omitempty"`
	Reliability []calibration.Bin     `json:"reliability,omitempty"`

	losses, errors []float64
	whole          calibration.Amounts
}

// WindowScore judges P(buy) over a shorter window.
type WindowScore struct {
	Days    int     `json:"days"`
	Base    float64 `json:"base"`
	Brier   float64 `json:"brier"`
	LogLoss float64 `json:"logloss"`
	AUC     float64 `json:"auc"`
	ECE     float64 `json:"ece"`
}

// Quantiles of a time, in microseconds.
type Quantiles struct {
	P50 float64 `json:"p50"`
	P90 float64 `json:"p90"`
	P99 float64 `json:"p99"`
}

// Candidate is a model that the default was chosen from.
type Candidate struct {
	Model    string    `json:"model"`
	Recent   bool      `json:"recent"`
	LogScore float64   `json:"log_score"`
	Ratios   []float64 `json:"actual_over_expected"` // in the closed windows
}

// Spend judges Gamma-Gamma, and the revenue forecast of the default.
type Spend struct {
	Params     map[string]float64 `json:"params"`
	LL         float64            `json:"ll"`
	Buyers     int                `json:"buyers"` // in holdout
	MAE        float64            `json:"mae"`    // mean spend per purchase day of holdout buyers
	MAEConst   float64            `json:"mae_population_mean"`
	RMSE       float64            `json:"rmse"`
	Corr       float64            `json:"corr"`
	RevenueMAE map[string]float64 `json:"revenue_mae"` // revenue per customer: expectation times expected spend
	Revenue    map[string]float64 `json:"revenue_corr"`
	Bias       map[string]float64 `json:"revenue_bias"`
	Total      float64            `json:"revenue_total"`
}

// ByRepeats is the mean number of holdout purchases by calibration repeats; the last row holds 7 and more.
type ByRepeats struct {
	X        int                `json:"x"`
	N        int                `json:"n"`
	Actual   float64            `json:"actual"`
	Forecast map[string]float64 `json:"forecast"`
}
