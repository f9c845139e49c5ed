package files

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"orrery/models"
)

// products replays a list of products and returns "id name price currency" of each.
func products(t *testing.T, cfg Config) (list []string, s Summary) {
	t.Helper()
	cfg.Now = casesNow
	cfg.Map = []string{"event==product_upsert", "item_id=id", "item_name=name", "price=price"}
	m := &memory{}
	s, err := Run(context.Background(), cfg, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range m.values {
		var e models.Event
		if err := e.Decode([]byte(value), models.TimeOf(casesNow())); err != nil {
			t.Fatalf("%s: %v", value, err)
		}
		i := e.Items[0]
		list = append(list, strings.TrimSpace(strings.Join([]string{string(i.ID), string(i.Name), string(models.AppendMoney(nil, i.Price)), string(e.Currency)}, " ")))
	}
	return list, s
}

func TestCaseProducts(t *testing.T) {
	f := func(file, decimal string, bad int64, want ...string) {
		t.Helper()
		got, s := products(t, Config{Files: []string{"testdata/cases/" + file}, Decimal: decimal})
		if !slices.Equal(got, want) || s.Bad != bad {
			t.Errorf("%s: got %q, bad %+v", file, got, s.First)
		}
	}
	f("files-money.csv", "", 0, "A a 12.00 USD", "B b 12.00", "C c 1299.50", "D d 12.50", "E e 12.00")
	f("files-semicolon.csv", "", 0, "A Kubek 12.50", "B Talerz 1299.00")
	f("files-cp1250.csv", "", 0, "A Kubek żółty 12.50")
}

func TestDialects(t *testing.T) {
	f := func(text string, cfg Config, want, dialect string) {
		t.Helper()
		cfg.Format = CSV
		got, s := products(t, input(cfg, text))
		if strings.Join(got, "; ") != want || len(s.Dialects) != 1 || !strings.Contains(s.Dialects[0].String(), dialect) {
			t.Errorf("%q: got %q as %s, bad %v, want %q as %s", text, got, &s.Dialects[0], s.First, want, dialect)
		}
	}
	f("id|name|price\nA|x, y|1\n", Config{}, "A x, y 1.00", "utf-8, separator |, quote \"")
	f("id\tname\tprice\nA\tx,y\t1,5\n", Config{}, "A x,y 1.50", "separator tab, quote \", decimal mark ,")
	f("'id';'name';'price'\n'A';'x;y''z';'1'\n", Config{}, "A x;y'z 1.00", "separator ;, quote '")
	f("id,name,price\nA,it's,1\n", Config{}, "A it's 1.00", "quote \"")
	f("\ufeffid;name;price\nA;x;1.299,00 €\nB;y;1.500\n", Config{}, "A x 1299.00 EUR; B y 1500.00", "utf-8, separator ;")
	f("id;name;price\nA;x;1,299\nB;y;19.90\n", Config{}, "A x 1299.00; B y 19.90", "decimal mark .")
	f("id;name;price\nA;x;1,299\n", Config{}, "", "decimal mark ?")
	f("id;name;price\nA;x;1,299\n", Config{Decimal: "."}, "A x 1299.00", "decimal mark .")
	f("id;name;price\nA;x;1.299\n", Config{Decimal: ","}, "A x 1299.00", "decimal mark ,")
	f("id;name;price\nA;x;NULL\nB;y;\\N\nC;z;5,00 zł\n", Config{}, "A x 0.00; B y 0.00; C z 5.00 PLN", "decimal mark ,")
	f("id,name,price\nA,x,1'299.50 CHF\nB,y,12 foo\n", Config{}, "A x 1299.50 CHF", "decimal mark .")
	f("id;name;price\nA;sch\xf6n;1\n", Config{}, "A schön 1.00", "windows-1252")
	f("id;name;price\nA;kr\xb1g \xb6\xbf;1\n", Config{}, "A krąg śż 1.00", "iso-8859-2")
	f("id;name;price\nA;P\xf8\xedbor n\xeckdy;1\n", Config{}, "A Příbor někdy 1.00", "windows-1250")
	f("id;name;price\nA;\xe8;1\n", Config{Encoding: "windows-1250"}, "A č 1.00", "windows-1250")
	f(wide("id;name;price\nA;ż;1\n", true), Config{}, "A ż 1.00", "utf-16le")
	f("\xfe\xff"+wide("id;name;price\nA;ż;1\n", false), Config{}, "A ż 1.00", "utf-16be")
	f("id;name;price\nA;;9\n", Config{Separator: ';', Quote: "none"}, "A  9.00", "separator ;, decimal")
}

// wide writes UTF-16 of the first plane.
func wide(s string, little bool) string {
	var b []byte
	for _, c := range s {
		if little {
			b = append(b, byte(c), byte(c>>8))
		} else {
			b = append(b, byte(c>>8), byte(c))
		}
	}
	return string(b)
}

func TestDates(t *testing.T) {
	f := func(text string, order byte, want string) {
		t.Helper()
		got, err := parseDate([]byte(text), order, time.FixedZone("", 3600))
		said := got.Std().Format(time.RFC3339Nano)
		if err != nil {
			said = err.Error()
		}
		if said != want {
			t.Errorf("%q: %s, want %s", text, said, want)
		}
	}
	f("10.04.2024 14:34", 0, "2024-04-10T13:34:00Z")
	f("1.12.24", 0, "2024-11-30T23:00:00Z")
	f("04/10/2024", dayFirst, "2024-10-03T23:00:00Z")
	f("04/10/2024 2:34 PM", monthFirst, "2024-04-10T13:34:00Z")
	f("04/10/2024 12:05am Z", monthFirst, "2024-04-10T00:05:00Z")
	f("04/10/2024", 0, errDayMonth.Error())
	f("13/10/2024", 0, "2024-10-12T23:00:00Z")
	f("04/04/2024 00:00:00.25 +0000", 0, "2024-04-04T00:00:00.25Z")
	f("2024-04-10 14:34:29 -0400", 0, "2024-04-10T18:34:29Z")
	f("2024/4/1 14:34:29+02:00", 0, "2024-04-01T12:34:29Z")
	f("46082.41666666667", 0, "2026-03-01T09:00:00Z")
	for _, bad := range []string{"31.02.2024", "10.13.2024", "2024-04-10 25:00", "2024-04-10 1", "1-2", "2024-04-10 10:00 CEST", "10.04.2024 0:10 pm", "7", ""} {
		f(bad, 0, errDate.Error())
	}
}

func TestCaseFileTimes(t *testing.T) {
	m := &memory{}
	cfg := Config{Files: []string{"testdata/cases/files-times.csv"}, Now: casesNow, Map: []string{"event==page_view", "visitor=visitor", "time=t"}}
	s := mustRun(t, cfg, m)
	if s.Total != 9 || s.Bad != 1 || !strings.Contains(s.First[0].Reason, `"3/1/2026 10:00" may be day and month`) {
		t.Errorf("%+v", s)
	}
	at := models.TimeOf(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC))
	if s.From != at || s.To != at+250 {
		t.Errorf("from %v to %v", s.From, s.To)
	}
	cfg.TimeLayout = "mdy"
	if s := mustRun(t, cfg, &memory{}); s.Total != 10 || s.From != at || s.To != at+250 {
		t.Errorf("mdy: %+v", s)
	}
	cfg.Location, _ = time.LoadLocation("Etc/GMT-2")
	if s := mustRun(t, cfg, &memory{}); s.From != at-2*3600_000 {
		t.Errorf("in a zone: %+v", s)
	}
}

