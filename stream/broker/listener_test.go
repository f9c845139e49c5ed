package broker

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Whatever somebody sends to the broker's port ends his connection and nothing else.
func TestForeignRequests(t *testing.T) {
	var log lines
	b := start(t, Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	request := func(size uint32, kind uint16, rest string) string {
		head := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(nil, size), kind)
		return string(head) + rest
	}
	before := allocated()
	for name, sent := range map[string]string{
		"HTTP":                     "GET / HTTP/1.1\r\nHost: orrery\r\n\r\n",
		"TLS":                      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"a size of nothing":        request(0, 18, "\x00\x00"),
		"a size beyond the bound":  request(maxRequest+1, 18, "\x00\x00"),
		"a kind that nobody knows": request(20, 9999, strings.Repeat("\x00", 18)),
		"a negative kind":          request(20, 0xffff, strings.Repeat("\x00", 18)),
		"zeros":                    strings.Repeat("\x00", 64),
	} {
		c, err := net.Dial("tcp", b.Addr())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := io.WriteString(c, sent); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c.SetReadDeadline(time.Now().Add(30 * time.Second))
		if n, err := c.Read(make([]byte, 1)); err == nil || n > 0 {
			t.Errorf("%s: was answered", name)
		} else if e, ok := err.(net.Error); ok && e.Timeout() {
			t.Errorf("%s: the connection stays open", name)
		}
		c.Close()
	}
	if took := allocated() - before; took > 64<<20 {
		t.Errorf("%d bytes were allocated", took)
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kadm.NewClient(client).CreateTopic(context.Background(), 1, 1, nil, "t"); err != nil {
		t.Fatal(err)
	}
	if err := client.ProduceSync(context.Background(), &kgo.Record{Topic: "t", Value: bytes.Repeat([]byte("x"), 500<<10)}).FirstErr(); err != nil {
		t.Errorf("a client of Kafka afterwards: %v", err)
	}
	client.Close()
	closeBroker(t, b)
	if n := strings.Count(log.String(), "does not speak Kafka's protocol"); n != 7 {
		t.Errorf("%d lines in the log, want 7:\n%s", n, log.String())
	}
}

// lines is a log that several goroutines write to.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// However the bytes of a request come, and in whatever pieces they are asked for, they are passed on as they are.
func TestConnPassesRequestsOn(t *testing.T) {
	var sent []byte
	for n := range 50 {
		sent = binary.BigEndian.AppendUint32(sent, uint32(4+n*n))
		sent = append(sent, 0, 18, 0, 3)
		for i := range n * n {
			sent = append(sent, byte(i))
		}
	}
	for _, piece := range []int{1, 3, 8, 1000} {
		client, server := net.Pipe()
		go func() {
			for rest := sent; len(rest) > 0; {
				n := min(piece, len(rest))
				client.Write(rest[:n])
				rest = rest[n:]
			}
			client.Close()
		}()
		got, err := io.ReadAll(&conn{Conn: server, log: slog.New(slog.DiscardHandler), given: headSize})
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("in pieces of %d: %d of %d bytes, %v", piece, len(got), len(sent), err)
		}
	}
}
