package models

// Intent is how likely a visitor is to buy within the running session, which ends with a silence.
type Intent struct {
	Probability float64
	Gate        string // why no model speaks; empty where one does. Then Probability is the base rate.
	Began, Last Time   // the session's first and newest event
	Quality     IntentQuality
	Bin         CalibrationBin  // forecasts like this one: how many, what they said, what came
	Because     []IntentReason  // what moves the forecast most, empty behind a gate
	Product     *ProductIntent  // of the product looked at last in the session; nil without one
	Shelf       *CategoryIntent // the category that comes next; nil where no category is known
}

// ProductIntent is how likely a visitor is to buy the product looked at last, within the running session.
type ProductIntent struct {
	Product     []byte
	At          Time
	Probability float64
	Gate        string // as Intent's
	Quality     IntentQuality
	Bin         CalibrationBin

	// Evidence: the product's views and orders so far; whether it lies in the cart, was viewed before, and was bought before.
	Views, Orders        uint64
	InCart, Again, Owned bool
}

// CategoryIntent is which category a visitor will look at next.
type CategoryIntent struct {
	From    []byte // category of the product looked at last
	Next    []CategoryChance
	Gate    string // why what is said are the shop's shares; empty where a model speaks
	Quality CategoryQuality
}

// CategoryChance is a category and how likely it is to be the next.
type CategoryChance struct {
	Category    []byte
	Probability float64
	Moves       uint64 // of visitors from the same category to this one, as far as they are remembered
}

// CategoryQuality is how forecasts of the next category have done that were made before anybody knew.
type CategoryQuality struct {
	Outcomes uint64
	LogLoss  float64 // in nats; old forecasts fade
	BaseLoss float64 // of the shop's shares of views
	Hits     float64 // share of forecasts whose likeliest category came
	BaseHits float64 // the same of the category that the visitor is in: who stays
	MoveHits float64 // of those who went elsewhere, the share that went to the likeliest category elsewhere
	MoveBase float64 // and to the one with most views
}

// Outlook is how likely a person is to buy within 7 and within 28 days.
type Outlook struct {
	Within  [2]float64
	Gate    string // why no model speaks; empty where one does. Then Within are base rates.
	Quality [2]IntentQuality
	Bin     [2]CalibrationBin
	Because []IntentReason
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
