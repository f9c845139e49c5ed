package models

// Intent is how likely a visitor is to buy within the running session, which ends with a silence.
type Intent struct {
	Probability float64
	Gate        string // why no model speaks; empty where one does. Then Probability is the base rate.
	Began, Last Time   // the session's first and newest event
	Quality     IntentQuality
	Bin         CalibrationBin // forecasts like this one: how many, what they said, what came
	Because     []IntentReason // what moves the forecast most, empty behind a gate
}

// IntentReason is a feature of a session and what it does to the forecast.
type IntentReason struct {
	Feature string
	Value   float64 // as people count it: events, minutes, days, money
	Effect  float64 // on the log-odds, against the average of all forecasts
}

// IntentQuality is how forecasts of purchases within a session have done that were made before anybody knew: a sample of
// them, each judged when its session had ended.
type IntentQuality struct {
	Outcomes  uint64  // forecasts whose outcome is known
	Purchases uint64  // of them with a purchase
	Sessions  uint64  // sessions that they are from
	Buying    uint64  // of them with a purchase after a forecast
	BaseRate  float64 // share of purchases, what is said behind the gate
	LogLoss   float64 // of the model, in nats; old forecasts fade
	BaseLoss  float64 // of the base rate of the moment, over the same forecasts
	ECE       float64 // over Bins
	Bins      []CalibrationBin
	Gate      string // why the model does not speak; empty where it does
}
