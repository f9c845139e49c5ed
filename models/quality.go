package models

// FrameQuality is how well a frame would have done on the clicks that were sampled.
type FrameQuality struct {
	Frame   string
	K       int             // length of the lists that were judged
	Windows []QualityWindow // the last hour, day, week
}

// QualityWindow is the figures of one span of event time.
type QualityWindow struct {
	Window   string
	Samples  uint64
	Hits     uint64  // samples whose next product was among the first K
	HR       float64 // Hits / Samples
	MRR      float64 // mean of 1/rank, 0 beyond K
	Shown    int     // distinct products in these lists, estimated
	Coverage float64 // Shown by all products known
}
