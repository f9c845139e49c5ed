package door

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/valyala/fasthttp"
)

// request returns the context of a request that came from a peer.
func request(d *Door, peer string, headers ...string) *fasthttp.RequestCtx {
	ctx := &fasthttp.RequestCtx{}
	ctx.Init2(from(d, peer), nil, false)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		ctx.Request.Header.Add(name, value)
	}
	return ctx
}

func TestClient(t *testing.T) {
	d := New(Config{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("127.0.0.1/32")}})
	f := func(want, peer string, headers ...string) {
		t.Helper()
		if got := Client(request(d, peer, headers...)); got.String() != want {
			t.Errorf("%s with %q: %s, want %s", peer, headers, got, want)
		}
	}
	f("203.0.113.9", "203.0.113.9")
	f("203.0.113.9", "203.0.113.9", "X-Forwarded-For: 198.51.100.1") // a stranger's word
	f("203.0.113.9", "203.0.113.9", "Forwarded: for=198.51.100.1")
	f("198.51.100.1", "10.0.0.1", "X-Forwarded-For: 198.51.100.1")
	f("198.51.100.1", "127.0.0.1", "X-Forwarded-For: 198.51.100.1")
	f("198.51.100.1", "10.0.0.1", "X-Forwarded-For: 192.0.2.7, 198.51.100.1") // the left one is what the client sent
	f("198.51.100.1", "10.0.0.1", "X-Forwarded-For: 192.0.2.7,198.51.100.1, 10.9.9.9")
	f("198.51.100.1", "10.0.0.1", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 10.9.9.9")
	f("10.3.3.3", "10.0.0.1", "X-Forwarded-For: 10.3.3.3, 10.9.9.9") // all are trusted: the farthest
	f("198.51.100.1", "10.0.0.1", "X-Forwarded-For: 198.51.100.1:4711")
	f("2001:dead::1", "10.0.0.1", "X-Forwarded-For: [2001:dead::1]:4711")
	f("2001:dead::1", "10.0.0.1", "X-Forwarded-For: 2001:dead::1")
	f("198.51.100.1", "10.0.0.1", "X-Forwarded-For: ::ffff:198.51.100.1")
	f("10.0.0.1", "10.0.0.1", "X-Forwarded-For: unknown")
	f("10.9.9.9", "10.0.0.1", "X-Forwarded-For: 198.51.100.1, what, 10.9.9.9")
	f("10.0.0.1", "10.0.0.1", "X-Forwarded-For: ")
	f("10.0.0.1", "10.0.0.1", "X-Forwarded-For: fe80::1%eth0")
	f("10.0.0.1", "10.0.0.1", "X-Forwarded-For: [2001:dead::1")
	f("198.51.100.1", "10.0.0.1", "Forwarded: for=198.51.100.1;proto=https")
	f("198.51.100.1", "10.0.0.1", "Forwarded: for=192.0.2.1, Proto=https; For=\"198.51.100.1:80\";by=10.0.0.1")
	f("2001:dead::1", "2001:db8::5", "Forwarded: for=\"[2001:dead::1]:4711\"")
	f("10.0.0.1", "10.0.0.1", "Forwarded: for=_hidden, for=unknown")
	f("10.0.0.1", "10.0.0.1", "Forwarded: proto=http")
	f("198.51.100.1", "10.0.0.1", "Forwarded: for=192.0.2.1", "X-Forwarded-For: 198.51.100.1")
	if Client(&fasthttp.RequestCtx{}).IsValid() {
		t.Error("nobody has an address")
	}
}

