package ranker

import (
	"encoding/binary"
	"fmt"
	"io"
)

// An example that has been found by a walk over the index is worth more than one step: the newest ones are kept, and each
// new one is followed by steps on some of them. It comes near to several passes over the history, of which nothing but
// 256 examples has to be kept, 6 MB.
const (
	replayed = 256 // newest examples, a power of two
	replays  = 2   // steps on some of them after each new one
)

// example is what was learned from, with features in units of 1/8192. Its content never changes: a model that is copied
// shares it.
type example struct {
	positive uint32
	features []int16 // rows, one after another; none where there has been no example yet
}

const featureUnit = 8192 // features lie in about -1..1; int16 holds -4..4

func newExample(rows []Row, positive int) example {
	e := example{uint32(positive), make([]int16, len(rows)*Features)}
	for i := range rows {
		to := e.features[i*Features:][:Features]
		for f, v := range &rows[i] {
			to[f] = int16(max(-4, min(v, 3.9999)) * featureUnit)
		}
	}
	return e
}

func exampleBytes(rows int) int64 { return int64(rows) * 2 * Features }

func (e *example) bytes() int64 { return int64(len(e.features)) * 2 }

// keep puts an example into the place of the oldest, unless there is no room for it.
func (m *Model) keep(rows []Row, positive int) {
	at := &m.newest[m.rows%replayed]
	if m.shared.take(exampleBytes(len(rows)) - at.bytes()) {
		*at = newExample(rows, positive)
	} else {
		m.shared.unkept.Add(1)
	}
}

// replay takes steps on examples among the newest, chosen by a hash of the number of steps.
func (m *Model) replay() {
	for range replays {
		dice := m.steps * 0x9e3779b97f4a7c15 >> 32
		e := &m.newest[dice%min(m.rows, replayed)]
		rows := m.shared.again[:len(e.features)/Features]
		if len(rows) == 0 { // it was not kept
			return
		}
		for i := range rows {
			from := e.features[i*Features:][:Features]
			for f, v := range from {
				rows[i][f] = float32(v) * (1. / featureUnit)
			}
		}
		m.step(rows, int(e.positive))
	}
}

// append appends the example's state to buf: its number of rows, which is the positive one, its features.
func (e *example) append(buf []byte) []byte {
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(e.features)/Features))
	buf = binary.LittleEndian.AppendUint32(buf, e.positive)
	for _, v := range e.features {
		buf = binary.LittleEndian.AppendUint16(buf, uint16(v))
	}
	return buf
}

func (e *example) restore(src io.Reader) error {
	var head [8]byte
	if _, err := io.ReadFull(src, head[:]); err != nil {
		return err
	}
	n := binary.LittleEndian.Uint32(head[:])
	*e = example{positive: binary.LittleEndian.Uint32(head[4:])}
	if n > MaxCandidates || n > 0 && e.positive >= n {
		return fmt.Errorf("row %d of %d was clicked", e.positive, n)
	}
	buf := make([]byte, 2*n*Features)
	if _, err := io.ReadFull(src, buf); err != nil {
		return err
	}
	e.features = make([]int16, n*Features)
	for i := range e.features {
		e.features[i] = int16(binary.LittleEndian.Uint16(buf[2*i:]))
	}
	return nil
}
