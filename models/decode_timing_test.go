package models

import (
	"encoding/json"
	"testing"
)

// fullRecord has the 284 bytes of the README's events a second, leanRecord 140.
const (
	fullRecord = `{"event":"add_to_cart","id":"0192f3a477aa7b1e9c55","time":"2026-11-21T10:15:30.123Z","visitor":"v-8f2c91d0aa",` +
		`"session":"s-519","page":{"url":"https://shop.example/p/42","title":"Shoe"},` +
		`"items":[{"item_id":"SKU-42","price":19.90,"quantity":1,"item_category":"toys"}],"currency":"EUR"}`
	leanRecord = `{"event":"view_item","id":"0192f3a477aa7b1e9c55","time":1795256130123,"visitor":"v-8f2c91d0aa",` +
		`"items":[{"item_id":"SKU-1042","price":1.5}]}`
)

func TestTimingRecords(t *testing.T) {
	if len(fullRecord) != 284 || len(leanRecord) != 140 {
		t.Fatalf("%d and %d bytes, want 284 and 140", len(fullRecord), len(leanRecord))
	}
}

func BenchmarkDecode(b *testing.B) {
	f := func(name, record string) {
		b.Run(name, func(b *testing.B) {
			body := []byte(record)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			var e Event
			for b.Loop() {
				if err := e.Decode(body, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	f("full", fullRecord)
	f("lean", leanRecord)
	f("escapes", `{"event":"add_to_cart","id":"0192f3a477aa7b1e9c55","time":"2026-11-21T10:15:30.123Z","visitor":"v-8f2c91d0aa",`+
		`"session":"s-51920","page":{"url":"https:\/\/shop.example\/p\/1042","title":"Red \"shoe\""},`+
		`"items":[{"item_id":"SKU-1042","price":19.90,"quantity":1,"item_category":"shoes\/red"}],"currency":"EUR"}`)
	f("unknown", `{"event":"add_to_cart","id":"0192f3a477aa7b1e9c55","time":"2026-11-21T10:15:30.123Z","visitor":"v-8f2c91d0aa",`+
		`"campaign":"autumn","page":{"url":"https://shop.example/p/1042","title":"Größe 42"},`+
		`"items":[{"item_id":"SKU-1042","price":19.90,"quantity":1,"color":"red"}],"props":{"a":[1,2,3]}}`)
}

// BenchmarkDecodeStandard is encoding/json with a struct of the same fields, for the ratio.
func BenchmarkDecodeStandard(b *testing.B) {
	type item struct {
		ID       string   `json:"item_id"`
		Name     string   `json:"item_name"`
		Category string   `json:"item_category"`
		Price    *float64 `json:"price"`
		Quantity int      `json:"quantity"`
	}
	type event struct {
		Name    string          `json:"event"`
		ID      string          `json:"id"`
		Time    json.RawMessage `json:"time"`
		Shop    string          `json:"shop"`
		Visitor string          `json:"visitor"`
		Contact string          `json:"contact"`
		Session string          `json:"session"`
		Page    struct {
			URL      string `json:"url"`
			Title    string `json:"title"`
			Referrer string `json:"referrer"`
		} `json:"page"`
		Items          []item          `json:"items"`
		Order          string          `json:"order"`
		Value          *float64        `json:"value"`
		Currency       string          `json:"currency"`
		Query          string          `json:"query"`
		Recommendation string          `json:"recommendation"`
		Slot           int             `json:"slot"`
		Props          json.RawMessage `json:"props"`
	}
	f := func(name, record string) {
		b.Run(name, func(b *testing.B) {
			body := []byte(record)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				var e event
				if err := json.Unmarshal(body, &e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	f("full", fullRecord)
	f("lean", leanRecord)
}

func BenchmarkAppend(b *testing.B) {
	f := func(name, record string) {
		b.Run(name, func(b *testing.B) {
			var e Event
			if err := e.Decode([]byte(record), now); err != nil {
				b.Fatal(err)
			}
			line := Append(nil, &e)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				line = Append(line[:0], &e)
			}
		})
	}
	f("full", fullRecord)
	f("lean", leanRecord)
}

func BenchmarkIDHash(b *testing.B) {
	f := func(name, record string) {
		b.Run(name, func(b *testing.B) {
			var e Event
			if err := e.Decode([]byte(record), now); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				e.IDHash()
			}
		})
	}
	f("given", fullRecord)
	f("derived", `{"event":"view_item","time":1795256130123,"visitor":"v-8f2c91d0aa","items":[{"item_id":"SKU-1042","price":1.5}]}`)
}

func BenchmarkSplit(b *testing.B) {
	var body []byte
	for range 100 {
		body = append(append(body, fullRecord...), '\n')
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		Split(body, func(record []byte) bool { n++; return true })
		if n != 100 {
			b.Fatal(n)
		}
	}
}
