package snapshot

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/cespare/xxhash/v2"
)

// Reader reads a snapshot in one pass: NewReader, then Next and the section's Read in turn until Next says io.EOF. Only
// then is the file known to be whole: a caller that cannot undo what it does with sections runs Verify first.
type Reader struct {
	src  io.Reader
	at   int64
	hash *xxhash.Digest // of everything so far; nil for a single section: see parts.read

	header   Header
	sections []Info
	cur      *section
	err      error // sticks
}

// NewReader reads the header. The error is ErrFormat or ErrDamaged.
func NewReader(src io.Reader) (*Reader, error) {
	r := &Reader{src: src, hash: xxhash.New()}
	head := make([]byte, len(magic)+4+8)
	if err := r.fill(head); err != nil {
		return nil, err
	}
	if string(head[:len(magic)]) != magic {
		return nil, damaged(0, "it does not begin like a snapshot")
	}
	if v := binary.LittleEndian.Uint32(head[len(magic):]); v != format {
		return nil, fmt.Errorf("%w: %d", ErrFormat, v)
	}
	size, sum := binary.LittleEndian.Uint32(head[12:]), binary.LittleEndian.Uint32(head[16:])
	if size > maxHeader {
		return nil, damaged(r.at, "a header of %d bytes", size)
	}
	text, err := r.text(int64(size))
	if err != nil {
		return nil, err
	}
	if crc32.Checksum(text, castagnoli) != sum {
		return nil, damaged(r.at, "the header's checksum is wrong")
	}
	if err := json.Unmarshal(text, &r.header); err != nil {
		return nil, damaged(r.at, "the header: %v", err)
	}
	return r, nil
}

// Header returns what the snapshot stands for.
func (r *Reader) Header() Header { return r.header }

// Sections returns the sections that have been read.
func (r *Reader) Sections() []Info { return r.sections }

// fill reads len(b) bytes.
func (r *Reader) fill(b []byte) error {
	n, err := io.ReadFull(r.src, b)
	r.at += int64(n)
	if r.hash != nil {
		r.hash.Write(b[:n])
	}
	switch {
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return damaged(r.at, "it ends too early")
	case err != nil:
		return fmt.Errorf("cannot read byte %d of the snapshot: %w", r.at, err)
	}
	return nil
}

// text reads n bytes, allocating as they come.
func (r *Reader) text(n int64) ([]byte, error) {
	var b bytes.Buffer
	k, err := io.CopyN(&b, r.src, n)
	r.at += k
	r.hash.Write(b.Bytes())
	if err == io.EOF {
		return nil, damaged(r.at, "it ends too early")
	}
	return b.Bytes(), err
}

// Next skips what is left of the current section and returns the next one with its payload, or io.EOF after the last,
// when the footer and the whole file have been checked.
func (r *Reader) Next() (Info, io.Reader, error) {
	if r.cur != nil && r.err == nil {
		_, err := io.Copy(io.Discard, r.cur)
		r.fail(err)
	}
	if r.err != nil {
		return Info{}, nil, r.err
	}
	info, err := r.open()
	if err != nil {
		r.fail(err)
		return Info{}, nil, r.err
	}
	r.sections = append(r.sections, info)
	if r.cur == nil {
		r.cur = &section{r: r}
	}
	r.cur.block, r.cur.size, r.cur.ended = nil, 0, false
	return info, r.cur, nil
}

