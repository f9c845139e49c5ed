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
	scores = 13 // scores of a candidate, see scoresOf

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

	// of the query: the same for all candidates, they matter through the hidden units only
	queryClicks
	queryRepeats
	queryLast
	queryRead
	queryKNN

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
}

func scoresOf(c *Candidate) [scores]float32 {
	return [scores]float32{
		c.KNN, c.Sharp, c.Near, c.Rules, c.Before, c.Shares, c.Together, c.Next, c.NextAfter2, c.RulesLast,
		c.WithLast / sqrt(float32(max(c.Count, 1))), c.Pair, c.Sessions,
	}
}

// Fill computes the features of candidates, ordered by falling Base, for the query they were found for.
func Fill(rows []Row, q *session.Query, candidates []Candidate) {
	var best [scores]float32
	top := [2]float32{-1, -1}
	for i := range candidates {
		c := &candidates[i]
		for k, v := range scoresOf(c) {
			best[k] = max(best[k], v)
		}
		top[0], top[1] = max(top[0], c.VectorLast), max(top[1], c.VectorSession)
	}
	query := queryOf(q, best[0])
	for i := range candidates {
		rows[i] = query
		fill(&rows[i], q, &candidates[i], i, &best)
		c := &candidates[i]
		rows[i][vectorLast] = c.VectorLast
		rows[i][vectorSession] = c.VectorSession
		rows[i][vectorRank] = c.VectorSession - top[1]
		if c.Seen > 0 {
			rows[i][seenVector] = c.VectorSession
		}
	}
}

func queryOf(q *session.Query, knn float32) (r Row) {
	r[queryClicks] = logOf(float32(q.Clicks)) / 4
	r[queryRepeats] = q.Repeats
	r[queryLast] = logOf(1+float32(q.Counts[0])) / 8
	r[queryRead] = logOf(1+float32(q.Read)) / 7
	r[queryKNN] = logOf(1e-3+knn) / 7
	return r
}

func fill(r *Row, q *session.Query, c *Candidate, place int, best *[scores]float32) {
	for k, v := range scoresOf(c) {
		if v > 0 {
			ratio := v / best[k]
			r[ratioAt+k] = ratio
			r[logAt+k] = 1 + logOf(ratio+1e-4)/9.2
		}
	}
	held := 1 / float32(max(q.LastHeld, 1))
	r[nextCount] = logOf(1+c.Next) / 5
	r[withCount] = logOf(1+c.WithLast) / 5
	r[sessionCount] = logOf(1+c.Sessions) / 6
	r[pairCount] = logOf(1+c.Pair) / 4
	r[nextShare] = c.Next * held
	r[withShare] = c.WithLast * held
	r[pairShare] = c.Pair / max(c.Next, 1)
	r[popularity] = logOf(1+float32(c.Count)) / 8
	r[age] = logOf(1+min(float32(c.Newest), 1e6)) / 14
	r[rank] = logOf(1+float32(place)) / 5
	r[inverseRank] = 1 / float32(1+place)
	if c.Fill {
		r[fillIn] = 1
	}
	if c.Seen > 0 {
		r.repeat(q, c, held)
	}
}

func (r *Row) repeat(q *session.Query, c *Candidate, held float32) {
	r[seen] = 1
	r[seenCount] = logOf(float32(c.Seen)) / 2
	switch c.Since {
	case 0:
		r[seenLast] = 1
		r[seenSelf] = c.Next * held
	case 1:
		r[seenSecond] = 1
	}
	r[seenInverse] = 1 / float32(1+c.Since)
	r[seenLog] = logOf(1+float32(c.Since)) / 4
	r[seenRepeats] = q.Repeats
	r[seenKNN] = r[ratioAt]
	r[seenSharp] = r[ratioAt+1]
	r[seenNext] = r[ratioAt+7]
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
