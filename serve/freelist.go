package serve

import "sync"

// freelist keeps used values for reuse. Unlike a sync.Pool it survives garbage collections, so that a server in steady
// state allocates nothing; it holds at most keep values, which is more than a machine answers at once.
type freelist[T any] struct {
	mu   sync.Mutex
	free []*T
}

const keep = 256

func (l *freelist[T]) get() *T {
	l.mu.Lock()
	n := len(l.free)
	if n == 0 {
		l.mu.Unlock()
		return new(T)
	}
	v := l.free[n-1]
	l.free = l.free[:n-1]
	l.mu.Unlock()
	return v
}

func (l *freelist[T]) put(v *T) {
	l.mu.Lock()
	if len(l.free) < keep {
		l.free = append(l.free, v)
	}
	l.mu.Unlock()
}