// The whole sample decides what one date leaves open.
func TestDayAndMonthFromTheSample(t *testing.T) {
	f := func(rows, dates string, bad int64, from string) {
		t.Helper()
		s := mustRun(t, input(Config{Format: CSV, Now: casesNow, Map: []string{"event==page_view", "visitor=v", "time=t"}}, "v,t\n"+rows), &memory{})
		if s.Dialects[0].Dates != dates || s.Bad != bad || s.Total > 0 && s.From.Std().Format(time.DateOnly) != from {
			t.Errorf("%q: %+v", rows, s)
		}
	}
	f("a,04/10/2024\nb,25/10/2024\n", "dmy", 0, "2024-10-04")
	f("a,04/10/2024\nb,10/25/2024\n", "mdy", 0, "2024-04-10")
	f("a,04/10/2024\nb,10/25/2024\nc,25/10/2024\n", "?", 1, "2024-10-25")
	f("a,04/10/2024\n", "?", 1, "")
	f("a,2024-10-04\n", "", 0, "2024-10-04")
}

func TestCaseEncoding(t *testing.T) {
	cfg := orderLines
	m := &memory{}
	cfg.Files, cfg.Now, cfg.Map = []string{"testdata/cases/c02-latin1.csv"}, casesNow, append(slices.Clone(cfg.Map), "item_name=name")
	if s := mustRun(t, cfg, m); s.Bad != 0 || s.Total != 2 && s.Total != 1 {
		t.Errorf("%+v", s)
	}
	text := strings.Join(m.values, "")
	if strings.Contains(text, "\ufffd") || !strings.Contains(text, "SCHÜSSEL") || !strings.Contains(text, "möller@") {
		t.Error(text)
	}
	cfg.Encoding = "utf-8"
	if s := mustRun(t, cfg, &memory{}); s.Bad != 2 || s.Total != 0 {
		t.Errorf("as UTF-8: %+v", s)
	}
}

