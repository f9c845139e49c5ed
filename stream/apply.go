package stream

import "context"

// apply folds batches into the state until the fetcher closes full.
func (p *Pipeline) apply(ctx context.Context, full <-chan *batch, free chan<- *batch) error {
	p.checkReady()
	for b := range full {
		if err := p.applyBatch(ctx, b); err != nil {
			return err
		}
		b.reset()
		free <- b // its capacity is the number of batches
	}
	return nil
}

func (p *Pipeline) applyBatch(ctx context.Context, b *batch) error {
	f := p.fold
	for i := range b.entries {
		if e := &b.entries[i]; e.event >= 0 {
			f.parts[e.lane].seen.touch(e.hash)
		}
	}
	for i := range b.entries {
		e := &b.entries[i]
		part := &f.parts[e.lane]
		part.next, part.epoch = e.offset+1, e.epoch
		f.counters.newest = max(f.counters.newest, e.at)
		switch {
		case e.letter != nil:
			f.counters.letters[e.letter.why.Code]++
			p.letters.send(ctx, e.letter)
		case e.event < 0:
		case part.seen.add(e.hash):
			ev := &b.events[e.event]
			f.counters.newestEvent = max(f.counters.newestEvent, ev.Time)
			b.apply = append(b.apply, ev)
		default:
			f.counters.duplicates++
		}
	}
	if len(b.apply) > 0 {
		p.cfg.Machine.Apply(b.apply)
		f.counters.taken += uint64(len(b.apply))
	}
	p.public.publish(f)
	p.announce()
	return nil
}
