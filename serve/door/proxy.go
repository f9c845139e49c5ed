package door

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
)

// The PROXY protocol, by which a proxy of connections tells whose connection it hands on: version 1 is a line, version 2 a
// binary header. It is believed of trusted proxies only, and looked for without being asked for: neither can begin an HTTP
// request.
const (
	lineStart  = "PROXY "
	lineMost   = 107 // bytes of the longest line
	binStart   = "\r\n\r\n\x00\r\nQUIT\n"
	binHead    = len(binStart) + 4
	binMost    = 4 << 10 // of addresses and what stands behind them
	readAtOnce = 536     // what the protocol says comes in one piece
)

var errProxy = errors.New("cannot read the PROXY header of a trusted proxy")

// readProxy reads the header, where there is one, and keeps what came behind it.
func (c *Conn) readProxy() error {
	buf := make([]byte, 0, readAtOnce)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, make([]byte, len(buf))...)[:len(buf)]
		}
		n, err := c.Conn.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		size, from, ok := proxyHeader(buf)
		switch {
		case !ok:
			return errProxy
		case size >= 0:
			c.rest = buf[size:]
			if size > 0 {
				return c.introduce(from)
			}
			return nil
		case err != nil:
			c.rest = buf // half of something; the error comes again
			if len(buf) == 0 {
				return err
			}
			return nil
		}
	}
}

// introduce sets whom the proxy named.
func (c *Conn) introduce(from netip.Addr) error {
	if !from.IsValid() { // the proxy speaks for itself
		return nil
	}
	c.client, c.direct, c.hop = from, false, c.door.trusts(from)
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	if _, in := c.door.conns[c]; in && !c.door.claim(c, false) {
		c.door.crowded.Add(1)
		return errors.New("too many connections of one address")
	}
	return nil
}

// proxyHeader returns the size of the header at the head of b, 0 where there is none, -1 where more of it has to come; and
// whom it names. It is false for a header that is broken.
func proxyHeader(b []byte) (size int, from netip.Addr, ok bool) {
	switch {
	case begins(b, lineStart):
		if len(b) < len(lineStart) {
			return -1, from, true
		}
		return proxyLine(b)
	case begins(b, binStart):
		if len(b) < binHead {
			return -1, from, true
		}
		return proxyBinary(b)
	}
	return 0, from, true
}

// begins tells whether b begins with start, or is the beginning of it.
func begins(b []byte, start string) bool {
	n := min(len(b), len(start))
	return string(b[:n]) == start[:n]
}

func proxyLine(b []byte) (size int, from netip.Addr, ok bool) {
	end := bytes.Index(b[:min(len(b), lineMost)], []byte("\r\n"))
	if end < 0 {
		return -1, from, len(b) < lineMost
	}
	fields := strings.Split(string(b[:end]), " ")
	if len(fields) == 6 && (fields[1] == "TCP4" || fields[1] == "TCP6") {
		a, err := netip.ParseAddr(fields[2])
		return end + 2, a.Unmap().WithZone(""), err == nil
	}
	return end + 2, from, fields[1] == "UNKNOWN"
}

func proxyBinary(b []byte) (size int, from netip.Addr, ok bool) {
	length := int(binary.BigEndian.Uint16(b[binHead-2:]))
	version, family := b[binHead-4], b[binHead-3]
	if version>>4 != 2 || version&15 > 1 || length > binMost {
		return 0, from, false
	}
	if len(b) < binHead+length {
		return -1, from, true
	}
	size = binHead + length
	if version&15 == 0 { // LOCAL: the proxy's own connection, to see whether we live
		return size, from, true
	}
	switch addresses := b[binHead:size]; {
	case family == 0x11 && length >= 12:
		return size, netip.AddrFrom4([4]byte(addresses[:4])), true
	case family == 0x21 && length >= 36:
		return size, netip.AddrFrom16([16]byte(addresses[:16])).Unmap(), true
	}
	return size, from, true
}
