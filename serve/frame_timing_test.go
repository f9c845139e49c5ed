package serve

import (
	"testing"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// BenchmarkFrame is a product frame of eight, from request bytes to answer bytes over an in-memory connection.
func BenchmarkFrame(b *testing.B) {
	_, line := newStillServer(b)
	benchmarkWire(b, line, get("/v1/frames/product_page?visitor=v-8f2c1a&product=SKU1&n=8"))
}

// BenchmarkBare is a bare fasthttp handler that sends the same bytes: what BenchmarkFrame is measured against.
func BenchmarkBare(b *testing.B) {
	s, _ := newStillServer(b)
	c := &call{}
	s.deps.Recommender.Frame(&c.query, &c.frame)
	body := s.appendFrame(nil, c, c.begun)
	line := fasthttputil.NewInmemoryListener()
	bare := s.listener(func(ctx *fasthttp.RequestCtx) {
		ctx.Response.Header.SetContentType(typeJSON)
		ctx.Response.SetBodyRaw(body)
	}, 1<<10)
	go bare.Serve(line)
	b.Cleanup(func() { line.Close() })
	benchmarkWire(b, line, get("/v1/frames/product_page?visitor=v-8f2c1a&product=SKU1&n=8"))
}

func benchmarkWire(b *testing.B, line *fasthttputil.InmemoryListener, uri string) {
	w, request := dial(b, line), []byte(uri)
	w.ask(b, request)
	b.SetBytes(int64(len(w.body)))
	b.ReportAllocs()
	for b.Loop() {
		w.ask(b, request)
	}
}
