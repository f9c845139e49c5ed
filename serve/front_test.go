package serve

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/models"
)

// keyed is a server with keys: w is the public one, s the secret one.
func keyed() Config { return Config{Keys: []Key{{Write: "w", Secret: "s"}, {Operator: "op"}}} }

func (r *rig) dial() net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.line.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(30 * time.Second))
	return c
}

// open opens a connection and writes what is to be sent on it.
func (r *rig) open(text string) net.Conn {
	r.t.Helper()
	c := r.dial()
	if _, err := io.WriteString(c, text); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// all returns everything that is answered until the connection ends.
func (r *rig) all(text string) string {
	r.t.Helper()
	got, err := io.ReadAll(r.open(text))
	if err != nil {
		r.t.Fatalf("%.100q: %v after %q", text, err, got)
	}
	return string(got)
}

// A22, F1: heads that declare bodies which never come, without a key, with the public one, and in chunks.
func TestDeclaredBodiesCostNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector's own memory counts")
	}
	r := newRig(t, keyed())
	const connections = 300
	for _, head := range []string{
		"Content-Length: 5242880\r\n\r\n",
		"Authorization: Bearer w\r\nContent-Length: 5242880\r\n\r\n",
		"Authorization: Bearer w\r\nContent-Length: 5242880\r\n\r\n{", // and a byte of it
		"Authorization: Bearer w\r\nTransfer-Encoding: chunked\r\n\r\n500000\r\n[",
		"Authorization: Bearer w\r\nContent-Encoding: gzip\r\nContent-Length: 5242880\r\n\r\n\x1f",
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range connections {
			r.open("POST /v1/events HTTP/1.1\r\nHost: localhost\r\n" + head)
		}
		r.expect("GET", "/healthz", "", 200, "") // all have been accepted
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc + after.StackInuse - before.StackInuse) >> 20; took > 50 {
			t.Errorf("%q: %d connections took %d MiB", head, connections, took)
		}
	}
}

