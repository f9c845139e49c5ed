package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/serve"
	"orrery/stream"
	"orrery/stream/columnar"
	past "orrery/stream/history"
)

// proofSize returns how many things a proof is to be of, and skips it where that is not said.
func proofSize(t *testing.T) int {
	n, _ := strconv.Atoi(os.Getenv("ORRERY_EXPORT_ROWS"))
	if n == 0 {
		t.Skip("ORRERY_EXPORT_ROWS says of how many contacts and events")
	}
	return n
}

const proofProducts = 20_000

// crowd is an engine with n contacts, each with views, one in five with orders, and a catalogue with texts.
func crowd(t *testing.T, n int) *engine.Engine {
	t.Helper()
	e, err := engine.New(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var batch []*models.Event
	add := func(ev models.Event) {
		ev.Name = []byte(ev.Kind.String())
		if batch = append(batch, &ev); len(batch) == 2048 {
			e.Apply(batch)
			batch = batch[:0]
		}
	}
	sku := func(i int) []byte { return fmt.Appendf(nil, "SKU-%06d", i) }
	for i := range proofProducts {
		props := fmt.Appendf(nil, `"url":"https://shop.example/products/%06d-a-name-of-some-length","image":"https://cdn.shop.example/images/%06d/large.jpg","brand":"Brand %d"`, i, i, i%200)
		add(models.Event{Kind: models.ProductUpsert, Time: shopsBegan, Props: props, Currency: []byte("EUR"), Items: []models.Item{{
			ID: sku(i), Name: fmt.Appendf(nil, "A product of some length, number %06d", i), Category: fmt.Appendf(nil, "Home > Shelf %d", i%40), Price: models.Money(5+i%90) * models.Micros, HasPrice: true, Quantity: 1,
		}}})
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		visitor, at := fmt.Appendf(nil, "v-%d", i), shopsBegan+models.Time(i)*models.Second
		add(models.Event{Kind: models.Identify, Time: at, Visitor: visitor, Contact: fmt.Appendf(nil, "contact-%07d@example.com", i)})
		about := random.IntN(proofProducts)
		for k := range 3 {
			add(models.Event{Kind: models.ViewItem, Time: at + models.Time(k+1), Visitor: visitor, Items: []models.Item{{ID: sku((about + random.IntN(40)) % proofProducts), Quantity: 1}}})
		}
		if i%5 == 0 {
			add(models.Event{Kind: models.Purchase, Time: at + 9, Visitor: visitor, Order: fmt.Appendf(nil, "O-%d", i), Value: 20 * models.Micros, HasValue: true, Currency: []byte("EUR"), Items: []models.Item{{ID: sku(about), Quantity: 1}, {ID: sku((about + 1) % proofProducts), Quantity: 1}}})
		}
	}
	e.Apply(batch)
	return e
}

// peak samples the heap while work is done.
func peak(work func()) (most uint64, took time.Duration) {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, done := m.HeapInuse, make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}
	})
	began := time.Now()
	work()
	took = time.Since(began)
	close(done)
	wg.Wait()
	return most - min(most, before), took
}

type counted struct{ n int64 }

func (c *counted) Write(b []byte) (int, error) { c.n += int64(len(b)); return len(b), nil }

