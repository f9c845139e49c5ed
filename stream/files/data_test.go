package files

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"orrery/models"
)

// dataFile returns a file of the shared test data.
func dataFile(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("ORRERY_DATA")
	if dir == "" {
		t.Skip("ORRERY_DATA is not set: the folder of the public data sets that this test counts")
	}
	return filepath.Join(dir, name)
}

func TestDataGA4(t *testing.T) {
	file := dataFile(t, "ga4_ecommerce_events/ga4_ecommerce_events.csv.gz")
	var last models.Time
	var e models.Event
	items, ids := 0, map[string]bool{}
	s := mustRun(t, Config{Preset: "ga4", Files: []string{file}}, &memory{visit: func(r models.Record) {
		decode(t, &e, r)
		if e.Time < last {
			t.Fatalf("event at %d after one at %d", e.Time, last)
		}
		last = e.Time
		items += len(e.Items)
		ids[string(e.ID)] = true
	}})
	want := map[string]int64{
		"page_view": 13948, "user_engagement": 11128, "scroll": 5219, "view_item": 3896, "session_start": 3689,
		"first_visit": 2589, "view_promotion": 2015, "add_to_cart": 575, "begin_checkout": 510,
		"view_search_results": 314, "add_shipping_info": 256, "select_item": 222, "add_payment_info": 185,
		"select_promotion": 94, "purchase": 69, "click": 20,
	}
	if !maps.Equal(s.Events, want) {
		t.Errorf("events %v, want %v", s.Events, want)
	}
	check(t, "rows", s.Rows, 78_482)
	check(t, "events", s.Total, 44_729)
	check(t, "different ids", len(ids), 44_729)
	check(t, "rows with an item", items, 38_992)
	check(t, "persons", s.Persons, 2_705)
	check(t, "orders", s.Orders, 69)
	check(t, "buyers", s.Buyers, 49)
	check(t, "bad rows", s.Bad, 0)
	check(t, "refused", len(s.Refused), 0)
	check(t, "value", s.Money["USD"], Turnover{Purchased: 5611 * models.Micros})
}

// The published sum of the set is 9,747,747.93; its rows have three decimals in four places, and add up to .934.
func TestDataOnlineRetailMoney(t *testing.T) {
	file := dataFile(t, "online_retail/online_retail.csv.gz")
	inFile := new(big.Rat)
	eachCSV(t, file, func(row []string) {
		inFile.Add(inFile, new(big.Rat).Mul(rat(t, row[3]), rat(t, row[5])))
	})
	check(t, "sum over the file's rows", inFile.FloatString(3), "9747747.934")

	sent := new(big.Rat)
	var last string
	s := mustRun(t, Config{Preset: "online-retail", Files: []string{file}}, &memory{visit: func(r models.Record) {
		var e struct {
			Event, Time string
			Items       []struct {
				Price    json.Number
				Quantity *json.Number
			}
		}
		if err := json.Unmarshal(r.Value, &e); err != nil {
			t.Fatalf("%s: %v", r.Value, err)
		}
		if e.Time < last {
			t.Fatalf("event at %s after one at %s", e.Time, last)
		}
		last = e.Time
		value := new(big.Rat)
		for _, item := range e.Items {
			one := rat(t, item.Price.String())
			if item.Quantity != nil {
				one.Mul(one, rat(t, item.Quantity.String()))
			}
			value.Add(value, one)
		}
		if e.Event == "refund" {
			value.Neg(value)
		}
		sent.Add(sent, value)
	}})
	check(t, "sum over what was sent", sent.FloatString(3), "9747747.934")
	check(t, "sum of the events' values", s.Money["GBP"].Net().String(), "9747747.934")
	check(t, "rows", s.Rows, 541_909)
	check(t, "bad rows", s.Bad, 0)
	check(t, "events", s.Total, 25_900)
	check(t, "A-invoices and purchases", s.Events["purchase"], 3+22_061)
	check(t, "refunds", s.Events["refund"], 3_836)
	check(t, "stock written off", s.Refused["items[].quantity out_of_range"], 1_336)
	check(t, "debt adjusted, below zero", s.Refused["value out_of_range"], 2)
	check(t, "debt adjusted, above zero", s.Refused["visitor missing"], 1)
	check(t, "refunded", s.Money["GBP"].Refunded.String(), "896812.49")
}

