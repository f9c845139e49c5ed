package feed

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// synthetic writes a Merchant feed of n products of some 900 bytes each.
func synthetic(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		b := bufio.NewWriterSize(w, 64<<10)
		b.WriteString(rss)
		for i := range n {
			fmt.Fprintf(b, `<item><g:id>SKU-%d</g:id><g:item_group_id>G-%d</g:item_group_id><title><![CDATA[Product %d of a large shop, "blue" & > others]]></title><link>https://shop.example/products/%d?variant=%d</link>`+
				`<description>%0400d</description><g:image_link>https://img.example/%d.jpg</g:image_link><g:price>%d.99 EUR</g:price><g:availability>in_stock</g:availability><g:brand>Brand %d</g:brand>`+
				`<g:product_type>Home &gt; Room %d &gt; Shelf %d</g:product_type><g:color>blue</g:color><g:size>M</g:size><g:shipping><g:country>DE</g:country><g:price>4.90 EUR</g:price></g:shipping></item>`+"\n",
				i, i/4, i, i, i, i, i, i%500+1, i%1000, i%20, i%400)
		}
		b.WriteString(tail)
		w.CloseWithError(b.Flush())
	}()
	return r
}

// TestProofFeed reads a feed of as many products as ORRERY_FEED_PRODUCTS says: make proof-feed. Reading costs the memory of one product
// and 8 to 16 bytes an id, whatever the catalogue needs, and a second run writes nothing.
func TestProofFeed(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("ORRERY_FEED_PRODUCTS"))
	if err != nil {
		t.Skip("ORRERY_FEED_PRODUCTS says how many products: make proof-feed")
	}
	done := make(chan struct{})
	peaks := make(chan uint64)
	go func() {
		var m runtime.MemStats
		peak := uint64(0)
		for {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
			select {
			case <-done:
				peaks <- peak
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	began := time.Now()
	sum, err := Read(synthetic(n), Options{}, func(*Product) error { return nil }, func(Problem) error { return nil })
	close(done)
	peak := <-peaks
	t.Logf("read: %d entries in %s, heap at most %d MiB", sum.Entries, time.Since(began).Round(time.Millisecond), peak>>20)
	if err != nil || sum.Entries != int64(n) || sum.Bad != 0 || peak > 64<<20 {
		t.Fatalf("%+v, %v, %d bytes", sum, err, peak)
	}
	s := newShop()
	taker := NewTaker(Config{Dir: t.TempDir(), Known: s, Log: s})
	for _, want := range []int{n + 1, 0} {
		began := time.Now()
		s.events = nil
		r, err := taker.Take(context.Background(), synthetic(n), Request{Mode: Full})
		if err != nil || r.Events != want || r.Products != n {
			t.Fatalf("%+v, %v", r, err)
		}
		t.Logf("take: %d products, %d events in %s; the catalogue holds %d B a product", r.Products, r.Events, time.Since(began).Round(time.Millisecond), (s.c.Bytes()+s.c.Offers().Bytes())/uint64(n))
	}
}
