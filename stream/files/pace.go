package files

import (
	"context"
	"time"

	"orrery/models"
)

// pace says when an event may leave.
type pace struct {
	speed float64
	rate  float64
	now   func() time.Time
	sleep func(context.Context, time.Duration) error

	began  time.Time   // when the first event left
	first  models.Time // its time
	newest models.Time
	sent   int64
}

// nap bounds a single sleep, so that progress is shown while events are hours apart.
const nap = 200 * time.Millisecond

// slack is how far an event may be early. A sleep costs more than that, so a fast replay sleeps rarely and then for
// several events.
const slack = time.Millisecond

// wait waits until an event of time t may leave. idle is called now and then meanwhile.
func (p *pace) wait(ctx context.Context, t models.Time, idle func()) error {
	p.sent++
	if p.speed == 0 && p.rate == 0 {
		return nil
	}
	if p.sent == 1 {
		p.began, p.first, p.newest = p.now(), t, t
		return nil
	}
	due := p.due(t)
	for {
		early := due.Sub(p.now())
		if early < slack {
			return nil
		}
		if err := p.sleep(ctx, min(early, nap)); err != nil {
			return err
		}
		idle()
	}
}

// due returns when the event is to leave: the later of what speed and rate say. An event older than the newest one so
// far does not wait for its turn, which has passed.
func (p *pace) due(t models.Time) time.Time {
	p.newest = max(p.newest, t)
	due := p.began
	if p.speed > 0 {
		due = due.Add(time.Duration(float64(p.newest-p.first) / p.speed * float64(time.Millisecond)))
	}
	if p.rate > 0 {
		if byRate := p.began.Add(time.Duration(float64(p.sent-1) / p.rate * float64(time.Second))); byRate.After(due) {
			due = byRate
		}
	}
	return due
}
