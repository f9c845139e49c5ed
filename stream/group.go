package stream

import (
	"context"
	"sync"
)

// group runs goroutines of which the first that fails ends all.
type group struct {
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	once   sync.Once
	err    error
}

func newGroup(ctx context.Context) *group {
	g := &group{}
	g.ctx, g.cancel = context.WithCancel(ctx)
	return g
}

func (g *group) run(f func(ctx context.Context) error) {
	g.wg.Go(func() {
		if err := f(g.ctx); err != nil {
			g.fail(err)
		}
	})
}

// fail ends all with err, unless another error did so before.
func (g *group) fail(err error) {
	g.once.Do(func() { g.err = err })
	g.cancel()
}

// wait returns when all have ended, with the error of the first that failed.
func (g *group) wait() error {
	g.wg.Wait()
	g.cancel()
	return g.err
}
