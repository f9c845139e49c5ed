package engine_test

import (
	"testing"

	"orrery/engine"
)

func TestRestartRanksAsBeforeAndTrainsOn(t *testing.T) {
	events := decode(t, newWorld(5, 3000).merged())
	now := events[len(events)-1].Time
	first := newEngine(t, engine.Config{})
	apply(first, events[:2000], 100)
	restored := func(from *engine.Engine) *engine.Engine { // whose learners have published what they know
		e := newEngine(t, engine.Config{})
		restore(t, e, save(t, from))
		return e
	}
	run := restored(first)
	training := run.NewVectorTraining(nil)
	training.Step(nil)
	again := restored(run)
	before, after := digest(t, run, now), digest(t, again, now)
	if before != after {
		t.Errorf("the answers differ after a restart:\n%s", difference(before, after))
	}
	if before == digest(t, restored(first), now) {
		t.Error("vectors change no answer")
	}

	apply(run, events[2000:], 100)
	apply(again, events[2000:], 100)
	goesOn := again.NewVectorTraining(nil)
	fresh, held := goesOn.Fresh()
	if want, _ := training.Fresh(); fresh != want || fresh == held {
		t.Errorf("%d of %d blocks of sessions are fresh after a restart; %d without one", fresh, held, want)
	}
	training.Step(nil)
	goesOn.Step(nil)
	same(t, "trained on", run, again, now)
}
