package feed

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"

	"orrery/models"
)

// The three real feeds of the data folder, counted by grep and by an XML library of another language before this reader was written.
func TestRealFeeds(t *testing.T) {
	dir := os.Getenv("ORRERY_DATA")
	if dir == "" {
		t.Skip("ORRERY_DATA names no folder of public data")
	}
	for _, c := range []struct {
		file                                             string
		entries, distinct, twice, same, out, groups, bad int
		currency, price, total                           string // of the first, and of all
	}{
		{"importpc", 1255, 1254, 1, 0, 9, 0, 0, "CZK", "599.00", "1370635.00"},
		{"opispot", 486, 486, 0, 0, 0, 23, 0, "USD", "32.00", "11173.73"},
		{"sooqmasr", 1018, 860, 158, 158, 0, 0, 0, "EGP", "6250.00", "878781.00"},
	} {
		t.Run(c.file, func(t *testing.T) {
			f, err := os.Open(filepath.Join(dir, "catalogue_google_merchant_feeds", c.file+".xml.gz"))
			if err != nil {
				t.Skip(err)
			}
			defer f.Close()
			zip, err := gzip.NewReader(f)
			if err != nil {
				t.Fatal(err)
			}
			var products []Product
			ids, groups := map[string]Product{}, map[string]bool{}
			out, same, twice, untitled := 0, 0, 0, 0
			sum, err := Read(zip, Options{}, func(p *Product) error {
				products = append(products, *p)
				if was, ok := ids[p.ID]; ok {
					twice++
					if was.Title == p.Title && was.Price == p.Price {
						same++
					}
				}
				ids[p.ID] = *p
				if p.Group != "" {
					groups[p.Group] = true
				}
				if p.Availability == "out_of_stock" {
					out++
				}
				if p.Title == "" || !p.HasPrice || p.Price == 0 || p.Link == "" || p.Image == "" || p.Category == "" {
					untitled++
					t.Logf("%+v", p)
				}
				return nil
			}, func(p Problem) error {
				t.Log(p)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if sum.Entries != int64(c.entries) || len(ids) != c.distinct || twice != c.twice || out != c.out || len(groups) != c.groups || int(sum.Bad) != c.bad || sum.Cut || untitled > 0 {
				t.Errorf("%+v: %d ids, %d twice, %d of them the same, %d sold out, %d groups, %d without something", sum, len(ids), twice, same, out, len(groups), untitled)
			}
			if c.same > 0 && same != c.same {
				t.Errorf("%d of the repeated ones are the same", same)
			}
			if p := products[0]; p.Currency != c.currency || p.Price.String() != c.price {
				t.Errorf("the first costs %s %s", p.Price, p.Currency)
			}
			var total models.Money
			for _, p := range products {
				total += p.Price
			}
			if total.String() != c.total {
				t.Errorf("all prices make %s", total)
			}
		})
	}
}