// Who has no key, or asks for what takes no body, is answered at once: nothing is waited for.
func TestBodyIsNotWaitedFor(t *testing.T) {
	r := newRig(t, keyed())
	f := func(request, status string) {
		t.Helper()
		if got := r.all(request); !strings.HasPrefix(got, "HTTP/1.1 "+status+" ") || strings.Count(got, "HTTP/1.1") != 1 || !strings.Contains(got, "Connection: close\r\n") {
			t.Errorf("%q: %q", request, got)
		}
	}
	const length = " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5242880\r\n"
	f("POST /v1/events"+length+"\r\n", "401")
	f("POST /v1/events"+length+"Expect: 100-continue\r\n\r\n", "401")
	f("POST /v1/events?key=x"+length+"\r\n", "401")
	f("POST http://localhost/v1/events"+length+"\r\n", "401")
	f("POST /v1/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "401")
	f("POST /v1/stats"+length+"Authorization: Bearer s\r\n\r\n", "405")
	f("POST /nope"+length+"\r\n", "404")
	f("GET /healthz"+length+"\r\n", "200")
	f("POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5242881\r\nAuthorization: Bearer w\r\nExpect: 100-continue\r\n\r\n", "413")
	if used := r.server.bodies.Counts().Used; used != 0 {
		t.Errorf("%d bytes of bodies are under way", used)
	}
}

// A17: what stands behind a body that was not read, or whose end is not known for sure, is no request.
func TestNothingIsSmuggled(t *testing.T) {
	r := newRig(t, keyed())
	const second = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	f := func(request, status string) {
		t.Helper()
		if got := r.all(request); !strings.HasPrefix(got, "HTTP/1.1 "+status+" ") || strings.Count(got, "HTTP/1.1") != 1 {
			t.Errorf("%q: %q", request, got)
		}
	}
	events := "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer w\r\n"
	f(fmt.Sprintf("POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(second), second), "401")
	f(fmt.Sprintf("GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(second), second), "200")
	f(fmt.Sprintf("POST /v1/frames HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer w\r\nContent-Length: %d\r\n\r\n%s", maxPage+len(second), strings.Repeat(" ", maxPage)+second), "413")
	f(events+"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"+fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(viewEvent), viewEvent)+second, "202")
	f(events+"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"+fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(viewEvent), viewEvent)+second, "202")
	f(events+"Transfer-Encoding: chunked\r\n\r\nzz\r\n"+second, "400")
	f("GET /healthz HTTP/9.9\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"+second, "505")
	f("GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n"+second, "505")
	// What is whole is followed by what comes behind it.
	got := r.all(events + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(viewEvent), viewEvent) + events + "Transfer-Encoding: chunked\r\n\r\n" +
		fmt.Sprintf("%x;a=b\r\n%s\r\n0\r\n\r\n", len(viewEvent), viewEvent) + strings.Replace(second, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1))
	if strings.Count(got, " 202 ") != 2 || strings.Count(got, " 200 ") != 1 {
		t.Errorf("%q", got)
	}
}

// Bodies that are sent slowly by whoever has the public key take no more than the bound, and keep no page's events out.
func TestHeldBodiesAreBounded(t *testing.T) {
	cfg := keyed()
	cfg.MaxBodies, cfg.Logger = 8<<20, slog.New(slog.NewTextHandler(io.Discard, nil))
	r := newRig(t, cfg)
	const size = 2 << 20
	half := strings.Repeat(" ", size-1)
	for range 20 {
		c := r.dial()
		go func() {
			fmt.Fprintf(c, "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer w\r\nContent-Length: %d\r\n\r\n%s", size, half)
		}()
	}
	for i := 0; ; i++ {
		c := r.server.bodies.Counts()
		used, refused := c.Used, c.Refused
		if used > 8<<20 {
			t.Fatalf("%d bytes of bodies are under way", used)
		}
		if refused >= 16 {
			break
		}
		if i == 3000 {
			t.Fatalf("%d bytes under way, %d refused", used, refused)
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.expect("POST", "/v1/events", viewEvent, 202, accepted1, "Authorization: Bearer w")
	r.expect("POST", "/v1/frames", `{"frames":[{"frame":"for_you"}]}`, 200, "", "Authorization: Bearer w")
}

// A19: whoever sends slowly, or takes nothing, is let go.
func TestSlowClientsAreLetGo(t *testing.T) {
	cfg := keyed()
	cfg.ReadTimeout, cfg.IdleTimeout, cfg.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
	r := newRig(t, cfg)
	const events = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer w\r\n"
	for _, sent := range []string{"", "GET /hea", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n", events + "Content-Length: 10\r\n\r\n", events + "Content-Length: 10\r\n\r\n{", events + "Transfer-Encoding: chunked\r\n\r\n5\r\n{"} {
		began := time.Now()
		got := r.all(sent)
		if !strings.HasPrefix(got, "HTTP/1.1 408 ") {
			t.Errorf("%q: %q", sent, got)
		}
		if took := time.Since(began); took < 200*time.Millisecond {
			t.Errorf("%q: after %s", sent, took)
		}
	}
	if got := r.all("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
		t.Errorf("idle: %q", got)
	}
	takesNothing(r)
	r.goneWithin(10 * time.Second)
}

// takesNothing opens a connection that asks again and again and reads no answer.
func takesNothing(r *rig) {
	c := r.dial()
	c.(*net.TCPConn).SetReadBuffer(1 << 10)
	request := bytes.Repeat([]byte("GET /openapi.yaml HTTP/1.1\r\nHost: localhost\r\n\r\n"), 1000)
	c.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
	c.Write(request)
}

// goneWithin waits until no connection is left.
func (r *rig) goneWithin(most time.Duration) {
	r.t.Helper()
	r.client.CloseIdleConnections()
	for began := time.Now(); r.server.front.Counts().Open > 0; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > most {
			r.t.Fatalf("after %s there are %d connections", most, r.server.front.Counts().Open)
		}
	}
}

// C3, F8: a stop does not wait for whoever has sent nothing, half a request, or takes nothing; who is answered gets all of it.
func TestStopEndsWhatIsHalfOpen(t *testing.T) {
	const events = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\n"
	idle := func(r *rig) {
		c := r.open("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, " 200 ") {
			r.t.Errorf("%q, %v", line, err)
		}
	}
	f := func(name string, most time.Duration, open ...func(r *rig)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, Config{})
			for _, o := range open {
				o(r)
			}
			r.client.CloseIdleConnections()
			time.Sleep(50 * time.Millisecond) // the connections are accepted
			began := time.Now()
			if err := r.server.Stop(context.Background()); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > most {
				t.Errorf("the stop took %s", took)
			}
			r.goneWithin(time.Second)
		})
	}
	sends := func(text string) func(*rig) { return func(r *rig) { r.open(text) } }
	f("nothing", time.Second)
	f("idle", time.Second, idle)
	f("silent", 3*time.Second, sends(""))
	f("half a line", 3*time.Second, sends("GET /he"))
	f("half a head", 3*time.Second, sends("GET /healthz HTTP/1.1\r\nHost: localhost\r\n"))
	f("no body", 3*time.Second, sends(events+"Content-Length: 100\r\n\r\n"))
	f("half a body", 3*time.Second, sends(events+"Content-Length: 100\r\n\r\n{"))
	f("half a chunk", 3*time.Second, sends(events+"Transfer-Encoding: chunked\r\n\r\n5\r\n{"))
	f("takes nothing", 6*time.Second, takesNothing)
	f("live", 3*time.Second, sends("GET /v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n"))
	f("all", 6*time.Second, idle, sends(""), sends("GET /he"), sends(events+"Content-Length: 100\r\n\r\n{"), takesNothing, sends(""))
}

// waiting is a log that takes its time.
type waiting struct {
	*fake
	entered, release chan struct{}
}

func (k *waiting) Append(ctx context.Context, records []models.Record) error {
	k.entered <- struct{}{}
	<-k.release
	return k.fake.Append(ctx, records)
}

// A request that has come is answered while the server stops; one that does not end is cut off at StopTimeout.
func TestStopFinishesRequests(t *testing.T) {
	f := func(released time.Duration, stops bool) {
		t.Helper()
		k := &waiting{newFake(), make(chan struct{}, 1), make(chan struct{})}
		deps := k.deps()
		deps.Log = k
		s, err := New(Config{Listen: "127.0.0.1:0", Admin: NoListener, StopTimeout: time.Second, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}, deps)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(viewEvent), viewEvent)
		<-k.entered
		time.AfterFunc(released, func() { close(k.release) })
		began := time.Now()
		if err := s.Stop(context.Background()); (err == nil) != stops {
			t.Error(err)
		}
		if took := time.Since(began); took > 3500*time.Millisecond {
			t.Errorf("the stop took %s", took)
		}
		got, _ := io.ReadAll(c)
		if answered := strings.HasPrefix(string(got), "HTTP/1.1 202 "); answered != stops {
			t.Errorf("after %s: %q", released, got)
		}
		<-k.release
	}
	f(500*time.Millisecond, true)
	f(4*time.Second, false)
}

// What trusted proxies say of a client is a property of the call.
func TestCallKnowsItsClient(t *testing.T) {
	s, err := New(Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}, newFake().deps())
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan string, 1)
	other := s.listener(func(ctx *fasthttp.RequestCtx) { seen <- s.client(ctx).String() }, 10)
	line, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go other.Serve(s.front.Listen(line))
	defer other.Shutdown()
	for sent, want := range map[string]string{
		"GET / HTTP/1.1\r\nX-Forwarded-For: 203.0.113.9":                                   "203.0.113.9",
		"GET / HTTP/1.1\r\nForwarded: for=203.0.113.8":                                     "203.0.113.8",
		"GET / HTTP/1.1\r\nX-Other: 203.0.113.9":                                           "127.0.0.1",
		"PROXY TCP4 203.0.113.7 127.0.0.1 1 2\r\nGET / HTTP/1.1":                           "203.0.113.7",
		"PROXY TCP4 203.0.113.7 127.0.0.1 1 2\r\nGET / HTTP/1.1\r\nForwarded: for=1.1.1.1": "203.0.113.7",
	} {
		c, err := net.Dial("tcp", line.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "%s\r\nHost: localhost\r\nConnection: close\r\n\r\n", sent)
		if got := <-seen; got != want {
			t.Errorf("%q: %s", sent, got)
		}
		c.Close()
	}
}

