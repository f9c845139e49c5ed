// Package exact compares the engine with plain batch computations over whole public files.
package exact

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/csv"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/stream/files"
)

// fold applies every record to an engine as it comes, as the stream does.
type fold struct {
	engine  *engine.Engine
	event   models.Event
	refused int
}

// Put implements files.Sink.
func (f *fold) Put(_ context.Context, r models.Record) error {
	if err := f.event.Decode(r.Value, models.TimeOf(time.Now())); err != nil {
		f.refused++
		return nil
	}
	f.engine.Apply([]*models.Event{&f.event})
	return nil
}

// Flush implements files.Sink.
func (f *fold) Flush(context.Context) error { return nil }

// quiet is told of progress and says nothing.
type quiet struct{}

func (quiet) Status(files.Status) {}
func (quiet) Bad(files.BadRow)    {}

// buyer is a customer as the file's rows tell.
type buyer struct {
	id       string
	invoices map[string]bool
	spent    models.Money
	credit   models.Money // of notes, which have numbers of their own
	last     int          // day
}

// readBuyers computes every customer's invoices, money and last day from the rows of Online Retail, rows without a customer left
// out. Credit notes (C...) take their money off what the customer has spent, down to nothing; who has only notes is no buyer.
func readBuyers(t *testing.T, file string) []*buyer {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows := csv.NewReader(unzipped)
	if _, err := rows.Read(); err != nil { // InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
		t.Fatal(err)
	}
	byID := map[string]*buyer{}
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if row[6] == "" {
			continue
		}
		b := byID[row[6]]
		if b == nil {
			b = &buyer{id: row[6], invoices: map[string]bool{}}
			byID[row[6]] = b
		}
		price, err := models.ParseMoney([]byte(row[5]))
		if err != nil {
			t.Fatal(err)
		}
		quantity, err := models.ParseMoney([]byte(row[3]))
		if err != nil {
			t.Fatal(err)
		}
		amount := price * (quantity / models.Micros)
		if strings.HasPrefix(row[0], "C") {
			b.credit -= amount
			continue
		}
		b.invoices[row[0]] = true
		b.spent += amount
		day, err := time.Parse(time.DateOnly, row[4][:10])
		if err != nil {
			t.Fatal(err)
		}
		b.last = max(b.last, int(day.Unix()/86400))
	}
	var all []*buyer
	for _, b := range byID {
		if len(b.invoices) > 0 {
			b.spent = max(0, b.spent-b.credit)
			all = append(all, b)
		}
	}
	slices.SortFunc(all, func(a, b *buyer) int { return cmp.Compare(a.id, b.id) })
	return all
}

// score is 1 + floor(5 p) of the mid-rank percentile p of a value among all, found by counting.
func score(all []float64, v float64) uint8 {
	below, _ := slices.BinarySearch(all, v)
	upto, _ := slices.BinarySearch(all, math.Nextafter(v, math.Inf(1)))
	p := (float64(below) + float64(upto-below)/2) / float64(len(all))
	return uint8(min(5, 1+int(5*p)))
}

// percent is the class of amounts that differ by less than one per cent, as money is ranked.
func percent(m models.Money) float64 {
	if m <= 0 {
		return -1
	}
	return math.Floor(math.Log(max(m.Float(), 0.01)/0.01) / math.Log(1.01))
}

// The live table after a replay equals the batch computation: values of every customer to the millionth, scores of
// recency and frequency by sorting all customers, and that of money by sorting them in classes of one per cent.
func TestOnlineRetailRFM(t *testing.T) {
	dir := os.Getenv("ORRERY_DATA")
	if dir == "" {
		t.Skip("ORRERY_DATA is not set: the folder of the public data sets that this test counts")
	}
	file := filepath.Join(dir, "online_retail", "online_retail.csv.gz")
	e, err := engine.New(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	sink := &fold{engine: e}
	if _, err := files.Run(t.Context(), files.Config{Preset: "online-retail", Files: []string{file}}, sink, quiet{}); err != nil {
		t.Fatal(err)
	}
	buyers := readBuyers(t, file)
	var last, orders, classes, spent []float64
	for _, b := range buyers {
		last, orders = append(last, float64(b.last)), append(orders, float64(len(b.invoices)))
		classes, spent = append(classes, percent(b.spent)), append(spent, float64(b.spent))
	}
	for _, values := range [][]float64{last, orders, classes, spent} {
		slices.Sort(values)
	}
	mismatches, edge := 0, 0
	for _, b := range buyers {
		p, ok := e.Contact(nil, []byte("customer-"+b.id), e.StreamTime())
		c := p.Customer
		if !ok || c == nil {
			t.Errorf("customer %s: the engine has no purchase", b.id)
			mismatches++
			continue
		}
		want := [3]uint8{score(last, float64(b.last)), score(orders, float64(len(b.invoices))), score(classes, percent(b.spent))}
		if int(c.Orders) != len(b.invoices) || c.Spent != b.spent || int(c.Last/models.Day) != b.last || c.Score != want {
			if mismatches++; mismatches < 10 {
				t.Errorf("customer %s: %d orders, %v, day %d, scores %v; computed %d, %v, %d, %v", b.id,
					c.Orders, c.Spent, c.Last/models.Day, c.Score, len(b.invoices), b.spent, b.last, want)
			}
		}
		if c.Score[2] != score(spent, float64(b.spent)) {
			edge++
		}
	}
	r, _ := e.RFM(nil, e.StreamTime())
	if int(r.Customers) != len(buyers) {
		t.Errorf("%d customers, computed %d", r.Customers, len(buyers))
	}
	t.Logf("%d customers, %d mismatches; %d have another score of money than by ranks to the penny, within one per cent of an edge", len(buyers), mismatches, edge)
	if edge > len(buyers)/100 {
		t.Errorf("%d customers have another score of money than by ranks to the penny", edge)
	}
}
