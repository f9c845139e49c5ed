package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orrery/stream/broker"
)

// A start on a log that cannot be opened answers frames from the newest snapshot, says what is wrong by a check, refuses events, and
// goes on as ever when the log is mended, with everything that was in it.
func TestLogThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir)
	post(t, n, []byte(`{"event":"purchase","id":"1","visitor":"v","order":"1","value":5,"currency":"EUR","items":[{"item_id":"kettle"}]}`+"\n"+
		`{"event":"purchase","id":"2","visitor":"w","order":"2","value":5,"currency":"EUR","items":[{"item_id":"kettle"}]}`))
	within(t, "two orders", func() bool { return n.engine.Stats().Orders == 2 })
	n.end(t)

	topics := filepath.Join(dir, "broker", "topics.json")
	whole, err := os.ReadFile(topics)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(topics, []byte(`{"half`), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	if n, err = newNode(dir, "--http.listen="+address); err != nil {
		t.Fatal(err)
	}
	why := n.start(t.Context())
	if !errors.Is(why, errUnopened) {
		t.Fatalf("with broken files of the broker: %v", why)
	}
	type end struct {
		again bool
		err   error
	}
	ended := make(chan end, 1)
	go func() {
		again, err := n.serveShut(t.Context(), why)
		ended <- end{again, err}
	}()
	ask := func(method, path, body string) (status int, said string) {
		req, _ := http.NewRequest(method, "http://"+address+path, strings.NewReader(body))
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			return 0, err.Error()
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		return r.StatusCode, string(b)
	}
	within(t, "it answers", func() bool { status, _ := ask("GET", "/healthz", ""); return status == 200 })
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/v1/frames/bestsellers", "", 200, `"item_id":"kettle"`},
		{"GET", "/v1/stats", "", 200, `"orders":2`},
		{"GET", "/readyz", "", 200, "true"},
		{"GET", "/readyz?verbose", "", 200, `{"name":"log_opens","ok":false,"fatal":false,"reason":"the log cannot be opened`},
		{"GET", "/metrics", "", 200, `orrery_check{name="log_opens"} 0`},
		{"GET", "/", "", 200, "<html"},
		{"POST", "/v1/events", `{"event":"page_view","visitor":"v"}`, 503, "log_unavailable"},
		{"DELETE", "/v1/contacts/anna", "", 503, "log_unavailable"},
		{"PUT", "/v1/catalogue", "id\tname\n1\tx\n", 404, "no_feeds"},
	} {
		if status, said := ask(c.method, c.path, c.body); status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s %s: %d %.300s", c.method, c.path, status, said)
		}
	}
	if err := os.WriteFile(topics, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if e := <-ended; !e.again || e.err != nil {
		t.Fatalf("with the broker's files mended: %+v\n%s", e, n.said)
	}
	n = startNode(t, dir, "--http.listen="+address)
	post(t, n, []byte(`{"event":"purchase","id":"3","visitor":"v","order":"3","value":5,"currency":"EUR","items":[{"item_id":"kettle"}]}`))
	within(t, "three orders", func() bool { return n.engine.Stats().Orders == 3 })

	// Another server has the folder, or another program the port: that is no log to wait for.
	for _, args := range [][]string{{}, {"--data-dir=" + t.TempDir(), "--kafka.listen=" + n.broker.Addr()}} {
		other, err := newNode(dir, args...)
		if err != nil {
			t.Fatal(err)
		}
		err = other.start(t.Context())
		if err == nil || errors.Is(err, errUnopened) || len(args) == 0 && !errors.Is(err, broker.ErrTaken) {
			t.Errorf("%v: %v", args, err)
		}
	}
	n.end(t)
}

// Without a snapshot there is nothing to answer from: the start fails, and says why. A stop while the log is shut is a clean one.
func TestNothingToAnswerFrom(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "broker"), 0o700); err != nil {
		t.Fatal(err)
	}
	topics := filepath.Join(dir, "broker", "topics.json")
	if err := os.WriteFile(topics, []byte(`{"half`), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := newNode(dir)
	if err != nil {
		t.Fatal(err)
	}
	why := n.start(t.Context())
	if again, err := n.serveShut(t.Context(), why); again || !errors.Is(err, errUnopened) {
		t.Errorf("%v %v", again, err)
	}
	if err := os.Remove(topics); err != nil {
		t.Fatal(err)
	}
	first := startNode(t, dir)
	post(t, first, []byte(`{"event":"page_view","id":"1","visitor":"v"}`))
	within(t, "an event", func() bool { return first.engine.Stats().Total == 1 })
	first.end(t) // which leaves a snapshot
	if err := os.WriteFile(topics, []byte(`{"half`), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if again, err := n.serveShut(ctx, why); again || err != nil {
		t.Errorf("stopped: %v %v", again, err)
	}
	if bytes.Contains(n.said.Bytes(), []byte("panic")) {
		t.Error(n.said)
	}
}

// A start waits for a log that is broken or not there, and for nothing that people have to mend elsewhere.
func TestUnopened(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	listen := &net.OpError{Op: "listen", Err: errors.New("address already in use")}
	for _, c := range []struct {
		err     error
		cluster bool
		want    bool
	}{
		{nil, false, false},
		{errors.New("read-only file system"), false, true},
		{fmt.Errorf("cannot start the broker: %w", broker.ErrTaken), false, false},
		{fmt.Errorf("cannot start the broker: %w", listen), false, false},
		{context.Canceled, false, false},
		{fmt.Errorf("unable to dial: %w", dial), true, true},
		{fmt.Errorf("cannot list topics: %w", context.DeadlineExceeded), true, true},
		{errors.New("SASL_AUTHENTICATION_FAILED"), true, false},
		{errors.New("topic has 4 partitions"), true, false},
	} {
		if got := unopened(c.err, c.cluster); errors.Is(got, errUnopened) != c.want || c.err != nil && !errors.Is(got, c.err) {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}
