package rfm

// Segment is a cell group of the recency-frequency grid: the commonest one in public code, whose ten names cover each of
// the 25 cells once.
type Segment uint8

// The segments, from the worst to the best.
const (
	NoSegment Segment = iota
	Hibernating
	AtRisk
	CantLose
	AboutToSleep
	NeedAttention
	Promising
	New
	PotentialLoyalist
	Loyal
	Champions
)

var segmentNames = [...]string{"", "Hibernating", "At Risk", "Can't Lose", "About to Sleep", "Need Attention", "Promising",
	"New", "Potential Loyalist", "Loyal", "Champions"}

// String returns the segment's name.
func (s Segment) String() string { return segmentNames[s] }

// grid holds the segments by recency and frequency score.
var grid = [Levels][Levels]Segment{
	{Hibernating, Hibernating, AtRisk, AtRisk, CantLose},
	{Hibernating, Hibernating, AtRisk, AtRisk, CantLose},
	{AboutToSleep, AboutToSleep, NeedAttention, Loyal, Loyal},
	{Promising, PotentialLoyalist, PotentialLoyalist, Loyal, Loyal},
	{New, PotentialLoyalist, PotentialLoyalist, Champions, Champions},
}

// Segment returns the segment of scores; NoSegment for the zero Scores.
func (s Scores) Segment() Segment {
	if s.R == 0 || s.F == 0 {
		return NoSegment
	}
	return grid[s.R-1][s.F-1]
}
