package serve

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"orrery/models"
)

const exampleDay = 1_794_960_000_000 // 2026-11-18

// anna is a customer whose figures a model has given.
var anna = models.Customer{
	First: exampleDay - 300*models.Day, Last: exampleDay - 12*models.Day, Days: 7, Orders: 8, Spent: 412_500_000, Currency: "EUR", Gap: 41.5,
	Age: 12, Score: [3]uint8{5, 5, 4}, Percentile: [3]float64{0.83, 0.91, 0.74}, Segment: "Champions",
	Alive: 0.9612, Buy7: 0.1432, Buy28: 0.4577, Year: 7.91, Order: 55.2, Value: 436.63, Next: 31.5, Late: -48,
}

func exampleRFM() *models.RFM {
	r := &models.RFM{
		Shop: "default", Day: exampleDay, Customers: 325, Currency: "EUR", Foreign: 2,
		Recency: [4]int32{261, 96, 38, 16}, Frequency: [4]uint32{1, 2, 3, 6}, Monetary: [4]float64{61.5, 120, 248.4, 510},
	}
	for i := range r.Grid {
		for k := range r.Grid[i] {
			r.Grid[i][k] = uint32(5*i + k + 1)
		}
	}
	const sleep, promise = "Hibernating", "Potential Loyalist"
	r.Segments = [5][5]string{
		{sleep, sleep, "At Risk", "At Risk", "Can't Lose"},
		{sleep, sleep, "At Risk", "At Risk", "Can't Lose"},
		{"About to Sleep", "About to Sleep", "Need Attention", "Loyal", "Loyal"},
		{"Promising", promise, promise, "Loyal", "Loyal"},
		{"New", promise, promise, "Champions", "Champions"},
	}
	return r
}

func exampleModels() *models.CustomerModels {
	return &models.CustomerModels{
		Shop: "default", Customers: 4338, Fitted: exampleDay, Model: "mbg/nbd", LogLikelihood: -21345.5, Factor: 1.012, BaseRate: 0.21, BaseOf: 4100,
		Params: []models.Param{{Name: "r", Value: 0.8254}, {Name: "alpha", Value: 11.2}, {Name: "a", Value: 0.11}, {Name: "b", Value: 2.4}},
		Why:    "mbg/nbd fitted to all time predicted the closed windows best",
		Spend:  []models.Param{{Name: "p", Value: 2.1}, {Name: "q", Value: 3.4}, {Name: "gamma", Value: 485.6}}, SpendLL: -18001,
		Candidates: []models.ModelCandidate{{Model: "mbg/nbd", LogScore: -9000.25, Windows: []models.ClosedWindow{
			{From: exampleDay - 90*models.Day, To: exampleDay, Actual: 2100, Expected: 2075.5},
		}}},
		Calibration: &models.Calibration{From: exampleDay - 28*models.Day, Days: 28, Model: "mbg/nbd", Customers: 4200,
			LogLoss: 0.4102, BaseLoss: 0.4511, ECE: 0.012, Bins: []models.CalibrationBin{{Customers: 420, Predicted: 0.031, Observed: 0.029}}},
		Intent: &exampleIntent().Quality, Outlook: []models.IntentQuality{exampleIntent().Quality, exampleIntent().Quality},
		Product: &exampleIntent().Quality, Shelf: exampleShelves(),
	}
}

// Below the minimum of data an answer says so, and what it rests on.
func TestCustomerBelowTheGate(t *testing.T) {
	f := func(c *models.Customer, want string) {
		t.Helper()
		got := string(appendCustomer(nil, c))
		if !json.Valid([]byte(got)) || !strings.HasSuffix(got, want) {
			t.Errorf("got %s\nwant ...%s", got, want)
		}
	}
	f(nil, `null`)
	f(&models.Customer{Gate: "no fit yet"}, `"gate":"no fit yet","churn":null,"buy":null,"year":null,"next_purchase":null}`)
	f(&models.Customer{Gate: "fewer than 500 buyers", BaseN: 31, Buy7: 0.05, Buy28: 0.19},
		`"gate":"fewer than 500 buyers","churn":null,"buy":{"days_7":0.05,"days_28":0.19,"base_rate_of":31},"year":null,"next_purchase":null}`)
	f(&models.Customer{Alive: 0.1, Band: 3, Next: math.Inf(1), Late: 120},
		`"churn":{"alive":0.1,"band":3},"buy":{"days_7":0,"days_28":0},"year":{"purchase_days":0,"order_value":0,"spend":0},"next_purchase":{"median_days":null,"days_late":120}}`)
	f(&models.Customer{Next: 12.3, Late: math.Inf(-1)}, `"next_purchase":{"median_days":12.3,"days_late":null}}`)
}

