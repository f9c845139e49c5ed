package stream

import (
	"sync"
	"sync/atomic"
)

// listing stands for the listing of the log where the place of a partition among the lanes stands otherwise.
const listing = -1

// fetchErrors are what the client could not fetch or list and went on from by itself. An error stands until what it is
// about succeeds: a partition's until it delivers, or until two listings in a row have found nothing new against it.
type fetchErrors struct {
	some atomic.Bool // there are open ones: looked at before the lock, with every fetch
	mu   sync.Mutex
	n    uint64
	open map[int]trouble // by place among the lanes, or listing
}

type trouble struct {
	err  error
	last bool // it was there at the last listing already, and has not come again since
}

// add notes an error and tells whether it is another one than stands there.
func (e *fetchErrors) add(where int, err error) (news bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.n++
	return e.put(where, err)
}

// silent notes that a partition has delivered nothing for a while, where nothing worse is known of it.
func (e *fetchErrors) silent(where int, err error) (news bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t, known := e.open[where]; known {
		t.last = false
		e.open[where] = t
		return false
	}
	return e.put(where, err)
}

func (e *fetchErrors) put(where int, err error) (news bool) {
	if e.open == nil {
		e.open = make(map[int]trouble)
	}
	before, known := e.open[where]
	e.open[where] = trouble{err: err}
	e.some.Store(true)
	return !known || before.err.Error() != err.Error()
}

// delivered ends what stands against a partition.
func (e *fetchErrors) delivered(where int) {
	if !e.some.Load() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, where)
	e.some.Store(len(e.open) > 0)
}

// listed ends what stands against the listing, and against partitions of which nothing has come since the one before.
func (e *fetchErrors) listed() {
	if !e.some.Load() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.open, listing)
	for where, t := range e.open {
		if t.last {
			delete(e.open, where)
			continue
		}
		t.last = true
		e.open[where] = t
	}
	e.some.Store(len(e.open) > 0)
}

// read returns the number of errors so far, and what stands: the listing's first, else the first partition's.
func (e *fetchErrors) read() (n uint64, open error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	first := 0
	for where, t := range e.open {
		if open == nil || where < first {
			first, open = where, t.err
		}
	}
	return e.n, open
}