// Whatever a file begins with: a dialect is found, the same for the same bytes, and what is sent is UTF-8.
func FuzzSniff(f *testing.F) {
	f.Add([]byte("id;name;price;t\nA;x;1.299,00 €;04/10/2024\n"))
	f.Add([]byte("\xff\xfei\x00d\x00"))
	f.Add([]byte("'id','price'\n'A','NULL'\n\xb3\xbf"))
	f.Add([]byte("id,price,t\nA,1'299.50 CHF,46082.5\nB,-1.0.0,1.1.1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cfg := Config{Format: CSV, Map: []string{"event==view_item", "visitor=id?", "item_id=name?", "price=price?", "time=t?"}, Now: casesNow}
		run := func() (string, Summary) {
			m := &memory{}
			s, _ := Run(context.Background(), input(cfg, string(text)), m, nil)
			return strings.Join(m.values, "\n"), s
		}
		values, s := run()
		if !utf8.ValidString(values) {
			t.Fatalf("%q: sent %q", text, values)
		}
		again, twice := run()
		if values != again || len(s.Dialects) > 0 && s.Dialects[0].String() != twice.Dialects[0].String() {
			t.Fatalf("%q: %q, then %q", text, values, again)
		}
		if s.Rows != s.Total+s.Bad {
			t.Fatalf("%q: %d rows, %d events, %d bad", text, s.Rows, s.Total, s.Bad)
		}
	})
}

// A feed is read in the encoding that it declares, once.
func TestFeedEncodings(t *testing.T) {
	f := func(text, encoding, want string) {
		t.Helper()
		m := &memory{}
		s := mustRun(t, input(Config{Preset: "google", Now: casesNow, Encoding: encoding}, text), m)
		if s.Total != 1 || !strings.Contains(m.values[0], `"item_name":"`+want+`"`) {
			t.Errorf("%q: %q, %+v", text, m.values, s)
		}
	}
	feed := func(label, title string) string {
		return `<?xml version="1.0" encoding="` + label + `"?><rss xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>1</g:id><title>` + title + `</title></item></channel></rss>`
	}
	f(feed("ISO-8859-1", "caf\xe9"), "", "café")
	f(feed("windows-1250", "\xbf\xf3\xb3ty"), "", "żółty")
	f(feed("UTF-8", "żółty"), "", "żółty")
	f(feed("UTF-8", "\xbf\xf3\xb3ty"), "windows-1250", "żółty")
	f("\xff\xfe"+wide(feed("UTF-16", "żółty"), true), "", "żółty")
}
