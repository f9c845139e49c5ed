package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"orrery/engine"
	"orrery/recommend/next"
)

// trainer learns the item vectors of "next" beside the engine, whenever the sessions have grown by a tenth, in the time
// that the machine has to spare. Close ends it at the next session.
type trainer struct {
	beside
	training *next.Training
	log      *slog.Logger

	steps atomic.Uint64
	nanos atomic.Int64 // spent on steps, rests included
}

const (
	trainLook = 5 * time.Second // between two looks at the sessions
	trainMin  = 500             // blocks of sessions below which vectors say little
	trainGrow = 10              // a step is due when sessions have grown by one in so many
)

// startTrainer starts a trainer that waits for ready first and takes of the machine what p says.
func startTrainer(e *engine.Engine, p pace, ready func(context.Context) error, log *slog.Logger) *trainer {
	t := &trainer{training: e.NewVectorTraining(newSpare(p).pause), log: log}
	t.beside = startBeside(ready, t.run)
	return t
}

func (t *trainer) run(ctx context.Context) {
	tick := time.NewTicker(trainLook)
	defer tick.Stop()
	for {
		if fresh, held := t.training.Fresh(); held >= trainMin && fresh > held/trainGrow {
			t.step(ctx, fresh)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (t *trainer) step(ctx context.Context, blocks uint32) {
	began := time.Now()
	t.training.Step(func() bool { return ctx.Err() == nil })
	t.steps.Add(1)
	t.nanos.Add(int64(time.Since(began)))
	t.log.Info("vectors: trained", "blocks", blocks, "took", time.Since(began).Round(time.Millisecond))
}

func (t *trainer) metrics(w io.Writer) {
	fmt.Fprintf(w, "orrery_vector_steps_total %d\n", t.steps.Load())
	fmt.Fprintf(w, "orrery_vector_seconds_total %g\n", time.Duration(t.nanos.Load()).Seconds())
}
