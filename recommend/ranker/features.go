package ranker

import (
	"math"

	"orrery/recommend/session"
)

// MaxCandidates is the largest number of candidates that are ranked at once.
const MaxCandidates = 128

// Row is the feature vector of one candidate. All features lie in about -1..1.
type Row [Features]float32

// Places of the features in a Row. Scores come twice, as their ratio to the best of the query and as its logarithm.
const (
	scores = 23 // scores of a candidate, see scoresOf

	ratioAt = 0
	logAt   = ratioAt + scores
	restAt  = logAt + scores
)

const (
	nextCount = restAt + iota // ln(1+n) of raw counts
	withCount
	sessionCount
	pairCount
	nextShare // shares of the last item's sessions
	withShare
	pairShare
	popularity
	age
	rank
	inverseRank
	seen
	seenCount
	seenLast
	seenSecond
	seenInverse
	seenLog
	seenRepeats
	seenKNN
	seenSharp
	seenNext
	seenSelf
	fillIn
	vectorLast
	vectorSession
	vectorRank
	seenVector
	vectorTop
	vectorTopRank
	bothCount
	allCount
	bothShare
	mostShared
	severalCount
	severalShare
	bestSession
	newest
	apart
	seenClicks // what is known of the query, once more for the visitor's own items
	seenLastCount
	seenRead
	seenBestKNN
	seenBestNext
	seenPopularity
	seenVectorLast
	seenBestVector
	seenRepeatsSquare
	seenAfter // the pattern of the session: does he come back, and to what
	seenGap
	seenDue
	seenLately
	seenAgain
	seenFresh
	seenLastAgain
	seenLastFresh
	seenLastLately
	seenSecondFresh

	// of the query: the same for all candidates, they matter through the hidden units only
	queryClicks
	queryRepeats
	queryLast
	queryRead
	queryKNN
	queryLately
	queryAgain
	queryFresh

	// Features is the number of features.
	Features
)

// Candidate is what the ranker knows of a candidate: the walk's counts, its order under the sum of the scores that
// chose it, and the scores of the item embedding, 0 where there is none.
type Candidate struct {
	session.Candidate
	Base          float32 // the sum it was chosen by
	Fill          bool    // from the popular items
	VectorLast    float32 // cosine with the last item
	VectorSession float32 // cosine with the session
	VectorTop     float32 // cosine with the mean of the first candidates
	Age, Apart    float32 // of the item's newest sessions, in blocks: see session.Index.Ages
}

func scoresOf(c *Candidate) [scores]float32 {
	size := 1 / sqrt(float32(max(c.Count, 1)))
	return [scores]float32{
		c.KNN, c.Sharp, c.Near, c.Rules, c.Before, c.Shares, c.Together, c.Next, c.NextAfter2, c.RulesOf[0],
		c.With[0] * size, c.Pair, c.Sessions, c.Flat, c.FlatNear, c.Square, c.Recent, c.RulesOf[1], c.RulesOf[2],
		c.With[1] * size, c.With[2] * size, c.WithFirst * size, c.Both,
	}
}

// query is what the candidates of one query are measured by: the best of each score.
type query struct {
	*session.Query
	best                     [scores]float32
	vectorSession, vectorTop float32
	row                      Row
}

// Fill computes the features of candidates, ordered by falling Base, for the query they were found for.
func Fill(rows []Row, from *session.Query, candidates []Candidate) {
	q := query{Query: from, vectorSession: -1, vectorTop: -1}
	var all [MaxCandidates][scores]float32
	for i := range candidates {
		c := &candidates[i]
		all[i] = scoresOf(c)
		for k, v := range &all[i] {
			q.best[k] = max(q.best[k], v)
		}
		q.vectorSession = max(q.vectorSession, c.VectorSession)
		q.vectorTop = max(q.vectorTop, c.VectorTop)
	}
	q.row = q.features()
	for i := range candidates {
		rows[i] = q.row
		rows[i].fill(&q, &candidates[i], &all[i], i)
	}
}

// features are those that are the same for all candidates.
func (q *query) features() (r Row) {
	r[queryClicks] = logOf(float32(max(q.Clicks, 1))) / 4
	r[queryRepeats] = q.Repeats
	r[queryLast] = logOf(1+float32(q.Counts[0])) / 8
	r[queryRead] = logOf(1+float32(q.Read)) / 7
	r[queryKNN] = logOf(1e-3+q.best[0]) / 7
	r[queryLately] = q.Lately
	r[queryAgain] = q.Again
	if q.Fresh {
		r[queryFresh] = 1
	}
	return r
}

