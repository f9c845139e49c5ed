package stream

import (
	"context"
	"fmt"
)

// WaitCaughtUp returns when everything that was in the log at Open has been applied.
func (p *Pipeline) WaitCaughtUp(ctx context.Context) error {
	select {
	case <-p.ready:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("cannot wait for the stream to catch up: %w", ctx.Err())
	}
}

// CaughtUp tells whether everything that was in the log at Open has been applied.
func (p *Pipeline) CaughtUp() bool {
	select {
	case <-p.ready:
		return true
	default:
		return false
	}
}

// checkReady closes ready once the targets are reached. Only the applying goroutine calls it.
func (p *Pipeline) checkReady() {
	if p.CaughtUp() {
		return
	}
	for i := range p.fold.parts {
		if p.fold.parts[i].next < p.targets[i] {
			return
		}
	}
	close(p.ready)
}
