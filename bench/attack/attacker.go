package attack

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// kind is one kind of attack. once is one attempt of the i-th of its attackers, which come one after another with a pause.
type kind struct {
	name      string
	attackers int
	pause     time.Duration
	once      func(ctx context.Context, a *attacker) error
}

// attacker does one kind until its context ends.
type attacker struct {
	kind *kind
	addr string
	i    int
	n    atomic.Int64 // attempts
}

// run ignores errors: a server that refuses, resets or does not answer is what an attacker expects.
func (a *attacker) run(ctx context.Context) {
	for ctx.Err() == nil {
		a.n.Add(1)
		a.kind.once(ctx, a)
		select {
		case <-ctx.Done():
		case <-time.After(a.kind.pause):
		}
	}
}

// dial opens a connection that ends with ctx.
func (a *attacker) dial(ctx context.Context) (net.Conn, func(), error) {
	c, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", a.addr)
	if err != nil {
		return nil, func() {}, err
	}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	return c, func() { stop(); c.Close() }, nil
}

// hold opens a connection, sends the head of a request and then every 5 s a byte of dribble, as long as the server bears it, at
// most a minute.
func (a *attacker) hold(ctx context.Context, head string, dribble string) error {
	c, done, err := a.dial(ctx)
	if err != nil {
		return err
	}
	defer done()
	if _, err := io.WriteString(c, head); err != nil {
		return err
	}
	var one [1]byte
	for i := range 12 {
		c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := c.Read(one[:]); err == nil || !isTimeout(err) {
			return err
		}
		if dribble != "" {
			if _, err := io.WriteString(c, dribble[i%len(dribble):][:1]); err != nil {
				return err
			}
		}
	}
	return nil
}

func isTimeout(err error) bool {
	t, ok := err.(net.Error)
	return ok && t.Timeout()
}

// post sends a body with the key of the pages, and reads the answer.
func (a *attacker) post(ctx context.Context, path string, body []byte, headers ...string) error {
	c, done, err := a.dial(ctx)
	if err != nil {
		return err
	}
	defer done()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Bearer %s\r\nX-Forwarded-For: %s\r\nConnection: close\r\nContent-Length: %d\r\n",
		path, writeKey, a.address(), len(body))
	for _, h := range headers {
		head += h + "\r\n"
	}
	go func() { // an answer may come before the body is sent
		io.WriteString(c, head+"\r\n")
		c.Write(body)
	}()
	_, err = io.Copy(io.Discard, c)
	return err
}

// get asks for a path with the key of the pages.
func (a *attacker) get(ctx context.Context, path string) error {
	c, done, err := a.dial(ctx)
	if err != nil {
		return err
	}
	defer done()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Bearer %s\r\nX-Forwarded-For: %s\r\nConnection: close\r\n\r\n", path, writeKey, a.address())
	_, err = io.Copy(io.Discard, c)
	return err
}

// address is where the attacker comes from: a hundred machines in one network.
func (a *attacker) address() string {
	return fmt.Sprintf("198.51.100.%d", 1+(a.i*37+int(a.n.Load()))%100)
}

// events sends so many events, a line each.
func (a *attacker) events(ctx context.Context, n int, line func(i int) string) error {
	var body bytes.Buffer
	first := int(a.n.Load()) * n
	for i := range n {
		body.WriteString(line(first + i))
		body.WriteByte('\n')
	}
	return a.post(ctx, "/v1/events", body.Bytes())
}

func zipped(text []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	w.Write(text)
	w.Close()
	return out.Bytes()
}

// bombs are made once.
var bombs = struct{ frames, events func() []byte }{
	sync.OnceValue(func() []byte {
		return zipped([]byte(`{"frames":[` + string(bytes.Repeat([]byte("{},"), 1_740_000)) + `{}]}`))
	}),
	sync.OnceValue(func() []byte { return zipped(bytes.Repeat([]byte("0"), 200<<20)) }),
}
