package embedding

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// The state begins with numbers, 8 bytes each, then come 4 bytes a weight: the encoder's with Adam's two means, then for
// each item clicks and, if there are any, accumulator and vector.
const (
	headItems = iota
	headDim
	headParams
	headSteps
	headSeed
	headLearned
	headWords
)

// maxItems bounds what ReadFrom believes.
const maxItems = 1 << 26

// WriteTo writes the state: 264 bytes an item with a vector, 4 without, and about 150 KB. It implements io.WriterTo.
func (v *Vectors) WriteTo(dst io.Writer) (int64, error) {
	w := writer{to: bufio.NewWriterSize(dst, 1<<16)}
	for _, n := range [headWords]uint64{
		uint64(len(v.items)), Dim, paramLen, uint64(v.steps.steps), v.seed, uint64(v.learned),
	} {
		w.bytes(binary.LittleEndian.AppendUint64(nil, n))
	}
	for _, p := range []params{v.params, v.steps.mean, v.steps.square} {
		w.floats(p...)
	}
	for i := range v.items {
		w.floats(v.counts[i])
		if v.counts[i] > 0 {
			w.floats(v.squares[i])
			w.floats(v.items[i][:]...)
		}
	}
	if err := w.to.Flush(); w.err == nil {
		w.err = err
	}
	return w.n, w.err
}

type writer struct {
	to  *bufio.Writer
	n   int64
	err error
}

func (w *writer) bytes(b []byte) {
	n, err := w.to.Write(b)
	w.n += int64(n)
	if w.err == nil {
		w.err = err
	}
}

func (w *writer) floats(values ...float32) {
	var b [4]byte
	for _, v := range values {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
		w.bytes(b[:])
	}
}

// ReadFrom replaces the state, which nobody else may know yet, by what WriteTo wrote. It implements io.ReaderFrom. A
// state of another model is an error: training starts again.
func (v *Vectors) ReadFrom(src io.Reader) (int64, error) {
	r := reader{from: src}
	var head [headWords]uint64
	for i := range head {
		head[i] = binary.LittleEndian.Uint64(r.bytes(8))
	}
	if r.err == nil && (head[headDim] != Dim || head[headParams] != paramLen || head[headItems] > maxItems) {
		r.err = fmt.Errorf("%d items of %d dimensions, %d weights", head[headItems], head[headDim], head[headParams])
	}
	*v = Vectors{seed: head[headSeed], learned: uint32(head[headLearned])}
	v.steps.steps = int(head[headSteps])
	for _, p := range []*params{&v.params, &v.steps.mean, &v.steps.square} {
		*p = make(params, paramLen)
		r.floats(*p)
	}
	for i := 0; r.err == nil && i < int(head[headItems]); i++ {
		var count, square [1]float32
		var e vector
		if r.floats(count[:]); count[0] > 0 {
			r.floats(square[:])
			r.floats(e[:])
		}
		v.counts, v.squares, v.items = append(v.counts, count[0]), append(v.squares, square[0]), append(v.items, e)
	}
	if r.err != nil {
		return r.n, fmt.Errorf("cannot restore the item vectors: %w", r.err)
	}
	return r.n, nil
}

// reader reads no byte more than it is asked for.
type reader struct {
	from   io.Reader
	buffer [4 * Dim]byte
	n      int64
	err    error
}

func (r *reader) bytes(n int) []byte {
	b := r.buffer[:n]
	if r.err != nil {
		clear(b)
		return b
	}
	k, err := io.ReadFull(r.from, b)
	r.n, r.err = r.n+int64(k), err
	return b
}

func (r *reader) floats(into []float32) {
	for len(into) > 0 {
		part := into[:min(Dim, len(into))]
		b := r.bytes(4 * len(part))
		for i := range part {
			part[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		into = into[len(part):]
	}
}
