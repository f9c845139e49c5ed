package serve

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/valyala/fasthttp/fasthttputil"

	"orrery/models"
)

// still is a recommender that answers the same eight items and allocates nothing.
type still struct{ items []models.FrameItem }

func newStill() *still {
	s := new(still)
	for i := range 8 {
		id := fmt.Sprintf("SKU%d", i)
		s.items = append(s.items, models.FrameItem{
			Score: 0.9 / float32(i+1), Recipe: "bought_after_viewing", Evidence: models.Evidence{ID: []byte("SKU1"), Count: 12.5, Score: 214.2},
			Social: models.Social{ViewingNow: 5, Viewed24h: 120, Carted24h: -1, Bought24h: 12},
			Product: models.Product{ID: []byte(id), JSON: []byte(`"item_id":"` + id + `","title":"A kettle of steel, 1.7 litres","url":"https://shop.example/products/` + id +
				`","image":"https://shop.example/images/` + id + `.jpg","price":24.9,"sale_price":19.9,"currency":"EUR"`)},
		})
	}
	return s
}

func (s *still) Frames() []string { return []string{"product_page"} }
func (s *still) Permit(_ *models.FrameQuery, items []models.FrameItem) ([]models.FrameItem, bool) {
	return items, true
}

func (s *still) Frame(_ *models.FrameQuery, into *models.Frame) error {
	into.Name = "product_page"
	into.Items = append(into.Items[:0], s.items...)
	return nil
}

// wire is one connection of a client that allocates nothing itself: a request's bytes out, an answer's bytes in.
type wire struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

func dial(t testing.TB, line *fasthttputil.InmemoryListener) *wire {
	t.Helper()
	c, err := line.Dial()
	if err != nil {
		t.Fatal(err)
	}
	return &wire{conn: c, in: bufio.NewReaderSize(c, 64<<10)}
}

var contentLength = []byte("Content-Length: ")

// ask sends request and reads the whole answer, whose body it returns.
func (w *wire) ask(t testing.TB, request []byte) []byte {
	if _, err := w.conn.Write(request); err != nil {
		t.Fatal(err)
	}
	length := 0
	for {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(line, contentLength) {
			length = 0
			for _, b := range line[len(contentLength) : len(line)-2] {
				length = length*10 + int(b-'0')
			}
		}
		if len(line) == 2 {
			break
		}
	}
	if cap(w.body) < length {
		w.body = make([]byte, length)
	}
	w.body = w.body[:length]
	if _, err := io.ReadFull(w.in, w.body); err != nil {
		t.Fatal(err)
	}
	return w.body
}

// budgets are the allocations a request may cost in steady state, client and engine left out.
var budgets = []struct {
	name, request string
	most          float64
}{
	{"frame", get("/v1/frames/product_page?visitor=v-8f2c1a&product=SKU1&cart=SKU2,SKU3&n=8"), 0},
	{"escaped", get("/v1/frames/product_page?visitor=v-8f2c1a&contact=anna%40example.com&product=SKU%201"), 0},
	{"origin", "GET /v1/frames/product_page?visitor=v-8f2c1a HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000\r\n\r\n", 0},
	{"social", get("/v1/social/SKU1?visitor=v-8f2c1a"), 0},
	{"contact products", get("/v1/contacts/anna%40example.com/products?frame=product_page"), 0},
	{"contact mail", get("/v1/contacts/anna%40example.com/products.html?frame=product_page"), 0},
	{"event", post("/v1/events", viewEvent), 8}, // the deadline of the wait for the log
}

func get(uri string) string { return "GET " + uri + " HTTP/1.1\r\nHost: localhost\r\n\r\n" }

func post(uri, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", uri, len(body), body)
}

// forgetful is a log that takes everything and keeps nothing.
type forgetful struct{ *fake }

func (forgetful) Append(ctx context.Context, _ []models.Record) error { return ctx.Err() }

func newStillServer(t testing.TB) (*Server, *fasthttputil.InmemoryListener) {
	k := newFake()
	deps := k.deps()
	deps.Recommender, deps.Log = newStill(), forgetful{k}
	s, err := New(Config{}, deps)
	if err != nil {
		t.Fatal(err)
	}
	s.live.ticker.Stop() // its beat allocates, and is not a request's cost
	line := fasthttputil.NewInmemoryListener()
	if err := s.Serve(line, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(t.Context()) })
	return s, line
}

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	_, line := newStillServer(t)
	for _, b := range budgets {
		w, request := dial(t, line), []byte(b.request)
		if body := w.ask(t, request); len(body) < 15 || bytes.Contains(body, []byte(`"error"`)) {
			t.Fatalf("%s: %s", b.name, body)
		}
		if got := testing.AllocsPerRun(2000, func() { w.ask(t, request) }); got > b.most {
			t.Errorf("%s: %v allocations a request, budget %v", b.name, got, b.most)
		}
		w.conn.Close()
	}
}
