package files

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"orrery/models"
)

type nothing struct{}

func (nothing) Put(context.Context, models.Record) error { return nil }
func (nothing) Flush(context.Context) error              { return nil }

func BenchmarkRun(b *testing.B) {
	f := func(name string, cfg Config, row func(i int) string) {
		var text strings.Builder
		text.WriteString(row(-1))
		const rows = 100_000
		for i := range rows {
			text.WriteString(row(i))
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			b.ReportAllocs()
			for range b.N {
				s, err := Run(context.Background(), input(cfg, text.String()), nothing{}, nil)
				if err != nil || s.Rows != rows || s.Bad > 0 {
					b.Fatalf("%+v, %v", s, err)
				}
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
	f("rows in groups of ten", Config{Preset: "online-retail"}, func(i int) string {
		if i < 0 {
			return "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
		}
		return fmt.Sprintf("%d,%d,\"CUP, BLUE\",6,2010-12-01 08:%02d:00,2.55,%d,Elbonia\n", i/10, i%3000, i/10%60, i%4000)
	})
	f("a row an event", Config{Preset: "ga4"}, func(i int) string {
		if i < 0 {
			return "event_timestamp,user_id,event_name,item_id,item_name,item_category,price,quantity\n"
		}
		return fmt.Sprintf("2026-01-01T%02d:%02d:%02d.%03dZ,user_%d,view_item,item_%d,Cup,Kitchen,12,\n",
			i/3600000, i/60000%60, i/1000%60, i%1000, i%5000, i%3000)
	})
	f("own events", Config{Preset: "jsonl"}, func(i int) string {
		if i < 0 {
			return ""
		}
		return fmt.Sprintf(`{"event":"view_item","id":"e%d","time":"2026-01-01T00:00:00Z","visitor":"v%d","items":[{"item_id":"i%d","price":12.5}]}`+"\n", i, i%5000, i%3000)
	})
}
