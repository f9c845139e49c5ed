// Package decay makes counts fade with age without ever sweeping them. Two ways, for two uses:
//
// A Clock is forward decay (Cormode, Shkapenyuk, Srivastava, Xu, "Forward decay", ICDE 2009), for many counts that are
// compared with each other: an event of moment t is stored as the weight 2^((t-L)/h), L a landmark and h the half-life,
// and read at moment now as stored * 2^((L-now)/h).
//
// A Sum is one count with its own moment, in one word, for counts that are added to one by one.
//
// With both, sums are the same whatever order events come in (up to rounding), and a late event lands with the weight
// it would have had.
package decay

import (
	"math"
	"sync/atomic"

	"orrery/models"
)

// Clock converts between moments and stored weights. One goroutine calls Weight, any number call At. The zero value
// does not decay: every weight is 1.
type Clock struct {
	halfLife models.Time
	landmark atomic.Int64 // a multiple of step half-lives; 0: no event yet
}

// NewClock returns a clock of the given half-life; 0 switches decay off.
func NewClock(halfLife models.Time) *Clock { return &Clock{halfLife: halfLife} }

// HalfLife returns the clock's half-life, 0 where weights do not fade.
func (c *Clock) HalfLife() models.Time { return c.halfLife }

const (
	// maxExponent is where the landmark has to move, lest float32 sums overflow: 2^96 leaves room for 2^31 events of
	// weight one before 2^127.
	maxExponent = 96
	// step is the half-lives that the landmark moves by. At whole steps it does not depend on which event comes first,
	// and stored weights change by powers of two, which rounds nothing.
	step = 64
)

// Weight returns what an event of moment t is stored as. Where rescale is not 1, the landmark has moved and the caller
// has to multiply every stored weight by it first; that happens once in 64 half-lives, from the first 96 on.
func (c *Clock) Weight(t models.Time) (w, rescale float32) {
	if c.halfLife <= 0 {
		return 1, 1
	}
	landmark := models.Time(c.landmark.Load())
	if landmark == 0 {
		landmark = c.floor(t)
		c.landmark.Store(int64(landmark))
	}
	rescale = 1
	if e := c.exponent(t, landmark); e > maxExponent {
		moved := c.floor(t)
		rescale = float32(math.Exp2(-c.exponent(moved, landmark)))
		landmark = moved
		c.landmark.Store(int64(landmark))
	}
	return float32(math.Exp2(c.exponent(t, landmark))), rescale
}

func (c *Clock) exponent(t, landmark models.Time) float64 {
	return float64(t-landmark) / float64(c.halfLife)
}

// floor returns the newest whole step that is not after t.
func (c *Clock) floor(t models.Time) models.Time {
	return max(1, t/(step*c.halfLife)) * step * c.halfLife
}

// Refade goes on from counts that a clock of the half-life was has kept, and returns what every stored weight is to be
// multiplied by: at moment now each count is what it was, and fades with this clock's half-life from then on. It follows
// Restore.
func (c *Clock) Refade(was, now models.Time) (rescale float64) {
	before := Clock{halfLife: was}
	before.landmark.Store(c.landmark.Load())
	c.landmark.Store(0)
	exponent := 0.0
	if at := before.Landmark(); was > 0 && at != 0 {
		exponent = before.exponent(at, now)
	}
	if c.halfLife > 0 {
		c.landmark.Store(int64(c.floor(now)))
		exponent += c.exponent(now, c.Landmark())
	}
	return math.Exp2(exponent)
}

// At returns the factor that turns stored weights into weights at moment now: an event of now itself counts 1.
func (c *Clock) At(now models.Time) float32 {
	landmark := models.Time(c.landmark.Load())
	if c.halfLife <= 0 || landmark == 0 {
		return 1
	}
	// A reader whose clock lies behind the stream's would see weights over 1; 2^60 keeps the factor finite.
	return float32(math.Exp2(min(60, c.exponent(landmark, now))))
}

// Landmark returns the clock's state for a snapshot, and Restore sets it.
func (c *Clock) Landmark() models.Time { return models.Time(c.landmark.Load()) }

// Restore sets the landmark that a snapshot held.
func (c *Clock) Restore(landmark models.Time) { c.landmark.Store(int64(landmark)) }
