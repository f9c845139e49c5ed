package serve

import (
	"context"
	"sync/atomic"
	"time"
)

// patience makes contexts that end after a while, and has requests share them that begin at about the same moment: a timer for
// each costs as much as decoding its event does.
type patience struct{ last atomic.Pointer[shared] }

type shared struct {
	context.Context
	cancel context.CancelFunc // for nobody: it ends by itself
	begun  time.Time
}

// togetherShare is the part of the wait within which requests share a context.
const togetherShare = 64

// until returns a context that ends when a wait that begins now is over, or a little later.
func (p *patience) until(now time.Time, wait time.Duration) context.Context {
	together := wait / togetherShare
	if s := p.last.Load(); s != nil && now.Sub(s.begun) < together {
		return s
	}
	s := &shared{begun: now}
	s.Context, s.cancel = context.WithTimeout(context.Background(), wait+together)
	p.last.Store(s)
	return s
}
