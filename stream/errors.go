package stream

import "sync"

// fetchErrors counts what the client could not fetch and went on from by itself.
type fetchErrors struct {
	mu   sync.Mutex
	n    uint64
	last error
}

func (e *fetchErrors) add(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.n++
	e.last = err
}

func (e *fetchErrors) read() (uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.n, e.last
}
