package files

import (
	"slices"
	"strings"
	"testing"
)

// sent runs a configuration over a text and compares what was sent, ids left out.
func sent(t *testing.T, cfg Config, text string, want ...string) Summary {
	t.Helper()
	m := &memory{}
	s := mustRun(t, input(cfg, text), m)
	for i, v := range m.values {
		m.values[i] = withoutIDs(v)
	}
	if !slices.Equal(m.values, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(m.values, "\n"), strings.Join(want, "\n"))
	}
	return s
}

// withoutIDs cuts the id, and of a derived order all but its kind.
func withoutIDs(v string) string {
	if from := strings.Index(v, `,"id":"`); from >= 0 {
		end := strings.Index(v[from+7:], `"`)
		v = v[:from] + v[from+7+end+1:]
	}
	if from := strings.Index(v, `-order-`); from >= 0 {
		end := strings.Index(v[from:], `"`)
		v = v[:from+7] + v[from+end:]
	}
	return v
}

func TestPresetGA4(t *testing.T) {
	s := sent(t, Config{Preset: "ga4"}, `event_timestamp,user_id,event_name,item_id,item_name,item_category,price,quantity
2026-01-02T03:04:05.006Z,u1,page_view,,,,,
2026-01-02T03:04:06.000Z,u1,view_item,A,Cup,Kitchen,4.5,
2026-01-02T03:04:06.000Z,u2,view_item,B,Pot,Kitchen,9,
2026-01-02T03:04:06.000Z,u1,view_item,B,Pot,Kitchen,9,2
2026-01-02T03:04:07.000Z,u1,purchase,A,Cup,Kitchen,4.5,3
2026-01-02T03:04:07.000Z,u1,purchase,B,Pot,Kitchen,,
2026-01-02T03:04:08.000Z,u1,view_search_results,,,,,
`,
		`{"event":"page_view","time":"2026-01-02T03:04:05.006Z","visitor":"u1"}`,
		`{"event":"view_item","time":"2026-01-02T03:04:06.000Z","visitor":"u1","items":[{"item_id":"A","item_name":"Cup","price":4.50,"item_category":"Kitchen"},{"item_id":"B","item_name":"Pot","price":9.00,"quantity":2,"item_category":"Kitchen"}],"currency":"USD"}`,
		`{"event":"view_item","time":"2026-01-02T03:04:06.000Z","visitor":"u2","items":[{"item_id":"B","item_name":"Pot","price":9.00,"item_category":"Kitchen"}],"currency":"USD"}`,
		`{"event":"purchase","time":"2026-01-02T03:04:07.000Z","visitor":"u1","items":[{"item_id":"A","item_name":"Cup","price":4.50,"quantity":3,"item_category":"Kitchen"},{"item_id":"B","item_name":"Pot","item_category":"Kitchen"}],"order":"ga4-order-","value":13.50,"currency":"USD"}`,
		`{"event":"view_search_results","time":"2026-01-02T03:04:08.000Z","visitor":"u1"}`,
	)
	check(t, "rows", s.Rows, 7)
	check(t, "persons", s.Persons, 2)
	check(t, "buyers", s.Buyers, 1)
}

func TestPresetOnlineRetail(t *testing.T) {
	s := sent(t, Config{Preset: "online-retail"}, `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1,A,"CUP, ""BLUE"" ",2,2026-01-02 08:00:00,1.25,77,Elbonia
2,B,POT,1,2026-01-02 08:00:00,3,,Elbonia
1,B,POT,1,2026-01-02 08:01:00,0.001,77,Elbonia
C3,A,CUP,-2,2026-01-02 08:05:00,1.25,77,Elbonia
4,B,smashed,-5,2026-01-02 08:06:00,0,,Elbonia
A5,B,Adjust bad debt,1,2026-01-02 08:07:00,-100.5,,Elbonia
`,
		`{"event":"purchase","time":"2026-01-02T08:00:00.000Z","contact":"customer-77","items":[{"item_id":"A","item_name":"CUP, \"BLUE\"","price":1.25,"quantity":2},{"item_id":"B","item_name":"POT","price":0.001}],"order":"1","value":2.501,"currency":"GBP","props":{"country":"Elbonia"}}`,
		`{"event":"purchase","time":"2026-01-02T08:00:00.000Z","visitor":"invoice-2","items":[{"item_id":"B","item_name":"POT","price":3.00}],"order":"2","value":3.00,"currency":"GBP","props":{"country":"Elbonia"}}`,
		`{"event":"refund","time":"2026-01-02T08:05:00.000Z","contact":"customer-77","items":[{"item_id":"A","item_name":"CUP","price":1.25,"quantity":2}],"order":"C3","value":2.50,"currency":"GBP","props":{"country":"Elbonia"}}`,
		`{"event":"purchase","time":"2026-01-02T08:06:00.000Z","visitor":"invoice-4","items":[{"item_id":"B","item_name":"smashed","price":0.00,"quantity":-5}],"order":"4","value":0.00,"currency":"GBP","props":{"country":"Elbonia"}}`,
		`{"event":"purchase","time":"2026-01-02T08:07:00.000Z","items":[{"item_id":"B","item_name":"Adjust bad debt","price":-100.50}],"order":"A5","value":-100.50,"currency":"GBP","props":{"country":"Elbonia"}}`,
	)
	check(t, "refused quantities", s.Refused["items[].quantity out_of_range"], 1)
	check(t, "refused in all", len(s.Refused), 2)
	check(t, "net", s.Money["GBP"].Net().String(), "-97.499")
	check(t, "refused money", s.Money["GBP"].Refused.String(), "-100.50")
}