// What the doors have seen stands in the metrics.
func TestDoorMetrics(t *testing.T) {
	cfg := keyed()
	cfg.MaxConnections = 2
	r := newRig(t, cfg)
	r.expect("GET", "/healthz", "", 200, "")
	r.open("")
	for i := 0; r.server.front.Counts().Open < 2; i++ {
		if i == 3000 {
			t.Fatal("the connection was not accepted")
		}
		time.Sleep(time.Millisecond)
	}
	r.open("") // the third takes the place of the first
	for i := 0; r.server.front.Counts().Evicted < 1; i++ {
		if i == 3000 {
			t.Fatal("the third connection got no place")
		}
		time.Sleep(time.Millisecond)
	}
	var out bytes.Buffer
	r.server.writeDoors(&out)
	text := out.String()
	for _, want := range []string{
		`orrery_connections{listener="public"} 2`, `orrery_connections_most{listener="public"} 2`, `orrery_connections{listener="admin"} 0`,
		`orrery_dropped_total{what="connection",why="too_many",listener="public"} 0`, `orrery_dropped_total{what="connection",why="idle_for_newcomer",listener="public"} 1`, `orrery_dropped_total{what="connection",why="too_many_of_address",listener="public"} 0`,
		`orrery_dropped_total{what="connection",why="stopping",listener="public"} 0`,
		`orrery_accept_waits_total{listener="public"} 0`, `orrery_body_bytes 0`, `orrery_body_bytes_most 268435456`, `orrery_dropped_total{what="body",why="too_many_bytes"} 0`, `orrery_dropped_total{what="body",why="too_slow"} 0`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
}
