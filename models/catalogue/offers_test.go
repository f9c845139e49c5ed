package catalogue

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

// full takes the news of a full feed.
func full(t *testing.T, c *Catalogue, shop uint32, products int) {
	t.Helper()
	c.Feed(shop, &models.Event{Kind: models.FeedTaken, Time: 1_700_000_000_000, Props: fmt.Appendf(nil, `"mode":"full","products":%d`, products)})
}

// at applies an event of a moment, in hours.
func at(t *testing.T, c *Catalogue, hour int, kind, item string) uint32 {
	t.Helper()
	var e models.Event
	line := fmt.Sprintf(`{"event":%q,"time":%d,"currency":"EUR","items":[%s]}`, kind, hours(hour), item)
	if err := e.Decode([]byte(line), hours(hour)); err != nil {
		t.Fatal(err)
	}
	c.Advance(max(c.offers.now, e.Time))
	n := c.Item(1, e.Items[0].ID)
	c.Apply(1, n, &e)
	return n
}

func hours(n int) models.Time { return 1_790_000_000_000 + models.Time(n)*models.Hour }

// A feed that was fetched before a price or a stock changed does not undo it, field by field, and the feed after says it again.
func TestTimesByField(t *testing.T) {
	c := New()
	const row = `{"item_id":"A","item_name":"Lamp","price":20,"availability":"in_stock"}`
	a := at(t, c, 0, "product_upsert", row)
	at(t, c, 2, "product_price", `{"item_id":"A","price":15}`)
	at(t, c, 2, "product_stock", `{"item_id":"A","stock":0}`)
	if hash, _, _ := c.Said(a); hash != 0 {
		t.Error("a feed would not be told again")
	}
	at(t, c, 1, "product_upsert", `{"item_id":"A","item_name":"Lamp 2","price":20,"availability":"in_stock"}`)
	if got, want := show(c, a), `A "Lamp 2" "" "" "" "" 15.00 EUR listed sold`; got != want {
		t.Errorf("%s, not %s", got, want)
	}
	if hash, _, _ := c.Said(a); hash != 0 {
		t.Error("what a late feed said counts as the truth")
	}
	at(t, c, 3, "product_upsert", row)
	if got, want := show(c, a), `A "Lamp" "" "" "" "" 20.00 EUR listed`; got != want {
		t.Errorf("%s, not %s", got, want)
	}
	var e models.Event
	if err := e.Decode([]byte(`{"event":"product_upsert","currency":"EUR","items":[`+row+`]}`), 1); err != nil {
		t.Fatal(err)
	}
	if hash, listed, removed := c.Said(a); hash != SaidHash(&e.Items[0], e.Currency) || !listed || removed {
		t.Error("the same row would be told again")
	}
	at(t, c, 2, "product_remove", `{"item_id":"A"}`) // of a feed fetched before it was there
	if _, listed, _ := c.Said(a); !listed {
		t.Error("an older feed has taken a newer product away")
	}
}

// A sale begins and ends with its window, by the stream's time, also across a restart.
func TestSaleWindow(t *testing.T) {
	c := New()
	row := fmt.Sprintf(`{"item_id":"A","price":20,"sale_price":12,"sale_from":%q,"sale_until":%q}`, hours(5).Std().Format("2006-01-02T15:04:05Z"), hours(8).Std().Format("2006-01-02T15:04:05Z"))
	a := at(t, c, 0, "product_upsert", row)
	var p models.Product
	for hour := range 10 {
		c.Advance(hours(hour))
		if hour == 3 {
			var b, o bytes.Buffer
			c.Freeze().WriteTo(&b)
			c.Offers().Freeze().WriteTo(&o)
			c = New()
			c.ReadFrom(&b)
			if _, err := c.Offers().ReadFrom(&o); err != nil {
				t.Fatal(err)
			}
			c.Settle()
		}
		c.Product(a, &p)
		if on := hour >= 5 && hour < 8; on != (p.Sale == 12*models.Micros) || on != c.OnSale(a) || on != bytes.Contains(p.JSON, []byte(`"sale_price":12.00`)) {
			t.Errorf("hour %d: %s", hour, p.JSON)
		}
	}
	if n := 0; c.Lowest(a) != 12*models.Micros {
		t.Errorf("lowest %s", c.Lowest(a))
	} else {
		c.OnSaleLately(1, func(uint32) bool { n++; return true })
		if n != 1 {
			t.Errorf("%d went on sale", n)
		}
	}
}

// Lowest agrees with a list of all prices.
func TestLowest(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := New()
		type change struct{ hour, price int }
		var all []change
		hour, item := 0, uint32(0)
		for range rapid.IntRange(1, 25).Draw(r, "changes") {
			hour += rapid.IntRange(1, 400).Draw(r, "hours")
			price := rapid.IntRange(1, 9).Draw(r, "price")
			item = at(t, c, hour, "product_price", fmt.Sprintf(`{"item_id":"A","price":%d}`, price))
			if len(all) == 0 || all[len(all)-1].price != price {
				all = append(all, change{hour, price})
			}
		}
		last := len(all) - 1
		want := 0
		for i, x := range all[:last] {
			if all[i+1].hour > all[last].hour-30*24 && (want == 0 || x.price < want) {
				want = x.price
			}
		}
		if got := c.Lowest(item); got != models.Money(want)*models.Micros {
			r.Fatalf("%v: lowest %s, not %d", all, got, want)
		}
	})
}

func TestAttributes(t *testing.T) {
	c := New()
	a := at(t, c, 0, "product_upsert", `{"item_id":"A","price":5,"color":"red","custom_label_0":"x","size":"S","brand":"B","stock":7}`)
	at(t, c, 1, "product_upsert", `{"item_id":"A","price":6,"color":"blue","size":null}`)
	at(t, c, 2, "product_price", `{"item_id":"A","price":7}`)
	var p models.Product
	c.Whole(a, &p)
	if string(p.Attributes) != `"custom_label_0":"x","color":"blue"` || p.Pieces != 7 || !p.HasPieces || p.Lowest != 5*models.Micros {
		t.Errorf("%s, %d, %s", p.Attributes, p.Pieces, p.Lowest)
	}
}

// A product costs at most 500 B more on average, of which what it says itself is most.
func TestOfferBytes(t *testing.T) {
	c := New()
	const n = 20_000
	for i := range n {
		at(t, c, 0, "product_upsert", fmt.Sprintf(`{"item_id":"P%d","item_name":"A product of a shop","price":%d,"item_group_id":"G%d","color":"red","size":"M","material":"cotton","custom_label_0":"winter","stock":12}`, i, i%100+1, i/5))
	}
	for i := range n {
		at(t, c, 1, "product_price", fmt.Sprintf(`{"item_id":"P%d","price":%d}`, i, i%90+2))
	}
	if each := c.Offers().Bytes() / n; each > 500 {
		t.Errorf("%d B a product", each)
	} else {
		t.Logf("%d B a product", each)
	}
}
