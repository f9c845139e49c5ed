package snapshot

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/cespare/xxhash/v2"
)

// Write writes a whole snapshot and returns its size. It takes the sections' data once, in order. rest is called between
// pieces of work of a tenth of a millisecond or so, and may hold the work up; nil does not.
func Write(dst io.Writer, h Header, sections []Section, rest func()) (int64, error) {
	if rest == nil {
		rest = func() {}
	}
	w := &writer{dst: dst, rest: rest, block: make([]byte, blockHead, blockHead+blockSize)}
	w.header(h)
	for _, s := range sections {
		if w.err == nil {
			w.section(s)
		}
	}
	w.finish()
	return w.at, w.err
}

// writer writes the parts of a file. The first error sticks.
type writer struct {
	dst   io.Writer
	rest  func()
	at    int64
	hash  xxhash.Digest
	index []Info
	err   error

	block []byte // head and payload of the block that is being filled
	size  int64  // payload of the current section so far
}

const blockHead = 8

func (w *writer) put(b []byte) {
	if w.err != nil {
		return
	}
	n, err := w.dst.Write(b)
	w.at += int64(n)
	w.hash.Write(b)
	w.err = err
}

func (w *writer) header(h Header) {
	w.hash.Reset()
	b := append([]byte(magic), 0, 0, 0, 0)
	binary.LittleEndian.PutUint16(b[len(magic):], format)
	text, err := json.Marshal(h)
	if err == nil && len(text) > maxHeader {
		err = fmt.Errorf("%d bytes are more than %d", len(text), maxHeader)
	}
	if err != nil {
		w.err = fmt.Errorf("cannot write the header: %w", err)
		return
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(text, castagnoli))
	w.put(append(b, text...))
}

func (w *writer) section(s Section) {
	if len(s.Name) == 0 || len(s.Name) > 255 {
		w.err = fmt.Errorf("cannot write a section with a name of %d bytes", len(s.Name))
		return
	}
	at := w.at
	b := append([]byte{'S', byte(len(s.Name))}, s.Name...)
	b = binary.LittleEndian.AppendUint16(b, s.Version)
	w.put(sealed(b))
	w.size = 0
	if _, err := s.Data.WriteTo(payload{w}); err != nil && w.err == nil {
		w.err = fmt.Errorf("cannot write section %q: %w", s.Name, err)
	}
	w.flush()
	end := binary.LittleEndian.AppendUint64(make([]byte, 4, 16), uint64(w.size))
	w.put(sealed(end))
	w.index = append(w.index, Info{Name: s.Name, Version: s.Version, Offset: at, Size: w.size})
}

// sealed appends the checksum of b to b.
func sealed(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// payload cuts what a section writes into blocks.
type payload struct{ w *writer }

func (p payload) Write(b []byte) (int, error) {
	w, n := p.w, len(b)
	w.rest()
	for len(b) > 0 && w.err == nil {
		room := min(cap(w.block)-len(w.block), len(b))
		w.block = append(w.block, b[:room]...)
		b = b[room:]
		if len(w.block) == cap(w.block) {
			w.flush()
		}
	}
	return n - len(b), w.err
}

func (w *writer) flush() {
	text := w.block[blockHead:]
	if len(text) == 0 {
		return
	}
	binary.LittleEndian.PutUint32(w.block, uint32(len(text)))
	binary.LittleEndian.PutUint32(w.block[4:], crc32.Checksum(text, castagnoli))
	w.put(w.block)
	w.size += int64(len(text))
	w.block = w.block[:blockHead]
}

func (w *writer) finish() {
	at := w.at
	b := binary.LittleEndian.AppendUint32([]byte{'F'}, uint32(len(w.index)))
	for _, s := range w.index {
		b = append(append(b, byte(len(s.Name))), s.Name...)
		b = binary.LittleEndian.AppendUint16(b, s.Version)
		b = binary.LittleEndian.AppendUint64(b, uint64(s.Offset))
		b = binary.LittleEndian.AppendUint64(b, uint64(s.Size))
	}
	w.put(binary.LittleEndian.AppendUint64(sealed(b), uint64(at)))
	w.put(append(binary.LittleEndian.AppendUint64(nil, w.hash.Sum64()), endMagic...))
}
