package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/engine"
	"orrery/models"
)

// extreme draws one of the longest, shortest and oddest texts that an id of at most so many bytes may be.
func extreme(t *rapid.T, most int, what string) string {
	fill := rapid.SampledFrom([]string{"a", "<", `"`, `\`, "é", "𝄞", " ", "\u2028", ">"}).Draw(t, what+" letter")
	n := rapid.SampledFrom([]int{1, 2, most / 2, most}).Draw(t, what+" length")
	text := fmt.Sprint(rapid.IntRange(0, 3).Draw(t, what)) + strings.Repeat(fill, most)
	for n = min(n, most); n > 0 && !json.Valid([]byte(`"`+strings.ReplaceAll(strings.ReplaceAll(text[:n], `\`, `\\`), `"`, `\"`)+`"`)); {
		n--
	}
	return strings.ToValidUTF8(text[:n], "")
}

// extremeItem draws a product with everything that a sender may say of it.
func extremeItem(t *rapid.T) map[string]any {
	return map[string]any{
		"item_id": extreme(t, models.MaxID, "item"), "item_name": extreme(t, 3000, "name"), "item_brand": extreme(t, 3000, "brand"),
		"item_category": strings.Repeat(extreme(t, 300, "category")+" > ", rapid.IntRange(1, 20).Draw(t, "levels")),
		"price":         rapid.SampledFrom([]any{0, 1e-6, 1e9, "999999999.999999", 12.5}).Draw(t, "price"),
		"sale_price":    rapid.SampledFrom([]any{0, 1e-6, 1e9, nil, "1"}).Draw(t, "sale"),
		"quantity":      rapid.SampledFrom([]int{1, models.MaxQuantity, 2}).Draw(t, "quantity"),
		"url":           "https://shop.example/" + strings.Repeat("u", rapid.SampledFrom([]int{0, 2000, 30_000}).Draw(t, "url")),
		"stock":         rapid.SampledFrom([]any{0, -1, math.MaxInt64, "none"}).Draw(t, "stock"),
	}
}

// extremeEvent draws an event that says as much as one can, or as little.
func extremeEvent(t *rapid.T, n int) []byte {
	name := rapid.OneOf(rapid.SampledFrom(models.KnownNames), rapid.Just("purchase"), rapid.Just("refund"), rapid.Just("identify"),
		rapid.Custom(func(t *rapid.T) string { return extreme(t, models.MaxName, "event") })).Draw(t, "name")
	e := map[string]any{
		"event": name, "id": fmt.Sprint(n), "shop": extreme(t, models.MaxShop, "shop"), "visitor": extreme(t, models.MaxID, "visitor"),
		"time":     rapid.SampledFrom([]int64{int64(models.MinTime), int64(dayZero), int64(dayZero + 401*models.Day), int64(dayZero) + int64(n)*1000}).Draw(t, "time"),
		"trust":    rapid.SampledFrom([]string{"secret", "signed", "public", "proved"}).Draw(t, "trust"),
		"currency": rapid.SampledFrom([]string{"EUR", "XXX", "ZWL", "AED", ""}).Draw(t, "currency"),
	}
	if rapid.Bool().Draw(t, "has a contact") || name == "identify" {
		e["contact"] = extreme(t, models.MaxID, "contact")
	}
	if rapid.Bool().Draw(t, "has an order") || name == "refund" || name == "cancel" {
		e["order"] = extreme(t, models.MaxID, "order")
	}
	if rapid.Bool().Draw(t, "has a value") {
		e["value"] = rapid.SampledFrom([]any{0, 1e12, "0.000001", 1e7, 99.5}).Draw(t, "value")
	}
	if rapid.IntRange(0, 9).Draw(t, "says much") == 0 {
		e["props"] = map[string]any{"x": strings.Repeat("y", rapid.SampledFrom([]int{10, 4096, 65_535, 70_000, 900_000}).Draw(t, "props")), "bot": rapid.Bool().Draw(t, "bot")}
	}
	items := rapid.SampledFrom([]int{0, 1, 1, 1, 2, 30}).Draw(t, "items")
	if strings.HasPrefix(name, "product_") {
		items = 1
	}
	var list []map[string]any
	for range items {
		list = append(list, extremeItem(t))
	}
	if items == 30 && rapid.IntRange(0, 4).Draw(t, "most items") == 0 { // as many as an event may have, short ones
		list = nil
		for i := range models.MaxItems {
			list = append(list, map[string]any{"item_id": fmt.Sprint(i), "price": 1e9, "quantity": models.MaxQuantity})
		}
	}
	e["items"] = list
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever was taken can be written to the log, told, frozen, restored and exported, and the state that was restored goes on as
// the one that was not.
func TestExtremes(tt *testing.T) {
	rapid.Check(tt, func(t *rapid.T) {
		cfg := engine.Config{
			MaxShops: rapid.SampledFrom([]int{2, 1000}).Draw(t, "shops.max"), MaxStrangers: rapid.SampledFrom([]int{0, 1, 3}).Draw(t, "visitors.max"),
			MaxInvented: rapid.SampledFrom([]int{0, 1, 5}).Draw(t, "products.max"),
		}
		e := newEngine(tt, cfg)
		var events []*models.Event
		for n := range rapid.IntRange(1, 25).Draw(t, "events") {
			line := extremeEvent(t, n)
			ev := new(models.Event)
			if ev.Decode(line, dayZero+400*models.Day) != nil {
				continue // it is not taken
			}
			if r := models.RecordOf(ev, line); len(r.Key)+len(r.Value) > models.MaxAppend {
				t.Fatalf("a record of %d bytes was taken: more than the log takes", len(r.Key)+len(r.Value))
			}
			again := new(models.Event)
			if told := models.Append(nil, ev); len(told) <= models.MaxRecord && again.Decode(told, dayZero+400*models.Day) != nil {
				t.Fatalf("%.300s: what is told of it cannot be read", told)
			}
			if e.Admit(ev) == nil {
				events = append(events, ev)
			}
		}
		apply(e, events, rapid.IntRange(1, 9).Draw(t, "batch"))
		restored := newEngine(tt, cfg)
		saved := save(tt, e)
		restoreInto(t, restored, saved)
		apply(e, events, 5) // they go on alike: repeats are none to an engine
		apply(restored, events, 5)
		one, other := save(tt, e), save(tt, restored)
		for name := range one {
			if !bytes.Equal(one[name], other[name]) && !strings.HasPrefix(name, "customers/") {
				t.Errorf("section %s goes another way after a restart", name)
			}
		}
		for _, ev := range events {
			for _, p := range [2]func() (models.Profile, bool){
				func() (models.Profile, bool) { return e.Visitor(ev.Shop, ev.Visitor, e.StreamTime()) },
				func() (models.Profile, bool) { return e.Contact(ev.Shop, ev.Contact, e.StreamTime()) },
			} {
				if p, ok := p(); ok {
					if p.Customer != nil {
						p.Customer.Alive = 0
					}
					if _, err := json.Marshal(p); err != nil {
						t.Fatalf("a profile cannot be told: %v", err)
					}
				}
			}
		}
		into := newEngine(tt, engine.Config{})
		if err := e.EachFact("test", 0, func(f *models.Fact) error {
			line, err := json.Marshal(f)
			if err != nil {
				return err
			}
			if err := take(into, string(line)); err != nil {
				return fmt.Errorf("%.300s: %w", line, err)
			}
			return nil
		}); err != nil {
			t.Fatalf("cannot export: %v", err)
		}
		if a, b := e.Stats(), into.Stats(); a.Orders != b.Orders || a.Contacts != b.Contacts || a.Products != b.Products {
			t.Errorf("exported %d orders, %d contacts, %d products, imported %d, %d, %d", a.Orders, a.Contacts, a.Products, b.Orders, b.Contacts, b.Products)
		}
	})
}

// restoreInto restores all sections, one after the other.
func restoreInto(t *rapid.T, e *engine.Engine, saved map[string][]byte) {
	for key, b := range saved {
		name, version, _ := strings.Cut(key, "/")
		r := bytes.NewReader(b)
		if err := e.Restore(name, uint16(number(version)), r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r.Len() > 0 {
			t.Fatalf("%s: %d bytes are left over", name, r.Len())
		}
	}
}

// Every table with a bound is filled past it, and what is kept then can be read: lists of a visitor, a contact and an order,
// rings of a shop, rows of categories, pools of running sessions and of forecasts, names, mails.
func TestPastEveryBound(t *testing.T) {
	engine.Alone(t)
	var lines []string
	at := dayZero
	put := func(format string, args ...any) {
		at += models.Minute
		lines = append(lines, fmt.Sprintf(`{"id":"%d","time":%d,`, len(lines), int64(at))+fmt.Sprintf(format, args...)+"}")
	}
	for i := range 300 {
		put(`"event":"view_item","visitor":"v","items":[{"item_id":"p%d","item_category":"c%d"}]`, i, i%40)
		put(`"event":"add_to_cart","visitor":"v","items":[{"item_id":"p%d"}]`, i)
		put(`"event":"purchase","visitor":"v","order":"v%d","value":1,"items":[{"item_id":"p%d"}]`, i, i)
		put(`"event":"purchase","contact":"c","order":"c%d","value":1,"currency":"EUR"`, i)
		put(`"event":"identify","visitor":"shared","contact":"c%d"`, i)
		put(`"event":"identify","visitor":"v%d","contact":"one"`, i)
		put(`"event":"email_sent","contact":"c"`)
		put(`"event":"product_upsert","items":[{"item_id":"p%d","price":5,"sale_price":%d}]`, i, 1+i%4)
		put(`"event":"identify","trust":"public","visitor":"v","contact":"lead%d"`, i)
		put(`"event":"purchase","trust":"public","visitor":"s%d","order":"claim%d","value":1`, i, i)
	}
	for i := range 1200 {
		put(`"event":"name %d","visitor":"v"`, i)
	}
	put(`"event":"purchase","visitor":"w","order":"long","items":[%s]`, strings.TrimSuffix(strings.Repeat(`{"item_id":"x"},`, models.MaxItems), ","))
	for i := range models.MaxItems {
		lines[len(lines)-1] = strings.Replace(lines[len(lines)-1], `"x"`, fmt.Sprintf(`"l%d"`, i), 1)
	}
	e := newEngine(t, engine.Config{})
	apply(e, decode(t, lines), 64)
	const crowd = 1<<18 + 1000 // one more than there are places for running sessions
	batch := decode(t, slices.Repeat([]string{fmt.Sprintf(`{"event":"view_item","visitor":"x","time":%d,"items":[{"item_id":"p1"}]}`, int64(at))}, 256))
	for i := range crowd {
		ev := batch[i%256]
		ev.Visitor = fmt.Appendf(ev.Visitor[:0:0], "crowd %d", i)
		if i%256 == 255 {
			e.Apply(batch)
		}
	}
	saved := save(t, e)
	again := newEngine(t, engine.Config{})
	restore(t, again, saved)
	same(t, "after a restart", e, again, e.StreamTime())
	apply(again, decode(t, lines[:100]), 64) // it goes on
}