func TestPresetGroceries(t *testing.T) {
	sent(t, Config{Preset: "groceries"}, "milk,rolls/buns\n\nliquor (appetizer)\n",
		`{"event":"purchase","time":"2020-01-01T00:00:00.000Z","visitor":"basket-1","items":[{"item_id":"milk"},{"item_id":"rolls/buns"}],"order":"basket-1","value":0.00,"currency":"EUR"}`,
		`{"event":"purchase","time":"2020-01-01T00:01:00.000Z","visitor":"basket-2","items":[{"item_id":"liquor (appetizer)"}],"order":"basket-2","value":0.00,"currency":"EUR"}`,
	)
}

func TestPresetRSC15(t *testing.T) {
	sent(t, Config{Preset: "rsc15"}, "SessionId\tItemId\tTime\n1\t500\t1396437466.94\n2\t501\t1396437400\n1\t500\t1396437466.94\n",
		`{"event":"view_item","time":"2014-04-02T11:16:40.000Z","visitor":"session-2","session":"2","items":[{"item_id":"501"}]}`,
		`{"event":"view_item","time":"2014-04-02T11:17:46.940Z","visitor":"session-1","session":"1","items":[{"item_id":"500"}]}`,
		`{"event":"view_item","time":"2014-04-02T11:17:46.940Z","visitor":"session-1","session":"1","items":[{"item_id":"500"}]}`,
	)
}

func TestPresetDunnhumby(t *testing.T) {
	const head = `"household_id","store_id","basket_id","product_id","quantity","sales_value","retail_disc","coupon_disc","coupon_match_disc","week","transaction_timestamp"` + "\n"
	s := sent(t, Config{Preset: "dunnhumby"}, head+
		`"7","309","12","A",3,10.00,0,0,0,5,2017-01-28 14:06:53`+"\n"+
		`"8","309","11","B",1,1.50,0,0,0,5,2017-01-27 14:06:53`+"\n"+
		`"7","309","12","C",0,0.25,0,0,0,5,2017-01-28 14:06:53`+"\n",
		`{"event":"purchase","time":"2017-01-27T14:06:53.000Z","contact":"household-8","items":[{"item_id":"B","price":1.50}],"order":"11","value":1.50,"currency":"USD","props":{"store":"309"}}`,
		`{"event":"purchase","time":"2017-01-28T14:06:53.000Z","contact":"household-7","items":[{"item_id":"A","price":3.333333,"quantity":3},{"item_id":"C","price":0.25}],"order":"12","value":10.25,"currency":"USD","props":{"store":"309"}}`,
	)
	check(t, "money", s.Money["USD"].Purchased.String(), "11.75")
}

func TestPresetTafeng(t *testing.T) {
	sent(t, Config{Preset: "tafeng"}, `{"user":1,"baskets":[[0,1],[2]]}`+"\n"+`{"user":2,"baskets":[[3]]}`+"\n",
		`{"event":"purchase","time":"2000-11-01T00:00:00.000Z","contact":"user-1","items":[{"item_id":"0"},{"item_id":"1"}],"order":"1-1","value":0.00,"currency":"TWD"}`,
		`{"event":"purchase","time":"2000-11-01T00:00:00.000Z","contact":"user-2","items":[{"item_id":"3"}],"order":"2-1","value":0.00,"currency":"TWD"}`,
		`{"event":"purchase","time":"2000-11-02T00:00:00.000Z","contact":"user-1","items":[{"item_id":"2"}],"order":"1-2","value":0.00,"currency":"TWD"}`,
	)
}

