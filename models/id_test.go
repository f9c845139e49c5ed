package models

import (
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"
)

// Every field that tells two events apart changes the derived hash, and nothing else does.
func TestIDHashDerived(t *testing.T) {
	const base = `{"event":"x","time":1795256130123,"visitor":"v","items":[{"item_id":"a","price":1},{"item_id":"b"}]}`
	hash := func(record string) uint64 {
		e := decoded(t, record)
		if !e.Derived() {
			t.Fatalf("the id of %s was given", record)
		}
		return e.IDHash()
	}
	seen := map[uint64]string{hash(base): base}
	differs := func(old, new string) {
		t.Helper()
		record := strings.Replace(base, old, new, 1)
		if other, twice := seen[hash(record)]; twice || record == base {
			t.Errorf("%s has the hash of %s", record, other)
		}
		seen[hash(record)] = record
	}
	differs(`"event":"x"`, `"event":"y"`)
	differs(`0123`, `0124`)
	differs(`"visitor":"v"`, `"visitor":"w"`)
	differs(`"visitor":"v"`, `"contact":"v"`)
	differs(`"visitor":"v"`, `"visitor":"v","contact":"v"`)
	differs(`"visitor"`, `"shop":"outlet","visitor"`)
	differs(`"visitor"`, `"order":"o","visitor"`)
	differs(`"visitor"`, `"query":"o","visitor"`)
	differs(`"visitor"`, `"recommendation":"o","visitor"`)
	differs(`"visitor"`, `"slot":1,"visitor"`)
	differs(`"visitor"`, `"value":1,"visitor"`)
	differs(`"visitor"`, `"page":{"url":"o"},"visitor"`)
	differs(`"visitor"`, `"stock":1,"visitor"`)
	differs(`"price":1`, `"price":2`)
	differs(`"price":1`, `"quantity":2,"price":1`)
	differs(`"price":1`, `"stock":1,"price":1`)
	differs(`"a"`, `"ab"`)
	differs(`"b"`, `"c"`)
	differs(`,{"item_id":"b"}`, ``)

	same := func(record string) {
		t.Helper()
		if hash(record) != hash(base) {
			t.Errorf("%s has another hash than %s", record, base)
		}
	}
	same(strings.Replace(base, `"visitor"`, `"shop":"default","visitor"`, 1))
	same(strings.Replace(base, `1795256130123`, `"2026-11-21T10:15:30.123Z"`, 1))
	same(strings.Replace(base, `:1}`, `:"1.00"}`, 1))
	same(" " + base)
}

func TestIDHashGiven(t *testing.T) {
	hash := func(record string) uint64 {
		e := decoded(t, record)
		if e.Derived() {
			t.Fatalf("the id of %s was derived", record)
		}
		return e.IDHash()
	}
	plain := hash(`{"event":"x","visitor":"v","id":"i-1"}`)
	if want := xxhash.Sum64String("i-1"); plain != want {
		t.Errorf("hash is %x, want %x", plain, want)
	}
	if hash(`{"event":"y","visitor":"w","id":"i-1","shop":"default"}`) != plain {
		t.Error("the hash depends on more than the id")
	}
	if hash(`{"event":"x","visitor":"v","id":"i-1","shop":"outlet"}`) == plain {
		t.Error("two shops share their ids")
	}
}

// Without a time, the record's tells two records of the same bytes apart.
func TestIDHashWithoutTime(t *testing.T) {
	record := []byte(`{"event":"x","visitor":"v"}`)
	var a, b, c Event
	a.Decode(record, now)
	b.Decode(record, now)
	c.Decode(record, now+1)
	if a.IDHash() != b.IDHash() || a.IDHash() == c.IDHash() {
		t.Errorf("hashes %x %x %x", a.IDHash(), b.IDHash(), c.IDHash())
	}
}

// Case c17c: a title, a category or a currency that is put right is another event; the same said again is none.
func TestCorrectedProduct(t *testing.T) {
	hash := func(currency, name, category string) uint64 {
		var e Event
		if err := e.Decode([]byte(`{"event":"product_upsert","time":"2026-11-30T10:00:00Z","currency":"`+currency+`","items":[{"item_id":"IN","item_name":"`+name+`","item_category":"`+category+`","price":5}]}`), 1_796_000_000_000); err != nil {
			t.Fatal(err)
		}
		return e.IDHash()
	}
	seen := map[uint64]bool{hash("EUR", "old", "A"): true}
	for _, h := range []uint64{hash("EUR", "new", "A"), hash("EUR", "old", "B"), hash("USD", "old", "A")} {
		if seen[h] {
			t.Error("what was put right is taken for a retry")
		}
		seen[h] = true
	}
	if !seen[hash("EUR", "old", "A")] {
		t.Error("a retry is taken for another event")
	}
}