// TestProofExport says how long a mass mailing takes to write, in all formats, against the same frames called directly by as many goroutines,
// and what memory it takes beside the engine's.
func TestProofExport(t *testing.T) {
	n := proofSize(t)
	e := crowd(t, n)
	x := &exports{engine: e}
	now := e.StreamTime() + models.Minute
	direct := func() {
		var wg sync.WaitGroup
		workers := frameWorkers()
		for w := range workers {
			wg.Go(func() {
				var f models.Frame
				for i := w; i < n; i += workers {
					f.Items = f.Items[:0]
					if err := e.Frame(&models.FrameQuery{Frame: []byte("mail"), Contact: fmt.Appendf(nil, "contact-%07d@example.com", i), N: 8, Now: now}, &f); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	direct() // what can be kept from one answer for the next is kept then, for all that follow
	_, frames := peak(direct)
	t.Logf("%d contacts x 8 products on %d cores; frames alone, by %d goroutines: %.1f s, %.0f/s", n, runtime.GOMAXPROCS(0), frameWorkers(), frames.Seconds(), float64(n)/frames.Seconds())
	for _, what := range []string{"recommendations", "contacts"} {
		for _, format := range columnar.Formats {
			var out counted
			memory, took := peak(func() {
				id := 0
				table, err := x.OpenExport(context.Background(), serve.ExportRequest{What: what, Format: string(format), Frame: "mail", Now: now, NewID: func(dst []byte) []byte { id++; return fmt.Appendf(dst, "r-%020d", id) }})
				if err != nil {
					t.Fatal(err)
				}
				if rows, _, err := table.Write(context.Background(), &out); err != nil || rows != int64(n) {
					t.Fatal(rows, err)
				}
			})
			ratio := ""
			if what == "recommendations" {
				ratio = fmt.Sprintf(", %.2f of the frames alone", frames.Seconds()/took.Seconds())
			}
			t.Logf("%-15s %-7s %6.1f s %7.0f rows/s %7.1f MB %6.1f MB/s, %d MiB of heap beside the engine%s", what, format, took.Seconds(), float64(n)/took.Seconds(), float64(out.n)/1e6, float64(out.n)/1e6/took.Seconds(), memory>>20, ratio)
		}
	}
}

// TestProofParquet says what events take as Parquet against the JSON lines that the log holds, and how fast they are written and read.
func TestProofParquet(t *testing.T) {
	n := proofSize(t)
	random := rand.New(rand.NewPCG(3, 4))
	lines, file := 0, new(bytes.Buffer)
	w, err := columnar.NewWriter(file, &past.Events, columnar.Parquet, columnar.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var row past.Row
	var wrote time.Duration
	memory, _ := peak(func() {
		for i := range n {
			var e models.Event
			visitor := random.IntN(n/20 + 1)
			line := fmt.Appendf(nil, `{"event":"view_item","id":"0192f0c1-%016x-%08d","time":"2026-11-%02dT10:%02d:%02d.%03dZ","shop":"default","visitor":"v-%020x","session":"s-%010d","page":{"url":"https://shop.example/p/%06d"},"items":[{"item_id":"SKU-%06d","price":%d.90,"quantity":1}]}`,
				random.Uint64(), i, 1+i%28, i/60000%60, i/1000%60, i%1000, visitor, i/7, random.IntN(20_000), random.IntN(20_000), 10+random.IntN(80))
			if err := e.Decode(line, shopsBegan); err != nil {
				t.Fatal(err)
			}
			lines += len(line) + 1
			began := time.Now()
			if err := w.Append(row.Of(&stream.Record{Topic: models.Pageviews, Offset: int64(i), Time: shopsBegan, Event: &e})); err != nil {
				t.Fatal(err)
			}
			wrote += time.Since(began)
		}
		began := time.Now()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		wrote += time.Since(began)
	})
	began, rows := time.Now(), 0
	if err := columnar.Rows(bytes.NewReader(file.Bytes()), &past.Events, func([]columnar.Value) error { rows++; return nil }); err != nil || rows != n {
		t.Fatal(rows, err)
	}
	read := time.Since(began)
	t.Logf("%d events: JSON lines %.1f MB, Parquet %.1f MB (%.2f of it), the heap grew by %d MiB with the file in it; written at %.0f/s, read at %.0f/s",
		n, float64(lines)/1e6, float64(file.Len())/1e6, float64(file.Len())/float64(lines), memory>>20, float64(n)/wrote.Seconds(), float64(n)/read.Seconds())
	if path := os.Getenv("ORRERY_EXPORT_FILE"); path != "" { // for pyarrow to read and write again
		if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
