package models

// Customer is what purchases say about a contact at one moment, with the evidence. Days are moments at midnight UTC.
type Customer struct {
	First, Last Time   // purchase days
	Days        uint32 // distinct purchase days
	Orders      uint32
	Spent       Money   // in Currency; orders in other currencies count as orders, not as money
	Currency    string  // the shop's main one, "XXX" where no order has named one
	Gap         float64 // median days between purchases; 0 with less than two

	Age        int32      // days since the last purchase: what R scores
	Score      [3]uint8   // R, F, M: 1 (worst) to 5
	Percentile [3]float64 // mid-ranks among all customers of the shop, 0 to 1
	Segment    string     // with hysteresis: the one that changes are told of

	// Forecast. Where Gate is not empty it says why no model speaks: Buy7 and Buy28 are then base rates of BaseN customers,
	// those like this one or, where they are few, all; and the rest is not known.
	Gate  string
	BaseN int
	Band  uint8   // 0: Alive is 0.7 or more, 1: 0.4 or more, 2: 0.2 or more, 3: less
	Alive float64 // probability of being a customer still
	Buy7  float64 // probability of a purchase within 7 days
	Buy28 float64
	Year  float64 // expected purchase days within 365 days
	Order float64 // expected amount of the next purchase day
	Value float64 // expected spend within 365 days
	Next  float64 // days from now by which the next purchase has come with probability 1/2; +Inf where it may never
	Late  float64 // days past the personal rhythm: past the 80 % quantile of the gap; negative before
}

// RFM is the customer base of a shop by recency, frequency and money.
type RFM struct {
	Shop      string
	Day       Time // of the recency edges
	Customers uint32
	Currency  string
	Foreign   uint64       // orders in other currencies, whose money is left out
	Young     bool         // the shop's first order is so new that recency says nothing yet
	Grid      [5][5]uint32 // customers by recency and frequency score, each 1..5, as profiles say them
	Segments  [5][5]string // their names
	Recency   [4]int32     // at most so many days since the last purchase: score 2, 3, 4, 5; -1 where nobody has it
	Frequency [4]uint32    // at least so many orders: score 2, 3, 4, 5; 0 where nobody has it
	Monetary  [4]float64   // at least so much spent: score 2, 3, 4, 5; -1 where nobody has it
}

// Param is a parameter of a model by its published symbol.
type Param struct {
	Name  string
	Value float64
}

// CustomerModels is what forecasts of a shop's customers are made of.
type CustomerModels struct {
	Shop          string
	Customers     uint32
	Gate          string // why no model speaks; empty where one does
	Fitted        Time   // the day up to which purchases were learned from; 0 before the first fit
	Model         string
	Params        []Param
	LogLikelihood float64
	Recent        bool    // fitted to the recent half of the time
	Why           string  // why this model
	Factor        float64 // of its totals, from the closed windows
	Spend         []Param // of the gamma-gamma model of amounts; nil where it does not hold
	SpendLL       float64
	Candidates    []ModelCandidate
	BaseRate      float64 // share of customers that bought within the 28 days before the fit
	BaseOf        int     // how many there were at the start of these days
	Calibration   *Calibration
	Intent        *IntentQuality   // of forecasts of purchases within running sessions; nil before the first
	Outlook       []IntentQuality  // of purchases within 7 and 28 days, from behaviour; nil before the first
	Product       *IntentQuality   // of purchases of the product that is looked at; nil before the first
	Shelf         *CategoryQuality // of the category that is looked at next; nil before the first
}

// FitState is how the models of a shop's customers stand to what has been bought.
type FitState struct {
	State  string // one of the constants
	Reason string // in a sentence
}

// The states.
const (
	FitCurrent = "current" // learned from all, or from all but a little
	FitLearns  = "learning"
	FitWaits   = "waiting" // much is new to them
	FitGated   = "gated"   // there is too little to learn from
	FitRefused = "refused" // the newest fit is worse than the models in use
	FitFailed  = "failed"
)

// ModelCandidate is a model that was tried.
type ModelCandidate struct {
	Model    string
	Recent   bool
	LogScore float64 // log-likelihood of what came in the closed windows, in nats
	Windows  []ClosedWindow
}

// ClosedWindow is a time of the past: the purchase days that came in it, and that were expected at its start.
type ClosedWindow struct {
	From, To         Time
	Actual, Expected float64
}

// Calibration compares what a fit would have said Days days before the newest choice of a model with what came since: the
// probability of a purchase within these days, for all customers, in bins of equal counts.
type Calibration struct {
	From      Time
	Days      int
	Model     string
	Customers int
	LogLoss   float64
	BaseLoss  float64 // log loss of the base rates of the customers' cells at that time
	ECE       float64
	Bins      []CalibrationBin
}

// CalibrationBin is some customers with similar probabilities.
type CalibrationBin struct {
	Customers           int
	Predicted, Observed float64 // means
}

// CustomerChange is a transition of a contact: to another segment, or to another band of the probability of being a
// customer. It carries what holds after it, so that a reader may miss or repeat some.
type CustomerChange struct {
	Shop, Contact []byte
	Number        uint32 // of the contact, within the engine that says it
	At            Time
	Segment       string
	SegmentBefore string
	Forecast      bool // whether a model speaks: what follows is known
	Alive         float64
	Band          uint8
	BandBefore    uint8
}
