package stream

import "sync"

// fetchErrors counts what the client could not fetch and went on from by itself.
type fetchErrors struct {
	mu   sync.Mutex
	n    uint64
	last error
}

// add tells whether err is another one than before.
func (e *fetchErrors) add(err error) (news bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	news = e.last == nil || e.last.Error() != err.Error()
	e.n++
	e.last = err
	return news
}

func (e *fetchErrors) read() (uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.n, e.last
}