func TestDataOnlineRetailPersons(t *testing.T) {
	file := dataFile(t, "online_retail/online_retail.csv.gz")
	contacts, visitors := map[string]bool{}, 0
	mustRun(t, Config{Preset: "online-retail", Files: []string{file}}, &memory{visit: func(r models.Record) {
		var e struct{ Visitor, Contact, Order string }
		if err := json.Unmarshal(r.Value, &e); err != nil {
			t.Fatalf("%s: %v", r.Value, err)
		}
		if e.Contact != "" {
			contacts[e.Contact] = true
		}
		if e.Visitor != "" && e.Visitor == "invoice-"+e.Order && !bytes.Contains(r.Value, []byte(`"quantity":-`)) {
			visitors++
		}
		if (e.Visitor != "") == (e.Contact != "") && e.Order[0] != 'A' {
			t.Fatalf("visitor and contact at once, or none: %s", r.Value)
		}
	}})
	check(t, "customers", len(contacts), 4_372)
	check(t, "valid invoices without a customer", visitors, 1404+785+182)
}

// The counts of the sets' own descriptions.
func TestDataPresets(t *testing.T) {
	f := func(preset, name string, rows, events, persons, items, bad int64) {
		t.Helper()
		file := dataFile(t, name)
		var e models.Event
		var last models.Time
		distinct := map[string]bool{}
		s := mustRun(t, Config{Preset: preset, Files: []string{file}}, &memory{visit: func(r models.Record) {
			decode(t, &e, r)
			for _, item := range e.Items {
				distinct[string(item.ID)] = true
			}
			if e.Time < last {
				t.Errorf("%s: event at %d after one at %d", preset, e.Time, last)
			}
			last = e.Time
		}})
		check(t, preset+" rows", s.Rows, rows)
		check(t, preset+" events", s.Total, events)
		check(t, preset+" persons", s.Persons, persons)
		check(t, preset+" items", int64(len(distinct)), items)
		check(t, preset+" refused", len(s.Refused), 0)
		check(t, preset+" bad rows", s.Bad, bad)
	}
	f("groceries", "groceries/groceries.csv.gz", 9_835, 9_835, 9_835, 169, 0)
	f("fimi", "retail_fimi/retail.dat.gz", 88_162, 88_162, 88_162, 16_470, 0)
	f("rsc15", "sessions_rsc15_100k/yoochoose-clicks-100k_train_full.tsv.gz", 70_278, 70_278, 17_794, 2_933, 0)
	f("eshop-clothing", "eshop_clothing_2008/e-shop-clothing-2008.csv.gz", 165_474, 165_474, 24_026, 217, 0)
	f("dunnhumby", "dunnhumby_sample/transactions_sample.csv.gz", 75_000, 47_243, 2_377, 20_902, 0)
	// Line 347 of this file begins with a NUL, where its time should.
	f("bread-basket", "bread_basket/bread_basket.csv.gz", 21_293, 9_531, 9_531, 95, 1)
	f("coop100", "coop100_baskets/coop100_baskets.csv.gz", 73_764, 73_764, 100, 3_421, 0)
	f("tafeng", "tafeng_baskets/tafeng_baskets.jsonl.gz", 91_227, 91_227, 13_858, 11_997, 0)
}

func TestDataDunnhumbyMoney(t *testing.T) {
	file := dataFile(t, "dunnhumby_sample/transactions_sample.csv.gz")
	s := mustRun(t, Config{Preset: "dunnhumby", Files: []string{file}}, &memory{})
	check(t, "sales", s.Money["USD"], Turnover{Purchased: 233_935_240_000})
}

// A set without a preset, by column map alone.
func TestDataColumnMap(t *testing.T) {
	file := dataFile(t, "diginetica_raw_parts/train-purchases.csv.gz")
	s := mustRun(t, Config{
		Files: []string{file}, Separator: ';', Group: []string{"ordernumber"},
		Map: []string{
			"event==purchase", "time=eventdate", "visitor=session-{sessionId}", "order=ordernumber", "item_id=itemId",
		},
	}, &memory{})
	check(t, "rows", s.Rows, 18_025)
	check(t, "orders", s.Orders, 13_506)
	check(t, "sessions", s.Persons, 12_630)
}

func eachCSV(t *testing.T, name string, visit func(row []string)) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(z)
	r.ReuseRecord = true
	for i := 0; ; i++ {
		row, err := r.Read()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			visit(row)
		}
	}
}

func rat(t *testing.T, s string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is no number", s)
	}
	return r
}