func (r *Reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// open reads a section's head, or the footer.
func (r *Reader) open() (Info, error) {
	at := r.at
	var head [2]byte
	if err := r.fill(head[:1]); err != nil {
		return Info{}, err
	}
	switch head[0] {
	case 'F':
		return Info{}, r.footer(at)
	case 'S':
	default:
		return Info{}, damaged(at, "neither a section nor the footer begins here")
	}
	if len(r.sections) >= maxSections {
		return Info{}, damaged(at, "more than %d sections", maxSections)
	}
	if err := r.fill(head[1:]); err != nil {
		return Info{}, err
	}
	rest := make([]byte, int(head[1])+6)
	if err := r.fill(rest); err != nil {
		return Info{}, err
	}
	if !seals(append(head[:], rest...)) || head[1] == 0 {
		return Info{}, damaged(at, "the checksum of a section's head is wrong")
	}
	name := rest[:head[1]]
	return Info{Name: string(name), Version: binary.LittleEndian.Uint16(rest[len(name):]), Offset: at}, nil
}

// seals tells whether b ends in the checksum of what stands before.
func seals(b []byte) bool {
	n := len(b) - 4
	return crc32.Checksum(b[:n], castagnoli) == binary.LittleEndian.Uint32(b[n:])
}

// section is the payload of the current section.
type section struct {
	r     *Reader
	buf   []byte
	block []byte // what is left of the current block
	size  int64  // payload so far
	ended bool
}

func (s *section) Read(b []byte) (int, error) {
	for len(s.block) == 0 {
		if s.r.err != nil {
			return 0, s.r.err
		}
		if s.ended {
			return 0, io.EOF
		}
		s.r.fail(s.next())
	}
	n := copy(b, s.block)
	s.block = s.block[n:]
	return n, nil
}

// WriteTo hands the blocks on as they are. It implements io.WriterTo.
func (s *section) WriteTo(w io.Writer) (int64, error) {
	total := int64(0)
	for {
		for len(s.block) == 0 {
			if s.r.err != nil || s.ended {
				return total, s.r.err
			}
			s.r.fail(s.next())
		}
		n, err := w.Write(s.block)
		s.block = s.block[n:]
		if total += int64(n); err != nil {
			return total, err
		}
	}
}

// next reads a block, or the section's end.
func (s *section) next() error {
	r, at := s.r, s.r.at
	var head [8]byte
	if err := r.fill(head[:]); err != nil {
		return err
	}
	n, sum := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
	switch {
	case n == 0:
		return s.end(at, head)
	case n > blockSize:
		return damaged(at, "a block of %d bytes", n)
	}
	if s.buf == nil {
		s.buf = make([]byte, blockSize)
	}
	if err := r.fill(s.buf[:n]); err != nil {
		return err
	}
	if crc32.Checksum(s.buf[:n], castagnoli) != sum {
		return damaged(at, "a block's checksum is wrong")
	}
	s.block = s.buf[:n]
	s.size += int64(n)
	return nil
}

func (s *section) end(at int64, head [8]byte) error {
	var rest [8]byte
	if err := s.r.fill(rest[:]); err != nil {
		return err
	}
	b := append(head[:], rest[:]...)
	if !seals(b) || int64(binary.LittleEndian.Uint64(b[4:])) != s.size {
		return damaged(at, "the end of a section does not fit")
	}
	s.ended = true
	s.r.sections[len(s.r.sections)-1].Size = s.size
	return nil
}

// footer checks the index against what was read and the hash of the whole; io.EOF when all is well.
func (r *Reader) footer(at int64) error {
	b := []byte{'F', 0, 0, 0, 0}
	if err := r.fill(b[1:]); err != nil {
		return err
	}
	if int(binary.LittleEndian.Uint32(b[1:])) != len(r.sections) {
		return damaged(at, "the footer counts other sections than there are")
	}
	want := b
	for _, s := range r.sections {
		want = append(append(want, byte(len(s.Name))), s.Name...)
		want = binary.LittleEndian.AppendUint16(want, s.Version)
		want = binary.LittleEndian.AppendUint64(want, uint64(s.Offset))
		want = binary.LittleEndian.AppendUint64(want, uint64(s.Size))
	}
	want = binary.LittleEndian.AppendUint64(sealed(want), uint64(at))
	got := make([]byte, len(want)-5)
	if err := r.fill(got); err != nil {
		return err
	}
	if !bytes.Equal(got, want[5:]) {
		return damaged(at, "the footer does not fit the sections")
	}
	sum := r.hash.Sum64()
	var end [16]byte
	if err := r.fill(end[:]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint64(end[:]) != sum || string(end[8:]) != endMagic {
		return damaged(at, "the checksum of the whole is wrong")
	}
	if n, _ := r.src.Read(end[:1]); n > 0 {
		return damaged(r.at, "something follows the end")
	}
	return io.EOF
}
