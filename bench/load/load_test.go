package load

import (
	"context"
	"errors"
	"math"
	"net"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

func TestReadAnswer(t *testing.T) {
	f := func(in string, status, size int, ok bool, want error) {
		t.Helper()
		a, got, err := readAnswer([]byte(in))
		if got != ok || !errors.Is(err, want) || ok && (a.status != status || a.size != size) {
			t.Errorf("%q: got %+v, %t, %v", in, a, got, err)
		}
	}
	f("", 0, 0, false, nil)
	f("HTTP/1.1 200 OK\r\nContent-Le", 0, 0, false, nil)
	f("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", 0, 0, false, nil)
	f("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, 40, true, nil)
	f("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP", 200, 40, true, nil)
	f("HTTP/1.1 404 Not Found\r\nX: y\r\nContent-Length: 0\r\n\r\n", 404, 51, true, nil)
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 0, 0, false, errAnswer)
	f("SSH-2.0-something that is no HTTP\r\n\r\n", 0, 0, false, errAnswer)
}

func TestSchedule(t *testing.T) {
	even := newSchedule(Config{Rate: 3})
	for range 300_000 {
		even.pass()
	}
	if got := float64(even.due()) / 1e9; math.Abs(got-100_000) > 1e-3 {
		t.Errorf("300,000 requests at 3 a second take %f s", got)
	}
	random := newSchedule(Config{Rate: 1000, Poisson: true, Seed: 1})
	before, sum, squares := random.due(), 0.0, 0.0
	const n = 100_000
	for range n {
		random.pass()
		gap := float64(random.due()-before) / 1e6
		before, sum, squares = random.due(), sum+gap, squares+gap*gap
	}
	mean := sum / n
	if deviation := math.Sqrt(squares/n - mean*mean); math.Abs(mean-1) > 0.02 || math.Abs(deviation-1) > 0.02 {
		t.Errorf("gaps of %f +- %f ms, want 1 +- 1", mean, deviation)
	}
}

// fixed asks for the same thing again and again.
type fixed string

func (f fixed) Next(dst []byte, _ time.Time) ([]byte, int) { return append(dst, f...), 0 }

const ask = fixed("GET / HTTP/1.1\r\nHost: x\r\n\r\n")

// serve answers until the test ends.
func serve(t *testing.T, h fasthttp.RequestHandler) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &fasthttp.Server{Handler: h}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Shutdown()
		<-done
	})
	return l.Addr().String()
}

func run(t *testing.T, c Config) Result {
	t.Helper()
	r, err := Run(context.Background(), c)
	if errors.Is(err, ErrPlatform) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOpenLoopSendsWhatIsDue(t *testing.T) {
	addr := serve(t, func(ctx *fasthttp.RequestCtx) { ctx.SetBodyString("hello") })
	r := run(t, Config{Addr: addr, Source: ask, Rate: 2000, For: 500 * time.Millisecond, Connections: 4})
	if r.Requests != 1000 || r.Errors != 0 || r.Unsent != 0 {
		t.Errorf("got %+v, want 1,000 answers", r)
	}
	// A machine that stands still answers the last ones late: the rate is over the time that it took.
	if r.Elapsed < 500*time.Millisecond || math.Abs(r.Rate*r.Elapsed.Seconds()-1000) > 0.1 || r.Latency.P50 <= 0 || r.Latency.P50 < r.Service.P50-1 {
		t.Errorf("got %+v in %s", r, r.Elapsed)
	}
}

// A server that stands still for 400 ms delays everything that was due meanwhile. A driver that waits for it would see
// one slow request.
func TestLatencyCountsFromTheMomentItWasDue(t *testing.T) {
	stalled := false
	addr := serve(t, func(ctx *fasthttp.RequestCtx) {
		if !stalled {
			stalled = true
			time.Sleep(400 * time.Millisecond)
		}
	})
	// So few that a machine with other work has time for all of them: each is two changes of threads.
	r := run(t, Config{Addr: addr, Source: ask, Rate: 200, For: 800 * time.Millisecond, Connections: 1})
	if r.Requests != 160 {
		t.Fatalf("got %d answers, want 160", r.Requests)
	}
	if r.Latency.P90 < 200_000 { // half of them were due during the stall, a fifth in its first 160 ms
		t.Errorf("latency %+v does not show the stall", r.Latency)
	}
	if r.Service.P90 > 200_000 {
		t.Errorf("the time from sending is %+v: the stall was one request's", r.Service)
	}
}

func TestErrorsAreCounted(t *testing.T) {
	n := 0
	addr := serve(t, func(ctx *fasthttp.RequestCtx) {
		if n++; n%2 == 0 {
			ctx.SetStatusCode(500)
		}
		if n%10 == 1 {
			ctx.SetConnectionClose()
		}
	})
	r := run(t, Config{Addr: addr, Source: ask, Rate: 1000, For: 100 * time.Millisecond, Connections: 1})
	if r.Requests+r.Errors != 100 || r.Errors < 40 || r.Errors > 60 {
		t.Errorf("got %d answers and %d errors of 100", r.Requests, r.Errors)
	}
}

func TestClosedLoop(t *testing.T) {
	addr := serve(t, func(ctx *fasthttp.RequestCtx) { ctx.SetBodyString(`{"items":[]}`) })
	r := run(t, Config{Addr: addr, Source: ask, For: 500 * time.Millisecond, Warmup: 50 * time.Millisecond, Connections: 4, Empty: []byte(`[]`)})
	if r.Requests <= 2*4 || r.Errors != 0 || r.Empty != r.Requests {
		t.Errorf("got %+v", r)
	}
}
