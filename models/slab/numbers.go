package slab

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Numbers is a short fixed list of numbers at the head of a section: what a model keeps beside its arrays.
type Numbers []uint64

// WriteTo writes the numbers, little endian. It implements io.WriterTo.
func (n Numbers) WriteTo(dst io.Writer) (int64, error) {
	buf := make([]byte, 0, 8*len(n))
	for _, v := range n {
		buf = binary.LittleEndian.AppendUint64(buf, v)
	}
	k, err := dst.Write(buf)
	return int64(k), err
}

// ReadFrom reads as many numbers as n has room for. It implements io.ReaderFrom.
func (n Numbers) ReadFrom(src io.Reader) (int64, error) {
	buf := make([]byte, 8*len(n))
	k, err := io.ReadFull(src, buf)
	if err != nil {
		return int64(k), fmt.Errorf("cannot read %d numbers: %w", len(n), err)
	}
	for i := range n {
		n[i] = binary.LittleEndian.Uint64(buf[8*i:])
	}
	return int64(k), nil
}