func (r *Row) fill(q *query, c *Candidate, own *[scores]float32, place int) {
	for k, v := range own {
		if v > 0 {
			ratio := v / q.best[k]
			r[ratioAt+k] = ratio
			r[logAt+k] = 1 + logOf(ratio+1e-4)/9.2
		}
	}
	held := 1 / float32(max(q.LastHeld, 1))
	r[nextCount] = logOf(1+c.Next) / 5
	r[withCount] = logOf(1+c.With[0]) / 5
	r[sessionCount] = logOf(1+c.Sessions) / 6
	r[pairCount] = logOf(1+c.Pair) / 4
	r[nextShare] = c.Next * held
	r[withShare] = c.With[0] * held
	r[pairShare] = c.Pair / max(c.Next, 1)
	r[popularity] = logOf(1+float32(c.Count)) / 8
	r[age] = logOf(1+min(float32(c.Newest), 1e6)) / 14
	r[rank] = logOf(1+float32(place)) / 5
	r[inverseRank] = 1 / float32(1+place)
	if c.Fill {
		r[fillIn] = 1
	}
	r[vectorLast] = c.VectorLast
	r[vectorSession] = c.VectorSession
	r[vectorRank] = c.VectorSession - q.vectorSession
	r[vectorTop] = c.VectorTop
	r[vectorTopRank] = c.VectorTop - q.vectorTop
	r[bothCount] = logOf(1+c.Both) / 5
	r[allCount] = logOf(1+c.All) / 5
	r[bothShare] = c.Both / max(c.With[0], 1)
	r[mostShared] = c.Most / 4
	r[severalCount] = logOf(1+c.Several) / 5
	r[severalShare] = c.Several / max(c.Sessions, 1)
	r[bestSession] = logOf(1+c.Best) / 4
	r[newest] = logOf(1+c.Age) / 14
	r[apart] = logOf(1+c.Apart) / 14
	if c.Seen > 0 {
		r.repeat(q, c, held)
	}
}

func (r *Row) repeat(q *query, c *Candidate, held float32) {
	r[seen] = 1
	r[seenCount] = logOf(float32(c.Seen)) / 2
	switch c.Since {
	case 0:
		r[seenLast] = 1
		r[seenLastAgain] = q.Again
		r[seenLastFresh] = q.row[queryFresh]
		r[seenLastLately] = q.Lately
		r[seenSelf] = c.Next * held
	case 1:
		r[seenSecond] = 1
		r[seenSecondFresh] = q.row[queryFresh]
	}
	r[seenInverse] = 1 / float32(1+c.Since)
	r[seenLog] = logOf(1+float32(c.Since)) / 4
	r[seenRepeats] = q.Repeats
	r[seenRepeatsSquare] = q.Repeats * q.Repeats
	r[seenKNN] = r[ratioAt]
	r[seenSharp] = r[ratioAt+1]
	r[seenNext] = r[ratioAt+7]
	r[seenVector] = c.VectorSession
	r[seenVectorLast] = c.VectorLast
	r[seenBestVector] = q.vectorSession
	r[seenClicks] = q.row[queryClicks]
	r[seenLastCount] = q.row[queryLast]
	r[seenRead] = q.row[queryRead]
	r[seenBestKNN] = q.row[queryKNN]
	r[seenBestNext] = q.best[7] * held
	r[seenPopularity] = r[popularity]
	r[seenAfter] = logOf(1+float32(c.After)) / 2
	if c.Gap > 0 {
		r[seenGap] = logOf(1+float32(c.Gap)) / 4
		late := float32(c.Since) + 1 - float32(c.Gap)
		r[seenDue] = 1 / (1 + late*late)
	}
	r[seenLately] = q.Lately
	r[seenAgain] = q.Again
	r[seenFresh] = q.row[queryFresh]
}

// logOf is ln x for positive normal x, to 2e-4: exponent plus a quadratic fit of the mantissa's logarithm would do for
// ranking; this is the cubic one.
func logOf(x float32) float32 {
	b := math.Float32bits(x)
	e := float32(int32(b>>23) - 127)
	m := math.Float32frombits(b&0x7fffff|0x3f800000) - 1
	return 0.6931472 * (e + m*(1.4249536+m*(-0.5845544+m*0.1600108)))
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }
