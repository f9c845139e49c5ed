package main

import "context"

// beside is work that goes on beside the engine, from the moment that it has caught up until Close.
type beside struct {
	cancel context.CancelFunc
	done   chan struct{}
}

// startBeside has work begin when ready returns; both end with their context.
func startBeside(ready func(context.Context) error, work func(context.Context)) beside {
	ctx, cancel := context.WithCancel(context.Background())
	b := beside{cancel, make(chan struct{})}
	go func() {
		defer close(b.done)
		if ready(ctx) == nil {
			work(ctx)
		}
	}()
	return b
}

// Close ends the work, and returns when it has.
func (b beside) Close() {
	b.cancel()
	<-b.done
}
