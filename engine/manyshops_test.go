package engine_test

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/models/slab"
)

// smallShop is a day of a shop of 20 products: 12 visitors with three views each, two of whom buy, and a mail.
func smallShop(shop []byte, at models.Time) (events []*models.Event) {
	put := func(kind models.Kind, visitor, contact, order string, product int) {
		ev := &models.Event{Kind: kind, Name: []byte(kind.String()), ID: strconv.AppendInt(nil, int64(len(events)), 10), Shop: shop, Time: at}
		ev.ID = append(append(ev.ID, '/'), shop...)
		ev.Visitor, ev.Contact, ev.Order = []byte(visitor), []byte(contact), []byte(order)
		if product >= 0 {
			ev.Items = []models.Item{{ID: fmt.Appendf(nil, "sku-%d", product), Name: fmt.Appendf(nil, "Thing of kind %d", product), Category: []byte("A > B"), Price: 19 * models.Micros, HasPrice: true, Quantity: 1}}
			ev.Currency = []byte("EUR")
		}
		events = append(events, ev)
		at += 7 * models.Minute
	}
	for p := range 20 {
		put(models.ProductUpsert, "", "", "", p)
	}
	for v := range 12 {
		name := fmt.Sprintf("v%d", v)
		for k := range 3 {
			put(models.ViewItem, name, "", "", (v+k*k)%20)
		}
		if v < 2 {
			put(models.AddToCart, name, "", "", v)
			put(models.Identify, name, fmt.Sprintf("c%d@x.example", v), "", -1)
			put(models.Purchase, name, fmt.Sprintf("c%d@x.example", v), fmt.Sprintf("o%d", v), v)
		}
	}
	put(models.EmailSent, "", "c0@x.example", "", -1)
	return events
}

// memory returns the bytes that an engine says it holds, and those that are taken after a collection, in the heap and beside it.
func memory(e *engine.Engine) (told, heap uint64) {
	for _, n := range e.Stats().Bytes {
		told += n
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return told, m.HeapAlloc + uint64(slab.Mapped())
}

// TestSmallShops: a shop that nobody has come to, with 20 products, takes 32 KiB at most, one that has sold something 100 KiB, as told.
// With ORRERY_SHOPS=10000 (make proof-shops) it is so in memory, they take 1 GB at most, and what a snapshot and a restart take is told.
func TestSmallShops(t *testing.T) {
	engine.Alone(t)
	alone := os.Getenv("ORRERY_SHOPS") != "" // beside other tests the memory is theirs as well
	shops, _ := strconv.Atoi(cmp.Or(os.Getenv("ORRERY_SHOPS"), "300"))
	cfg := engine.Config{MaxShops: 2*shops + 1}
	e := newEngine(t, cfg)
	apply(e, smallShop([]byte("first"), dayZero), 64) // what does not grow with shops
	told, heap := memory(e)
	for n := range shops - 1 {
		apply(e, smallShop(fmt.Appendf(nil, "shop%d", n), dayZero+models.Time(n)*models.Second), 64)
	}
	all, taken := memory(e)
	each, eachHeap := (all-told)/uint64(shops-1), (taken-heap)/uint64(shops-1)
	t.Logf("%d shops: %d B each as told, %d B of heap; %d MB in all", shops, each, eachHeap, taken>>20)
	for _, part := range slices.Sorted(func(yield func(string) bool) {
		for name := range e.Stats().Bytes {
			if !yield(name) {
				return
			}
		}
	}) {
		t.Logf("  %-24s %9d B a shop", part, e.Stats().Bytes[part]/uint64(shops))
	}
	if each > 100<<10 || alone && eachHeap > 100<<10 || shops >= 10_000 && max(all, taken) > 1_000_000_000 {
		t.Errorf("a small shop takes %d B as told, %d B of heap; %d shops %d B", each, eachHeap, shops, taken)
	}
	told, heap = memory(e)
	for n := range shops {
		apply(e, smallShop(fmt.Appendf(nil, "idle%d", n), dayZero)[:20], 64)
	}
	all, taken = memory(e)
	if !alone {
		taken = heap
	}
	if each := max(all-told, max(taken, heap)-heap) / uint64(shops); each > 32<<10 {
		t.Errorf("an idle shop takes %d B, %d as told", each, (all-told)/uint64(shops))
	} else {
		t.Logf("an idle shop takes %d B, %d as told", each, (all-told)/uint64(shops))
	}
	began := time.Now()
	var size int64
	saved := map[string][]byte{}
	for _, s := range e.Freeze() {
		var b bytes.Buffer
		n, err := s.Data.WriteTo(&b)
		if err != nil {
			t.Fatal(err)
		}
		size += n
		saved[fmt.Sprintf("%s/%d", s.Name, s.Version)] = b.Bytes()
	}
	wrote := time.Now()
	again := newEngine(t, cfg)
	restore(t, again, saved)
	again.Settle()
	t.Logf("snapshot: %d MB in %v; restored in %v", size>>20, wrote.Sub(began).Round(time.Millisecond), time.Since(wrote).Round(time.Millisecond))
	for _, shop := range []string{"first", "shop7"} {
		now := e.StreamTime()
		var f, g models.Frame
		for _, engine := range []struct {
			e    *engine.Engine
			into *models.Frame
		}{{e, &f}, {again, &g}} {
			if err := engine.e.Frame(&models.FrameQuery{Frame: []byte("product_page"), Shop: []byte(shop), Products: [][]byte{[]byte("sku-1")}, Now: now}, engine.into); err != nil {
				t.Fatal(err)
			}
		}
		if len(f.Items) == 0 || fmt.Sprint(len(f.Items), string(f.Items[0].Product.ID)) != fmt.Sprint(len(g.Items), string(g.Items[0].Product.ID)) {
			t.Errorf("%s: %d items before, %d after the restart", shop, len(f.Items), len(g.Items))
		}
	}
}
