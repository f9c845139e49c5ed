package models

import "time"

// Time is a moment: milliseconds since 1970-01-01 UTC.
type Time int64

// Durations in the unit of Time.
const (
	Second Time = 1000
	Minute      = 60 * Second
	Hour        = 60 * Minute
	Day         = 24 * Hour
)

// TimeOf converts from the standard library's time.
func TimeOf(t time.Time) Time { return Time(t.UnixMilli()) }

// Std converts to the standard library's time, in UTC.
func (t Time) Std() time.Time { return time.UnixMilli(int64(t)).UTC() }

// Seconds returns the moment in whole seconds since 1970, as the models' 32-bit clocks keep it: good until 2106.
// Moments before 1970 are 0.
func (t Time) Seconds() uint32 {
	if t < 0 {
		return 0
	}
	return uint32(t / Second)
}
