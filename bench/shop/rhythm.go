package shop

import "orrery/models"

// The hours of a day and the days of a week as shops see them: few visitors in the small hours, most in the evening,
// more on Sundays and Mondays than on Saturdays. Each has a mean of 1. Hours are UTC: this shop's customers live there.
var (
	hours = [24]float64{
		0.47, 0.29, 0.19, 0.15, 0.15, 0.21, 0.42, 0.69, 0.94, 1.12, 1.23, 1.27,
		1.26, 1.25, 1.21, 1.23, 1.27, 1.35, 1.52, 1.72, 1.89, 1.85, 1.43, 0.89,
	}
	days = [7]float64{0.98, 0.92, 0.88, 1.10, 1.08, 1.03, 1.01} // from Thursday, the day of 1970-01-01
)

// peak is at least the largest product of both.
const peak = 2.1

// rhythm returns how much is going on at a time, relative to the mean.
func rhythm(t models.Time) float64 {
	hour := t % models.Day / models.Hour
	next := (hour + 1) % 24
	part := float64(t%models.Hour) / float64(models.Hour)
	return (hours[hour]*(1-part) + hours[next]*part) * days[t/models.Day%7]
}

// awake tells by a draw whether something happens at this hour that would happen at the busiest one.
func (s *Shop) awake() bool { return s.flat || s.rng.Float64()*peak < rhythm(s.now) }

// every returns the time until something happens again that happens so often a second on the average.
func (s *Shop) every(perSecond float64) models.Time {
	if !s.flat {
		perSecond *= peak
	}
	// A fraction of a millisecond is made a whole one by chance, so that high rates come out right.
	ms := s.rng.ExpFloat64() / perSecond * 1000
	whole := models.Time(ms)
	if s.rng.Float64() < ms-float64(whole) {
		whole++
	}
	return whole
}
