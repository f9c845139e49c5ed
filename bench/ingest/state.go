package ingest

import (
	"bytes"
	"fmt"

	"orrery/engine"
)

// state is what an engine holds, to begin every round with.
type state []section

type section struct {
	name    string
	version uint16
	data    []byte
}

func save(e *engine.Engine) (s state, err error) {
	for _, frozen := range e.Freeze() {
		var b bytes.Buffer
		if _, err := frozen.Data.WriteTo(&b); err != nil {
			return nil, fmt.Errorf("cannot keep the state: %w", err)
		}
		if frozen.Close != nil {
			frozen.Close()
		}
		s = append(s, section{frozen.Name, frozen.Version, b.Bytes()})
	}
	return s, nil
}

// engine returns an engine of this state.
func (s state) engine(cfg Config) (*engine.Engine, error) {
	e, err := engine.New(cfg.Engine)
	if err != nil {
		return nil, err
	}
	for _, x := range s {
		if err := e.Restore(x.name, x.version, bytes.NewReader(x.data)); err != nil {
			return nil, err
		}
	}
	return e, nil
}
