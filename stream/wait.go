package stream

import (
	"context"
	"fmt"

	"orrery/models"
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

// WaitApplied returns when every record below offset of the partition has been applied.
func (p *Pipeline) WaitApplied(ctx context.Context, topic models.Topic, partition int32, offset int64) error {
	i := p.index(topic, partition)
	if i < 0 {
		return fmt.Errorf("cannot wait for partition %d of topic %q: it is not read", partition, topic)
	}
	for {
		moved, leave := p.enter()
		if p.public.next[i].Load() >= offset {
			leave()
			return nil
		}
		select {
		case <-moved:
			leave()
		case <-ctx.Done():
			leave()
			return fmt.Errorf("cannot wait for offset %d of partition %d of topic %q: %w", offset, partition, topic, ctx.Err())
		}
	}
}

func (p *Pipeline) index(topic models.Topic, partition int32) int {
	for i := range p.fold.parts {
		if p.fold.parts[i].topic == topic && p.fold.parts[i].part == partition {
			return i
		}
	}
	return -1
}

// enter makes announce close the returned channel at the next batch.
func (p *Pipeline) enter() (moved <-chan struct{}, leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiters++
	return p.moved, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.waiters--
	}
}

// announce tells waiters that a batch was applied.
func (p *Pipeline) announce() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiters > 0 {
		close(p.moved)
		p.moved = make(chan struct{})
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