func TestLimited(t *testing.T) {
	d := New(Config{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")}})
	f := func(want bool, peer string, headers ...string) {
		t.Helper()
		ctx := request(d, peer, headers...)
		if got := Limited(ctx, Client(ctx)); got != want {
			t.Errorf("%s with %q: %v", peer, headers, got)
		}
	}
	f(true, "203.0.113.9")
	f(false, "127.0.0.1")
	f(false, "::1")
	f(false, "10.0.0.1")
	f(false, "192.168.1.1") // a proxy that nobody has named
	f(true, "127.0.0.1", "X-Forwarded-For: 203.0.113.9")
	f(true, "10.0.0.1", "X-Forwarded-For: 192.168.1.1") // a client that a named one has seen
}

// 1,000 visitors behind one trusted proxy are 1,000 clients; behind one that nobody trusts they are one.
func TestVisitorsBehindAProxy(t *testing.T) {
	f := func(want int, trusted ...netip.Prefix) {
		t.Helper()
		d, seen := New(Config{Trusted: trusted}), map[netip.Addr]bool{}
		for i := range 1000 {
			seen[Client(request(d, "192.0.2.1", fmt.Sprintf("X-Forwarded-For: 203.0.%d.%d", i/250, i%250)))] = true
		}
		if len(seen) != want {
			t.Errorf("%d clients, want %d", len(seen), want)
		}
	}
	f(1000, netip.MustParsePrefix("192.0.2.1/32"))
	f(1)
}

func TestClientAllocations(t *testing.T) {
	d := New(Config{Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	for _, h := range []string{"X-Forwarded-For: 192.0.2.7, 198.51.100.1, 10.9.9.9", "Forwarded: for=\"[2001:dead::1]:4711\""} {
		ctx := request(d, "10.0.0.1", h)
		if n := testing.AllocsPerRun(100, func() { Client(ctx) }); n > 0 {
			t.Errorf("%s: %v allocations", h, n)
		}
	}
}

// binaryHeader is a header of the PROXY protocol's second version.
func binaryHeader(command, family byte, addresses []byte) string {
	head := append([]byte(binStart), 0x20|command, family)
	head = binary.BigEndian.AppendUint16(head, uint16(len(addresses)))
	return string(append(head, addresses...))
}

func TestProxyProtocol(t *testing.T) {
	d := New(Config{Connections: 100, Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	const rest = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
	v6 := netip.MustParseAddr("2001:dead::1").As16()
	f := func(peer, sent, client, left string, ok bool) {
		t.Helper()
		for _, pieces := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
			c := from(d, peer)
			c.Conn = &reading{c.Conn.(*disguised), pieces(strings.NewReader(sent))}
			got, err := io.ReadAll(c)
			if (err == nil) != ok || ok && (string(got) != left || c.client.String() != client) {
				t.Errorf("%s %q: %q of %s, %v", peer, sent, got, c.client, err)
			}
		}
	}
	f("10.0.0.1", rest, "10.0.0.1", rest, true)
	f("10.0.0.1", "PROXY TCP4 198.51.100.1 10.0.0.1 1 2\r\n"+rest, "198.51.100.1", rest, true)
	f("10.0.0.1", "PROXY TCP6 2001:dead::1 2001:db8::1 1 2\r\n"+rest, "2001:dead::1", rest, true)
	f("10.0.0.1", "PROXY UNKNOWN\r\n"+rest, "10.0.0.1", rest, true)
	f("10.0.0.1", "PROXY TCP4 nonsense 10.0.0.1 1 2\r\n"+rest, "", "", false)
	f("10.0.0.1", "PROXY TCP4 198.51.100.1\r\n"+rest, "", "", false)
	f("10.0.0.1", "PROXY "+strings.Repeat("x", 200), "", "", false)
	f("10.0.0.1", binaryHeader(1, 0x11, []byte{198, 51, 100, 1, 10, 0, 0, 1, 0, 1, 0, 2})+rest, "198.51.100.1", rest, true)
	f("10.0.0.1", binaryHeader(1, 0x11, append([]byte{198, 51, 100, 1, 10, 0, 0, 1, 0, 1, 0, 2}, make([]byte, 3000)...))+rest, "198.51.100.1", rest, true)
	f("10.0.0.1", binaryHeader(1, 0x21, append(v6[:], make([]byte, 20)...))+rest, "2001:dead::1", rest, true)
	f("10.0.0.1", binaryHeader(0, 0x00, nil)+rest, "10.0.0.1", rest, true)
	f("10.0.0.1", binaryHeader(1, 0x00, nil)+rest, "10.0.0.1", rest, true)
	f("10.0.0.1", binaryHeader(1, 0x11, make([]byte, 9000))+rest, "", "", false)
	f("203.0.113.9", "PROXY TCP4 198.51.100.1 10.0.0.1 1 2\r\n", "203.0.113.9", "PROXY TCP4 198.51.100.1 10.0.0.1 1 2\r\n", true)
}

// reading is a connection that reads from somewhere else.
type reading struct {
	*disguised
	from io.Reader
}

func (c *reading) Read(p []byte) (int, error) { return c.from.Read(p) }
