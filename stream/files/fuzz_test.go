package files

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"orrery/models"
)

// Whatever a file holds: no row is lost (it is sent or reported), what is sent is JSON, and a second run sends the same.
func FuzzRun(f *testing.F) {
	names := []string{"ga4", "online-retail", "groceries", "tafeng", "rsc15", "jsonl"}
	f.Add(0, "event_timestamp,user_id,event_name,item_id,item_name,item_category,price,quantity\n2026-01-02T03:04:05Z,u,purchase,A,B,C,1e99,7\n")
	f.Add(1, "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\nC1,A,\"x\"\"y\",-2147483648,2026-01-02 08:00:00,9e12,7,E\n")
	f.Add(2, "milk,,beer\n,\n")
	f.Add(3, `{"user":1,"baskets":[[1],[]]}`)
	f.Add(4, "SessionId\tItemId\tTime\n1\t2\t1396437466.9\n")
	f.Add(5, `{"event":"view_item","visitor":"v"}`+"\n{}\n[]\n")
	f.Add(5, "{\n")
	f.Fuzz(func(t *testing.T, preset int, text string) {
		if preset < 0 || preset >= len(names) {
			return
		}
		run := func() (values []string, s Summary, broken int64) {
			m := &memory{}
			s, err := Run(context.Background(), input(Config{Preset: names[preset]}, text), m, nil)
			if err != nil && len(m.values) > 0 && names[preset] != "jsonl" {
				t.Fatalf("%q: %v after %d events", text, err, len(m.values))
			}
			if err != nil {
				broken = 1 // the row at which the file broke off is neither an event nor a bad row: the error tells of it
			}
			return m.values, s, broken
		}
		values, s, broken := run()
		for _, v := range values {
			if !json.Valid([]byte(v)) && names[preset] != "jsonl" {
				t.Fatalf("%q: sent %s", text, v)
			}
		}
		if s.Rows > 0 && names[preset] != "ga4" && names[preset] != "online-retail" && s.Rows != s.Total+s.Bad && s.Rows != s.Total+s.Bad+broken {
			t.Fatalf("%q: %d rows, %d events, %d bad", text, s.Rows, s.Total, s.Bad)
		}
		if again, _, _ := run(); !slices.Equal(values, again) {
			t.Fatalf("%q: %q, then %q", text, values, again)
		}
	})
}

func TestMoneySaturates(t *testing.T) {
	check(t, "product", multiply(models.MaxPrice, models.MaxQuantity), bound)
	check(t, "negative product", multiply(-models.MaxPrice, models.MaxQuantity), -bound)
	check(t, "exact product", multiply(2_550_000, -80_995), -206_537_250_000)
	check(t, "sum", add(bound, bound), bound)
	check(t, "negative sum", add(-bound, -bound), -bound)
	check(t, "sum of more", add(bound, 1<<63-1), bound)
	check(t, "exact sum", add(5, -7), -2)
}
