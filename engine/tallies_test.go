package engine

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

// genShops draws a stream of several shops, whose figures of all kinds change.
func genShops(t *rapid.T, shops int) (events []*models.Event) {
	kinds := []models.Kind{models.PageView, models.ViewItem, models.ViewItem, models.AddToCart, models.Purchase, models.Refund, models.Cancel, models.Identify, models.EmailSent, models.Logout}
	values := []models.Money{0, models.Micros, 1999 * models.Micros / 100, math.MaxInt64 / 2}
	at := models.Time(20_000) * models.Day
	for n := range rapid.IntRange(1, 60).Draw(t, "events") {
		at += models.Time(rapid.SampledFrom([]int{0, 1, 60, 3600, 200_000}).Draw(t, "later")) * models.Second
		k := rapid.SampledFrom(kinds).Draw(t, "kind")
		e := &models.Event{
			Kind: k, Name: []byte(k.String()), ID: fmt.Appendf(nil, "e%d", n), Time: at,
			Shop:    fmt.Appendf(nil, "s%d", rapid.IntRange(1, shops).Draw(t, "shop")),
			Visitor: fmt.Appendf(nil, "v%d", rapid.IntRange(1, 4).Draw(t, "visitor")),
		}
		if rapid.IntRange(0, 3).Draw(t, "named") == 0 {
			e.Name = fmt.Appendf(nil, "name%d", rapid.IntRange(1, 5).Draw(t, "name"))
		}
		if rapid.Bool().Draw(t, "known") || k == models.Identify || k == models.EmailSent {
			e.Contact = fmt.Appendf(nil, "c%d@x.example", rapid.IntRange(1, 3).Draw(t, "contact"))
		}
		e.Trust = rapid.SampledFrom([]models.Trust{models.Trusted, models.Trusted, models.Public}).Draw(t, "trust")
		if k.Topic() == models.Transactions {
			e.Order = fmt.Appendf(nil, "o%d", rapid.IntRange(1, 6).Draw(t, "order"))
			e.Value, e.HasValue = rapid.SampledFrom(values).Draw(t, "value"), true
			e.Currency = []byte(rapid.SampledFrom([]string{"", "EUR", "PLN"}).Draw(t, "currency"))
		}
		if k == models.ViewItem || k == models.AddToCart || k == models.Purchase {
			e.Items = []models.Item{{ID: fmt.Appendf(nil, "p%d", rapid.IntRange(1, 8).Draw(t, "item")), Quantity: 1}}
		}
		events = append(events, e)
	}
	return events
}

// TestShopTallies: the figures of a shop are those of an engine that has seen that shop alone, whatever the batches and restarts;
// and the counts of all shops add up to those of all together.
func TestShopTallies(t *testing.T) {
	Alone(t)
	rapid.Check(t, func(t *rapid.T) {
		const shops = 2
		events := genShops(t, shops)
		e, alone := newEngine(t), [shops]*Engine{}
		for i := range alone {
			alone[i] = newEngine(t)
			for _, ev := range events {
				if string(ev.Shop) == fmt.Sprintf("s%d", i+1) {
					alone[i].Apply([]*models.Event{ev})
				}
			}
		}
		for rest := events; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "batch")
			e.Apply(rest[:n])
			rest = rest[n:]
		}
		if rapid.IntRange(0, 3).Draw(t, "restart") == 0 {
			e = again(t, e)
			e.Settle()
		}
		var sum models.Stats
		for i := range alone {
			got, want := e.ShopStats(fmt.Appendf(nil, "s%d", i+1)), alone[i].Stats()
			want.Bytes, want.Dropped = nil, nil
			for _, money := range []map[string]models.Money{got.Revenue, want.Revenue} { // an order of nothing makes its currency known
				maps.DeleteFunc(money, func(_ string, sum models.Money) bool { return sum == 0 })
			}
			want.StreamTime = got.StreamTime // that of all shops, by which claims end
			claims := got.Claims
			got.Claims.Open, got.Claims.Expired, want.Claims.Open, want.Claims.Expired = 0, 0, 0, 0
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
				t.Fatalf("shop %d\n got %+v\nwant %+v", i+1, got, want)
			}
			sum.Total += got.Total
			sum.Orders += got.Orders
			sum.Visitors += got.Visitors
			sum.Contacts += got.Contacts
			sum.Sessions += got.Sessions
			sum.Buyers += got.Buyers
			sum.Claims.Open += claims.Open
			sum.Claims.Expired += claims.Expired
		}
		all := e.Stats()
		if sum.Total != all.Total || sum.Orders != all.Orders || sum.Visitors != all.Visitors || sum.Contacts != all.Contacts ||
			sum.Sessions != all.Sessions || sum.Buyers != all.Buyers || sum.Claims.Open != all.Claims.Open || sum.Claims.Expired != all.Claims.Expired {
			t.Fatalf("the shops have %+v, all together %+v", sum, all)
		}
	})
}

func newEngine(t interface{ Fatal(...any) }) *Engine {
	e, err := New(Config{Alone: true})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// again returns an engine that is restored of another's snapshot, but for some sections.
func again(t interface{ Fatal(...any) }, e *Engine, but ...string) *Engine {
	e2 := newEngine(t)
	for _, s := range e.Freeze() {
		var b bytes.Buffer
		_, err := s.Data.WriteTo(&b)
		if err == nil && !slices.Contains(but, s.Name) {
			err = e2.Restore(s.Name, s.Version, &b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return e2
}

// TestShopTalliesAdopted: a state from before there were figures by shop has those of all for its only shop; of several shops
// they are counted from then on, and say since when.
func TestShopTalliesAdopted(t *testing.T) {
	one := models.Event{Kind: models.Purchase, Name: []byte("purchase"), ID: []byte("e1"), Time: 20_000 * models.Day, Shop: []byte("s1"), Visitor: []byte("v"), Contact: []byte("c"),
		Order: []byte("o"), Value: 5 * models.Micros, HasValue: true, Currency: []byte("EUR"), Items: []models.Item{{ID: []byte("p"), Quantity: 1}}}
	e := newEngine(t)
	e.Apply([]*models.Event{&one})
	want := e.ShopStats([]byte("s1"))
	adopted := again(t, e, "shop_totals")
	adopted.Settle()
	if got := adopted.ShopStats([]byte("s1")); !reflect.DeepEqual(got, want) || got.Orders != 1 || got.Revenue["EUR"] != 5*models.Micros {
		t.Errorf("the only shop\n got %+v\nwant %+v", got, want)
	}
	two := one
	two.Shop, two.ID, two.Order = []byte("s2"), []byte("e2"), []byte("o2")
	e.Apply([]*models.Event{&two})
	adopted = again(t, e, "shop_totals")
	three := two
	three.ID, three.Order = []byte("e3"), []byte("o3")
	adopted.Apply([]*models.Event{&three})
	if a, b := adopted.ShopStats([]byte("s1")), adopted.ShopStats([]byte("s2")); a.Orders != 0 || b.Orders != 1 || a.Since != 20_000*models.Day || b.Since != a.Since {
		t.Errorf("of two shops: %+v and %+v", a, b)
	}
}
