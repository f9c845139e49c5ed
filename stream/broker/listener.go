package broker

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"net"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxRequest is the largest request that the broker reads: Kafka's own default of socket.request.max.bytes.
const maxRequest = 100 << 20

// errForeign ends a connection that does not speak Kafka's protocol.
var errForeign = errors.New("the request is none of Kafka's protocol")

// listener looks at requests before kfake does, which believes any size and any kind: four letters of an HTTP request would
// be a gigabyte to allocate, a kind that nobody knows a nil request to call.
type listener struct {
	net.Listener
	log *slog.Logger
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, log: l.log, given: headSize}, nil
}

// headSize is what a request is judged by: its size in four bytes, then its kind and version in two each.
const headSize = 8

// conn is one client. Kfake reads it from one goroutine at a time.
type conn struct {
	net.Conn
	log   *slog.Logger
	head  [headSize]byte // of the request under way
	got   int            // bytes of head that have come
	given int            // bytes of head that have been passed on
	left  int            // bytes of the request after its head that are still to come
}

// Read passes requests on as they come.
func (c *conn) Read(p []byte) (int, error) {
	if c.given == headSize && c.left == 0 { // between two requests
		for c.got = 0; c.got < headSize; {
			n, err := c.Conn.Read(c.head[c.got:])
			if c.got += n; err != nil && c.got < headSize {
				return 0, err
			}
		}
		size, kind := binary.BigEndian.Uint32(c.head[:]), int16(binary.BigEndian.Uint16(c.head[4:]))
		if size < headSize-4 || size > maxRequest || kmsg.RequestForKey(kind) == nil {
			c.log.Warn("broker: a client does not speak Kafka's protocol", "client", c.RemoteAddr().String(), "begins", string(c.head[:]))
			return 0, errForeign
		}
		c.given, c.left = 0, int(size)-(headSize-4)
	}
	if c.given < headSize {
		n := copy(p, c.head[c.given:])
		c.given += n
		return n, nil
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
