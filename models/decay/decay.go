// Package decay makes weights fade with age without ever touching them: forward decay (Cormode, Shkapenyuk,
// Srivastava, Xu, "Forward decay", ICDE 2009). A weight of moment t is stored as 2^((t-L)/h), L a landmark and h the
// half-life, and read at moment now as stored * 2^((L-now)/h). Sums of stored weights are the same whatever order
// events come in (up to rounding), a late event lands with the weight it would have had, and nothing sweeps.
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
	landmark atomic.Int64 // 0: no event yet
}

// NewClock returns a clock of the given half-life; 0 switches decay off.
func NewClock(halfLife models.Time) *Clock { return &Clock{halfLife: halfLife} }

// HalfLife returns the clock's half-life, 0 where weights do not fade.
func (c *Clock) HalfLife() models.Time { return c.halfLife }

// maxExponent is where the landmark has to move, lest float32 sums overflow: 2^96 leaves room for 2^31 events of
// weight one before 2^127.
const maxExponent = 96

// Weight returns what an event of moment t is stored as. Where rescale is not 1, the landmark has moved and the caller
// has to multiply every stored weight by it first; that happens once in 96 half-lives.
func (c *Clock) Weight(t models.Time) (w, rescale float32) {
	if c.halfLife <= 0 {
		return 1, 1
	}
	landmark := models.Time(c.landmark.Load())
	if landmark == 0 {
		landmark = t
		c.landmark.Store(int64(t))
	}
	e := float64(t-landmark) / float64(c.halfLife)
	if e > maxExponent {
		c.landmark.Store(int64(t))
		return 1, float32(math.Exp2(-e))
	}
	return float32(math.Exp2(e)), 1
}

// At returns the factor that turns stored weights into weights at moment now: an event of now itself counts 1.
func (c *Clock) At(now models.Time) float32 {
	landmark := models.Time(c.landmark.Load())
	if c.halfLife <= 0 || landmark == 0 {
		return 1
	}
	// A reader whose clock lies behind the stream's would see weights over 1; 2^60 keeps the factor finite.
	return float32(math.Exp2(min(60, float64(landmark-now)/float64(c.halfLife))))
}

// Landmark returns the clock's state for a snapshot, and Restore sets it.
func (c *Clock) Landmark() models.Time { return models.Time(c.landmark.Load()) }

// Restore sets the landmark that a snapshot held.
func (c *Clock) Restore(landmark models.Time) { c.landmark.Store(int64(landmark)) }