// What an event said of a contact cannot end the script element of a page that a profile is pasted into.
func TestAttributesInAPage(t *testing.T) {
	r := newRig(t, Config{})
	r.fake.set(func() {
		r.fake.profiles["a"] = models.Profile{Contact: "a", Attributes: []byte(`{"<!--":"</script><b>","n":1}`)}
	})
	body := string(r.do("GET", "/v1/contacts/a", "").Body())
	if !json.Valid([]byte(body)) || strings.Contains(body, "<") || !strings.Contains(body, `{"\u003c!--":"\u003c/script>\u003cb>","n":1}`) {
		t.Error(body)
	}
}

// A profile says of an order that was taken back that it was.
func TestCancelledOrder(t *testing.T) {
	p := models.Profile{Orders: []models.OrderTouch{{Order: "O-1", Value: 5_000_000, Currency: "EUR"}, {Order: "O-2", Value: 7_000_000, Currency: "EUR", Cancelled: true}}}
	got := string(append(appendProfile([]byte{'{'}, &p), '}'))
	if want := `"orders":[{"order":"O-1","time":null,"value":"5.00","currency":"EUR","items":[]},{"order":"O-2","time":null,"value":"7.00","currency":"EUR","cancelled":true,"items":[]}]`; !json.Valid([]byte(got)) || !strings.Contains(got, want) {
		t.Error(got)
	}
}

func TestNoCustomers(t *testing.T) {
	r := newRig(t, Config{})
	r.expect("GET", "/v1/rfm", "", 404, "")
	r.expect("GET", "/v1/models", "", 404, "")
	r.expect("POST", "/v1/export/contacts", "", 200, "")
	r.expect("GET", "/v1/export/contacts", "", 405, "")
}

func exampleIntent() *models.Intent {
	return &models.Intent{
		Probability: 0.2841, Began: 1_795_000_000_000, Last: 1_795_000_001_000,
		Bin: models.CalibrationBin{Customers: 310, Predicted: 0.281, Observed: 0.29},
		Because: []models.IntentReason{
			{Feature: "furthest checkout step", Value: 1, Effect: 1.204}, {Feature: "days since the last purchase", Value: -1, Effect: -0.31},
		},
		Quality: models.IntentQuality{
			Outcomes: 41200, Purchases: 3100, Sessions: 22000, Buying: 640, BaseRate: 0.0752, LogLoss: 0.2105, BaseLoss: 0.2672, ECE: 0.0081,
			Bins: []models.CalibrationBin{{Customers: 310, Predicted: 0.281, Observed: 0.29}},
		},
		Product: &models.ProductIntent{
			Product: []byte("SKU1"), At: 1_795_000_000_000, Probability: 0.1712, Views: 4120, Orders: 180, InCart: true, Again: true,
			Bin: models.CalibrationBin{Customers: 95, Predicted: 0.166, Observed: 0.158},
		},
		Shelf: &models.CategoryIntent{From: []byte("Home > Kitchen"), Next: []models.CategoryChance{
			{Category: []byte("Home > Kitchen"), Probability: 0.61, Moves: 8120}, {Category: []byte("Food > Coffee"), Probability: 0.22, Moves: 2904},
		}},
	}
}

func exampleOutlook() *models.Outlook {
	return &models.Outlook{
		Within: [2]float64{0.0912, 0.1733}, Because: []models.IntentReason{{Feature: "days since the newest activity", Value: 2.5, Effect: 0.412}},
		Bin: [2]models.CalibrationBin{{Customers: 420, Predicted: 0.083, Observed: 0.079}, {Customers: 610, Predicted: 0.151, Observed: 0.16}},
	}
}

func exampleMail() *models.MailHour {
	return &models.MailHour{Hour: 19, Rate: 0.141, Even: 0.118, Sent: 24, Mails: 12.4, Answers: 2.1, ShopMails: 41200, ShopAnswers: 4790}
}

func exampleShelves() *models.CategoryQuality {
	return &models.CategoryQuality{Outcomes: 25_214, LogLoss: 1.2118, BaseLoss: 3.7113, Hits: 0.719, BaseHits: 0.719, MoveHits: 0.31, MoveBase: 0.06}
}

// TestIntentGate: behind the gate the base rate is said, and why.
func TestIntentGate(t *testing.T) {
	got := string(appendIntent(nil, &models.Intent{Probability: 0.02, Gate: "base rate: so far only 12 outcomes of the 1000 that the model needs", Began: 1_795_000_000_000, Last: 1_795_000_000_000}))
	want := `{"session_probability":0.02,"gate":"base rate: so far only 12 outcomes of the 1000 that the model needs","began":"2026-11-18T11:06:40.000Z","as_of":"2026-11-18T11:06:40.000Z","because":[],"forecasts_alike":null,"product":null,"next_category":null}`
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := string(appendIntentQuality(nil, nil)); got != "null" {
		t.Errorf("no quality: %s", got)
	}
}
