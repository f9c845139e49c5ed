package snapshot

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// Summary is what is in a file.
type Summary struct {
	Header   Header `json:"header"`
	Sections []Info `json:"sections"`
	Size     int64  `json:"size"`
}

// Verify reads a file to its end and returns what is in it; an error when it is not whole in every byte.
func Verify(path string) (Summary, error) { return verify(path, io.Discard) }

// verify passes what it reads on to seen.
func verify(path string, seen io.Writer) (Summary, error) {
	var out Summary
	err := open(path, func(r *Reader) error {
		err := each(r, func(_ Info, payload io.Reader) error {
			_, err := io.Copy(seen, payload)
			return err
		})
		out = Summary{Header: told(r.Header()), Sections: r.Sections(), Size: r.at}
		return err
	})
	return out, err
}

// Inspect reads a file's header and index, without looking at the payload.
func Inspect(path string) (Summary, error) {
	var out Summary
	if err := open(path, func(r *Reader) error { out.Header = told(r.Header()); return nil }); err != nil {
		return out, err
	}
	f, err := os.Open(path)
	if err != nil {
		return out, err
	}
	defer f.Close() // read only
	if out.Size, err = f.Seek(0, io.SeekEnd); err != nil {
		return out, fmt.Errorf("cannot find the end of snapshot %q: %w", path, err)
	}
	out.Sections, _, err = readIndex(f, out.Size)
	return out, err
}

// told returns what may be shown of a header: not the seed.
func told(h Header) Header {
	h.Seed = 0
	return h
}

const trailerBytes = 24

// readIndex reads the footer of a file of the given size, and where it begins.
func readIndex(f io.ReaderAt, size int64) (sections []Info, at int64, err error) {
	var trailer [trailerBytes]byte
	if _, err := f.ReadAt(trailer[:], size-trailerBytes); err != nil {
		return nil, 0, damaged(size, "it ends too early")
	}
	at = int64(binary.LittleEndian.Uint64(trailer[:]))
	n := size - trailerBytes - at
	if string(trailer[16:]) != endMagic || at < 0 || n < 9 || n > maxSections*(1+255+18) {
		return nil, 0, damaged(size-trailerBytes, "the trailer is wrong")
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, at); err != nil {
		return nil, 0, fmt.Errorf("cannot read the snapshot's index: %w", err)
	}
	if b[0] != 'F' || !seals(b) {
		return nil, 0, damaged(at, "the checksum of the index is wrong")
	}
	sections, err = parseIndex(b[5 : n-4])
	return sections, at, err
}

// parseIndex reads entries that a checksum has vouched for, as far as they go.
func parseIndex(b []byte) ([]Info, error) {
	var out []Info
	for len(b) > 0 {
		n := int(b[0])
		if len(b) < 1+n+18 {
			return nil, fmt.Errorf("%w: the index ends too early", ErrDamaged)
		}
		name, rest := b[1:1+n], b[1+n:]
		out = append(out, Info{
			Name: string(name), Version: binary.LittleEndian.Uint16(rest),
			Offset: int64(binary.LittleEndian.Uint64(rest[2:])), Size: int64(binary.LittleEndian.Uint64(rest[10:])),
		})
		b = rest[18:]
	}
	return out, nil
}
