package churn

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"fmt"
	"io"
	"sync"

	"orrery/churn/btyd"
)

// saved is the models of a customer base in a snapshot: a length and a gob. They are small and immutable, so whoever
// saves encodes them, beside the writer.
type saved struct{ m *Models }

// maxSaved bounds what a damaged snapshot can make a restore allocate. Models are some kilobytes; larger ones would be written as
// none, and learned anew.
const maxSaved = 1 << 20

// kinds tells gob what a forecast's model can be.
var kinds = sync.OnceFunc(func() {
	gob.Register(btyd.BetaGeo{})
	gob.Register(btyd.Pareto{})
})

// WriteTo implements io.WriterTo. Without models it writes an empty piece.
func (s saved) WriteTo(dst io.Writer) (int64, error) {
	kinds()
	var buf bytes.Buffer
	buf.Write(make([]byte, 8))
	if s.m != nil {
		if err := gob.NewEncoder(&buf).Encode(s.m); err != nil {
			return 0, fmt.Errorf("cannot write the models of customers: %w", err)
		}
	}
	if buf.Len()-8 > maxSaved {
		buf.Truncate(8)
	}
	binary.LittleEndian.PutUint64(buf.Bytes(), uint64(buf.Len()-8))
	return buf.WriteTo(dst)
}

// ReadFrom implements io.ReaderFrom.
func (s *saved) ReadFrom(src io.Reader) (int64, error) {
	kinds()
	var head [8]byte
	n, err := io.ReadFull(src, head[:])
	if err != nil {
		return int64(n), fmt.Errorf("cannot read the models of customers: %w", err)
	}
	size := binary.LittleEndian.Uint64(head[:])
	if size > maxSaved {
		return int64(n), fmt.Errorf("cannot read the models of customers: %d bytes are too many", size)
	}
	body := make([]byte, size)
	k, err := io.ReadFull(src, body)
	if err != nil {
		return int64(n + k), fmt.Errorf("cannot read the models of customers: %w", err)
	}
	s.m = nil
	if size > 0 {
		m := new(Models)
		if err := gob.NewDecoder(bytes.NewReader(body)).Decode(m); err != nil {
			return int64(n + k), fmt.Errorf("cannot read the models of customers: %w", err)
		}
		if m.Gate == "" && (m.Forecast.Model == nil || m.Choice == nil || !m.Choice.Revive()) {
			return int64(n + k), fmt.Errorf("cannot read the models of customers: they are damaged")
		}
		s.m = m
	}
	return int64(n + k), nil
}
