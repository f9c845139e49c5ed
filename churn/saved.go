package churn

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
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
	var body []byte
	if s.m != nil {
		var err error
		if body, err = s.m.Encode(); err != nil {
			return 0, err
		}
	}
	if len(body) > maxSaved {
		body = nil
	}
	return bytes.NewBuffer(append(binary.LittleEndian.AppendUint64(nil, uint64(len(body))), body...)).WriteTo(dst)
}

// Encode returns the models as bytes.
func (m *Models) Encode() ([]byte, error) {
	kinds()
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(m); err != nil {
		return nil, fmt.Errorf("cannot write the models of customers: %w", err)
	}
	return buf.Bytes(), nil
}

// DecodeModels returns the models that Encode has made bytes of.
func DecodeModels(b []byte) (*Models, error) {
	kinds()
	m := new(Models)
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(m); err != nil {
		return nil, fmt.Errorf("cannot read the models of customers: %w", err)
	}
	if m.Gate == "" && (m.Forecast.Model == nil || m.Choice == nil || !m.Choice.Sound()) {
		return nil, errors.New("cannot read the models of customers: they are damaged")
	}
	return m, nil
}

// ReadFrom implements io.ReaderFrom.
func (s *saved) ReadFrom(src io.Reader) (int64, error) {
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
		if s.m, err = DecodeModels(body); err != nil {
			return int64(n + k), err
		}
	}
	return int64(n + k), nil
}
