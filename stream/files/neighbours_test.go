package files

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"

	"orrery/models"
)

func TestMonthNames(t *testing.T) {
	warsaw, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"Mar 5, 2026 10:00:00 AM": "2026-03-05T09:00:00Z", "Mar 6, 2026, 9:00 PM": "2026-03-06T20:00:00Z", "March 5, 2026": "2026-03-04T23:00:00Z",
		"5 Mar 2026 10:00": "2026-03-05T09:00:00Z", "05-Mar-2026": "2026-03-04T23:00:00Z", "05-MAR-26 10.00": "", "5. März 2026, 10:00": "2026-03-05T09:00:00Z",
		"Sun, 01 Mar 2026 10:00:00 +0000": "2026-03-01T10:00:00Z", "Sunday, March 1, 2026 10:00:00 GMT": "2026-03-01T10:00:00Z", "Sun Mar 01 2026 10:00:00": "2026-03-01T09:00:00Z",
		"1 paź 2026 08:15": "2026-10-01T06:15:00Z", "3 juillet 2026": "2026-07-02T22:00:00Z", "3 juin 2026": "2026-06-02T22:00:00Z", "12 déc. 2026": "2026-12-11T23:00:00Z",
		"Mar 32, 2026": "", "Foo 5, 2026": "", "Mar 5": "", "Mar": "", "5 2026": "", "Monday": "", "5 Mar 126": "", "Mar 5, 2026 soon": "",
		// The hour that summer time leaves out, and the one that comes twice: read, and an hour apart at most.
		"2026-03-29 02:30:00": "2026-03-29T01:30:00Z", "2026-10-25 02:30:00": "2026-10-25T01:30:00Z",
	} {
		c := clockReader{layout: "auto", loc: warsaw}
		at, err := c.parse([]byte(text))
		if got := at.Std().Format(time.RFC3339Nano); want != "" && (err != nil || got != want) || want == "" && err == nil {
			t.Errorf("%q: got %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestObjectsWithinAnObject(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		var got []string
		in := newObjects(strings.NewReader(text), []string{"orders", "items"})
		for {
			raw, err := in.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				got = append(got, "error")
				break
			}
			got = append(got, fmt.Sprintf("%d:%s", in.at(), raw))
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	f(`{"orders":[{"a":1},{"b":{"orders":[1]}}],"n":2}`, `1:{"a":1}`, `1:{"b":{"orders":[1]}}`)
	f("{\"n\":[{\"items\":[7]}],\n\"items\": [\n{\"a\":1},\n{\"a\":2}\n]\n}\n", `3:{"a":1}`, `4:{"a":2}`)
	f(`[{"a":1},{"a":2}]`, `1:{"a":1}`, `1:{"a":2}`)
	f("{\"a\":\"]orders\"}\n{\"a\":2}\n", `1:{"a":"]orders"}`, `2:{"a":2}`)
	f(`{"orders":[]}`)
	f(`{"orders":[{"a":1}`, `1:{"a":1}`, "error")
	f(`{"orders":7}`, `1:{"orders":7}`)
	f("{\"a\":\"\\\"orders\\\":[\",\"b\":1}", `1:{"a":"\"orders\":[","b":1}`)
}

// One file of two sales and a product with a price, in every way that shops write it, is the same two sales.
func TestNeighbours(t *testing.T) {
	maps := []string{"event==purchase", "order=Order No", "contact=E-Mail", "time=Date", "item_id=SKU", "item_name=Name", "price=Price", "quantity=Qty"}
	const want = "N1 2026-03-05T09:00:00Z 1299.00 SKÜ-1*1 SKÜ-2*1 | N2 2026-03-13T09:00:00Z 25.50 SKÜ-2*3 | 2"
	table := func(sep, quote, end, mark, date string) string {
		row := func(cells ...string) string {
			for i, c := range cells {
				if quote != "" && (i%2 == 0 || strings.Contains(c, sep)) {
					cells[i] = quote + strings.ReplaceAll(c, quote, quote+quote) + quote
				}
			}
			return strings.Join(cells, sep) + end
		}
		day := func(d int) string { return time.Date(2026, 3, d, 10, 0, 0, 0, time.UTC).Format(date) }
		price := func(s string) string { return strings.ReplaceAll(s, ".", mark) }
		return row("Order No", "E-Mail", "Date", "SKU", "Name", "Price", "Qty") +
			row("N1", "ann@x.example", day(5), "SKÜ-1", "Sofa", price("1290.50"), "1") + row("N1", "ann@x.example", day(5), "SKÜ-2", "Mug", price("8.50"), "1") +
			row("N2", "BEN@x.example", day(13), "SKÜ-2", "Mug", price("8.50"), "3")
	}
	encoded := func(e interface {
		String(string) (string, error)
	}, s string) string {
		out, err := e.String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	plain := table(",", `"`, "\n", ".", "2006-01-02 15:04:05")
	european := table(";", `"`, "\r\n", ",", "02.01.2006 15:04")
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		cfg  Config
	}{
		"plain":                       {plain, Config{}},
		"semicolons, Windows' lines":  {european, Config{}},
		"byte-order mark":             {byteOrderMark + european, Config{}},
		"windows-1252":                {encoded(charmap.Windows1252.NewEncoder(), european), Config{}},
		"utf-16le with mark":          {encoded(utf.UTF16(utf.LittleEndian, utf.UseBOM).NewEncoder(), european), Config{}},
		"utf-16be without mark":       {encoded(utf.UTF16(utf.BigEndian, utf.IgnoreBOM).NewEncoder(), plain), Config{}},
		"utf-16le tabs, as Excel":     {encoded(utf.UTF16(utf.LittleEndian, utf.UseBOM).NewEncoder(), table("\t", `"`, "\r\n", ",", "02.01.2006 15:04:05")), Config{}},
		"bars, single quotes":         {table("|", "'", "\n", ".", "2006-01-02T15:04:05"), Config{}},
		"tabs, no quotes":             {table("\t", "", "\n", ".", "2006/01/02 15:04"), Config{}},
		"American dates":              {table(",", `"`, "\r\n", ".", "1/2/2006 3:04 PM"), Config{}},
		"British dates":               {table(",", `"`, "\r\n", ".", "02/01/2006 15:04"), Config{}},
		"dates of letters":            {table(",", `"`, "\n", ".", "Jan 2, 2006 3:04:05 PM"), Config{}},
		"old Macs' line ends":         {table(",", `"`, "\r", ".", "2006-01-02 15:04:05"), Config{}},
		"sep= of spreadsheets":        {"sep=;\r\n" + european, Config{}},
		"blank lines before":          {"\r\n\n" + european, Config{}},
		"a trailing separator":        {strings.ReplaceAll(european, "\r\n", ";\r\n"), Config{}},
		"signs around prices":         {strings.NewReplacer("1290.50", "EUR 1,290.50", `8.50`, "€8.50").Replace(table("\t", `"`, "\n", ".", "2006-01-02 15:04:05")), Config{}},
		"thousands by a narrow blank": {strings.NewReplacer("1290,50", "1\u202f290,50 €", "8,50", "8,50\u00a0€").Replace(european), Config{}},
	} {
		c.cfg.Map, c.cfg.Currency, c.cfg.Format = maps, "EUR", CSV
		if c.cfg.Location == nil {
			c.cfg.Location = berlin
		}
		var got []string
		var e models.Event
		sink := memory{visit: func(r models.Record) {
			decode(t, &e, r)
			products := ""
			for i := range e.Items {
				products += fmt.Sprintf(" %s*%d", e.Items[i].ID, e.Items[i].Quantity)
			}
			got = append(got, fmt.Sprintf("%s %s %v%s", e.Order, e.Time.Std().Format(time.RFC3339), e.Amount(), products))
		}}
		s, err := Run(t.Context(), input(c.cfg, c.text), &sink, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if all := fmt.Sprintf("%s | %d", strings.Join(got, " | "), s.Persons); all != want || s.Bad != 0 {
			t.Errorf("%s\n got %s\nwant %s\n%+v", name, all, want, s.First)
		}
	}
}

// A table without a map is told with its columns, and with the map that they look like.
func TestUnmapped(t *testing.T) {
	cfg := input(Config{Format: CSV}, "Bestellnummer;Datum;E-Mail;Artikelnummer;Art der Zahlung;Menge;Unit Price\r\n1;1.3.2026;a@x;A;bar;1;1,50\r\n")
	_, err := Run(t.Context(), cfg, &memory{}, nil)
	const want = "its columns are Bestellnummer, Datum, E-Mail, Artikelnummer, Art der Zahlung, Menge, Unit Price; as orders: --map event==purchase --map order=Bestellnummer " +
		"--map time=Datum --map contact=E-Mail --map item_id=Artikelnummer --map quantity=Menge --map 'price=Unit Price'"
	if err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = Run(t.Context(), input(Config{Format: CSV}, "a,b\n1,2\n"), &memory{}, nil)
	if err == nil || !strings.HasSuffix(err.Error(), "needs a preset or a column map: its columns are a, b") {
		t.Error(err)
	}
}