func TestPresetsOfOneTable(t *testing.T) {
	sent(t, Config{Preset: "bread-basket"}, "Date,Time,Transaction,Item\n2016-10-30,10:05:34,2,Bread\n2016-10-30,10:05:34,2,Tea\n2016-10-30,10:06:00,3,NONE\n",
		`{"event":"purchase","time":"2016-10-30T10:05:34.000Z","visitor":"basket-2","items":[{"item_id":"Bread"},{"item_id":"Tea"}],"order":"2","value":0.00,"currency":"GBP"}`,
		`{"event":"purchase","time":"2016-10-30T10:06:00.000Z","visitor":"basket-3","items":[{"item_id":"NONE"}],"order":"3","value":0.00,"currency":"GBP"}`,
	)
	sent(t, Config{Preset: "fimi"}, "1 2 \n3\n",
		`{"event":"purchase","time":"2020-01-01T00:00:00.000Z","visitor":"basket-1","items":[{"item_id":"1"},{"item_id":"2"}],"order":"basket-1","value":0.00,"currency":"EUR"}`,
		`{"event":"purchase","time":"2020-01-01T00:01:00.000Z","visitor":"basket-2","items":[{"item_id":"3"}],"order":"basket-2","value":0.00,"currency":"EUR"}`,
	)
	sent(t, Config{Preset: "coop100"}, "customer,date,basket_seq,items\n5,2007-01-05,1,8 9\n4,2007-01-04,0,7\n",
		`{"event":"purchase","time":"2007-01-04T00:00:00.000Z","contact":"customer-4","items":[{"item_id":"7"}],"order":"4-0","value":0.00,"currency":"EUR"}`,
		`{"event":"purchase","time":"2007-01-05T00:00:00.000Z","contact":"customer-5","items":[{"item_id":"8"},{"item_id":"9"}],"order":"5-1","value":0.00,"currency":"EUR"}`,
	)
	sent(t, Config{Preset: "eshop-clothing"}, "year,month,day,order,country,session_id,page1_main_category,page2_clothing_model,colour,location,model_photography,price,price_2,page\n2008,4,1,1,29,6,1,A13,1,5,1,28,2,1\n",
		`{"event":"view_item","time":"2008-04-01T00:00:00.000Z","visitor":"session-6","session":"6","items":[{"item_id":"A13","price":28.00,"item_category":"1"}],"currency":"USD","props":{"colour":"1","country":"29"}}`,
	)
}

func TestPresetJSONL(t *testing.T) {
	const good = `{"event":"view_item","visitor":"v","items":[{"item_id":"A"}],"time":"2026-01-01T00:00:00Z","odd":[1]}`
	const refused = `{"event":"purchase","visitor":"v","order":"1","value":-1}`
	m := &memory{}
	s := mustRun(t, input(Config{Preset: "jsonl"}, good+"\n\n"+refused+"\n{\"event\":\n"), m)
	if !slices.Equal(m.values, []string{good, refused}) {
		t.Errorf("got %q", m.values)
	}
	check(t, "key", m.keys[0], "v")
	check(t, "bad rows", s.Bad, 1)
	check(t, "bad row", s.First[0].String(), "-:4: the record is not JSON: it ends too early, after 9 bytes")
	check(t, "refused", s.Refused["value out_of_range"], 1)
	check(t, "rows", s.Rows, 3)
	check(t, "events", s.Total, 2)
}

func TestPresetOverridden(t *testing.T) {
	sent(t, Config{Preset: "groceries", Map: []string{"visitor==me", "props.n=#"}, Currency: "USD", Shop: "s2"}, "milk\n",
		`{"event":"purchase","time":"2020-01-01T00:00:00.000Z","shop":"s2","visitor":"me","items":[{"item_id":"milk"}],"order":"basket-1","value":0.00,"currency":"USD","props":{"n":"1"}}`)
}

func TestPresetsHaveWords(t *testing.T) {
	for _, name := range Presets() {
		if AboutPreset(name) == "" {
			t.Errorf("%s says nothing about itself", name)
		}
	}
}
