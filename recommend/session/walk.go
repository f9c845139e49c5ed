package session

import (
	"math"
	"slices"

	"orrery/recommend/top"
)

// Limits of a walk. They bound its time, not the index.
const (
	// MaxQuery is the number of newest distinct items of the visitor that a walk starts from.
	MaxQuery = 24

	maxLook  = 64   // newest clicks of the visitor that are looked at
	maxFound = 6144 // items that are counted

	ahead = 8 // places anywhere in memory that are asked for before they are looked at

	tableBits = 14
	tableSize = 1 << tableBits
)

// Weights of the similarity and of the places within a session; see the formulas at Candidate. They are the
// same for every shop: what a shop differs in is learned by the ranker.
const (
	positionDecay = 2.0  // KNN: a query item p clicks old weighs exp(-p/2)
	lengthPower   = 0.25 // KNN: a session of n clicks weighs n^-0.25
	distanceDecay = 4.0  // KNN: an item d clicks after the match weighs exp(-(d-1)/4)
	beforeWeight  = 0.7  // KNN: and 0.7 of that before it
	sharpPosition = 0.7  // Sharp: similarity^2 * exp(-0.7 p) * exp(-d/1.5)
	sharpDistance = 1.5
	sharpBefore   = 0.2
	rulesDecay    = 2.0 // Rules, Together: a query item p clicks old weighs exp(-p/2)
	rulesReach    = 10  // Rules: clicks after the query item that count
	recentAge     = 5e3 // Recent: blocks after which a session weighs half
)

// Limits bound the time of a walk.
type Limits struct {
	Items    int  // newest distinct items of the visitor that it starts from, at most MaxQuery
	Depth    int  // newest sessions of the newest item; a half for the next two, a quarter up to the eighth, then an eighth
	Even     bool // Depth for all items
	Sessions int  // sessions that are read: those of the largest weight, the newest of equal weight
}

// DefaultLimits are those that a Walker starts with.
var DefaultLimits = Limits{Items: MaxQuery, Depth: 256, Sessions: 512}

// depth returns how many of its newest sessions the i-th newest distinct item of the visitor contributes.
func (l *Limits) depth(i int) int {
	switch {
	case i == 0 || l.Even:
		return l.Depth
	case i < 3:
		return l.Depth / 2
	case i < 8:
		return l.Depth / 4
	}
	return l.Depth / 8
}

// Candidate is an item that a walk found, with all that was counted for it. p is the number of clicks since the
// visitor clicked on a query item, d the clicks between two items of a remembered session.
type Candidate struct {
	Item uint32

	// Found is the newest item of the visitor, as a place among the walk's distinct items from the newest (0) on,
	// that shares a session with the candidate, and FoundCount in how many of the sessions read it does.
	FoundCount uint32
	Found      uint8

	// Seen is the number of the visitor's newest 64 clicks that were on this item, Since the clicks since the last
	// of them.
	Seen, Since uint8

	// Gap is how many clicks the newest two of them lie apart, 0 where there is only one; After how often the item
	// followed the last one in the visitor's own session.
	Gap, After uint8

	stamp uint32  // number of the session, within the walk, that counted it last
	near  float32 // what that session's place gave it, before it is multiplied by a similarity
	sharp float32

	// KNN is the session kNN score: the sum over sessions of their similarity to the visitor's,
	// sum over shared items of exp(-p/2) ln(1 + N/n_i), times length^-0.25, times exp(-(d-1)/4), d counted from
	// the newest shared item, 0.7 of it before that item.
	KNN float32
	// Sharp is the same with similarity^2 exp(-0.7 p) exp(-d/1.5), 0.2 of it before the shared item.
	Sharp float32
	// Near is the largest contribution to KNN that a single session made.
	Near float32
	// FlatNear is KNN with all of the visitor's items of equal weight, Square with the square of that similarity but for
	// the length, Recent with sessions weighing 1/(1 + age/5000).
	FlatNear, Square, Recent float32
	// Flat is the sum of the similarities of FlatNear, wherever in the session the candidate stands, without what it
	// shares itself; Best the largest of them.
	Flat, Best float32
	// Rules are sequential rules from all of the visitor's items: sum of exp(-p/2)/d over sessions where the candidate
	// follows the item within 10 clicks; Before the same for sessions where it precedes it.
	Rules, Before float32
	// Shares is Rules with each item's rules divided by its number of sessions read: a mixture of confidences.
	Shares float32
	// Together is co-occurrence: the sum over the visitor's items of exp(-p/2) n_ij / sqrt(n_i n_j), as a cosine.
	Together float32
	// Next counts sessions where the candidate directly follows the visitor's last item, NextAfter2 his last but one.
	Next, NextAfter2 float32
	// RulesOf is the sum of 1/d for each of the visitor's three newest items alone, With the number of sessions shared
	// with it; WithFirst is that of the oldest item walked from.
	RulesOf, With [3]float32
	WithFirst     float32
	// Both counts sessions that hold the visitor's two newest items, All those with the three newest, Several those with
	// any two, the candidate not counted; Most is the largest number of the visitor's items in one session.
	Both, All, Several, Most float32
	// Pair counts the places where the visitor's last two items stand together, in order, right before the candidate.
	Pair float32
	// Sessions is the number of sessions read that hold the candidate.
	Sessions float32
	// Newest is the number of blocks since the newest session read that holds it began: an age.
	Newest uint32
	// Count is the number of sessions that the item ever occurred in.
	Count uint32
}

// Walker holds what one walk needs. It serves one goroutine at a time, for any Index; it takes about 1.3 MiB.
type Walker struct {
	// Limits of the walks to come.
	Limits Limits

	// Query describes the walk that was last done.
	Query Query

	sessions []top.Place // sessions reached and their weights; At is ^number, since the newer of equal weight go first
	found    []Candidate
	table    [tableSize]uint16 // open addressing: place in found + 1, by item; in the first phase in sessions
	stamp    uint32
}

// Query is what is known of a visitor's own session, once for all candidates.
type Query struct {
	Clicks   int     // clicks looked at, at most 64
	Distinct int     // distinct items walked from, at most MaxQuery
	Reached  int     // sessions that hold at least one of them, within the bounds
	Read     int     // sessions that were read
	LastHeld int     // newest sessions of the last item that were looked up
	Repeats  float32 // share of his clicks (but the first) that were on an item seen before
	Lately   float32 // the same of his newest 6 clicks
	Again    float32 // share of his clicks (but the first) that were on the item of the click before
	Fresh    bool    // his last click was on an item not seen before
	Sessions uint64  // sessions that the index ever got

	Items  [MaxQuery]uint32 // distinct items, newest first
	Counts [MaxQuery]uint32 // sessions that they ever occurred in
}

// NewWalker returns a Walker.
func NewWalker() *Walker {
	return &Walker{Limits: DefaultLimits, sessions: make([]top.Place, 0, 4096), found: make([]Candidate, 0, maxFound+MaxQuery)}
}

// weights is the working state of a walk for the visitor's distinct items, newest first.
type weights struct {
	idf, knn, sharp, rules, shares, cosine [MaxQuery]float32
	second                                 int // place of the item clicked before the last one, -1 if none
}

var (
	lengthWeight [MaxItems + 1]float32
	nearWeight   [2*MaxItems + 1]float32 // of place MaxItems+d: exp(-(d-1)/4), 0.7 of it before the match
	sharpWeight  [2*MaxItems + 1]float32
	inverse      [MaxItems + 1]float32
)

func init() {
	for n := 1; n <= MaxItems; n++ {
		lengthWeight[n] = float32(math.Pow(float64(n), -lengthPower))
		near, sharp := math.Exp(-float64(n-1)/distanceDecay), math.Exp(-float64(n)/sharpDistance)
		nearWeight[MaxItems+n], nearWeight[MaxItems-n] = float32(near), float32(beforeWeight*near)
		sharpWeight[MaxItems+n], sharpWeight[MaxItems-n] = float32(sharp), float32(sharpBefore*sharp)
		inverse[n] = 1 / float32(n)
	}
}

// Walk counts all that the index knows about what a visitor with these clicks, newest last, does next. The result holds
// the visitor's own items first, newest first, then what their sessions hold; it is the Walker's and lives until its
// next walk. The session of row own, which is the visitor's, is left out: it would only say what clicks says, and louder
// than all others. Cost: 20 to 200 us.
func (w *Walker) Walk(x *Index, clicks []uint32, own Row) []Candidate {
	clicks, own = clicks[max(0, len(clicks)-maxLook):], own&^rowBefore
	w.found, w.stamp = w.found[:0], 0
	w.start(x, clicks)
	if w.Query.Distinct == 0 {
		return nil
	}
	ws := w.reach(x, clicks, own)
	if n := w.Limits.Sessions; len(w.sessions) > n {
		top.Select(w.sessions, n)
		w.sessions = w.sessions[:n]
	}
	clear(w.table[:])
	for i := range w.found {
		w.table[w.place(w.found[i].Item)] = uint16(i) + 1
	}
	newest := uint32(x.meta.Load(metaNumber))
	var items [MaxItems]uint32
	for i, s := range w.sessions {
		if i+ahead < len(w.sessions) {
			x.prefetchRow(^w.sessions[i+ahead].At)
		}
		number := ^s.At
		if n := x.read(number, &items); n > 0 {
			w.count(items[:n], &ws, newest-number)
		}
	}
	w.finish(x)
	return w.found
}

// start fills Query and the visitor's own candidates.
func (w *Walker) start(x *Index, clicks []uint32) {
	w.Query = Query{Clicks: len(clicks), Sessions: x.Sessions()}
	q := &w.Query
	repeats, again := 0, 0
	for back := range clicks {
		item := clicks[len(clicks)-1-back]
		if back > 0 && item == clicks[len(clicks)-back] {
			again++
		}
		at := slices.Index(q.Items[:q.Distinct], item)
		if at >= 0 {
			repeats++
			c := &w.found[at]
			if c.Seen++; c.Seen == 2 {
				c.Gap = uint8(back) - c.Since
			}
			if at == 0 {
				if next := slices.Index(q.Items[:q.Distinct], clicks[len(clicks)-back]); next >= 0 {
					w.found[next].After++
				}
			}
			continue
		}
		if q.Distinct == min(w.Limits.Items, MaxQuery) {
			continue
		}
		q.Items[q.Distinct] = item
		q.Counts[q.Distinct] = x.Count(item)
		w.found = append(w.found, Candidate{Item: item, Seen: 1, Since: uint8(back), Found: uint8(q.Distinct), Newest: math.MaxUint32})
		q.Distinct++
	}
	if q.Distinct > 0 {
		q.Fresh = w.found[0].Seen == 1
	}
	if n := len(clicks) - 1; n > 0 {
		q.Repeats, q.Again = float32(repeats)/float32(n), float32(again)/float32(n)
		q.Lately = lately(clicks)
	}
}

// lately returns the share of the newest 6 clicks, the session's first left out, that were on an item seen before.
func lately(clicks []uint32) float32 {
	from := max(1, len(clicks)-6)
	repeats := 0
	for at := from; at < len(clicks); at++ {
		if slices.Contains(clicks[:at], clicks[at]) {
			repeats++
		}
	}
	return float32(repeats) / float32(len(clicks)-from)
}

// reach collects the newest sessions of the visitor's items.
func (w *Walker) reach(x *Index, clicks []uint32, own Row) weights {
	q := &w.Query
	ws := weights{second: -1}
	if len(clicks) > 1 {
		ws.second = slices.Index(q.Items[:q.Distinct], clicks[len(clicks)-2])
	}
	clear(w.table[:])
	w.sessions = w.sessions[:0]
	for i, item := range q.Items[:q.Distinct] {
		e := x.entryOf(item)
		held := min(e.held(), w.Limits.depth(i))
		if i == 0 {
			q.LastHeld = held
		}
		p := float64(w.found[i].Since)
		ws.idf[i] = idf(q.Sessions, e.count())
		ws.knn[i] = float32(math.Exp(-p/positionDecay)) * ws.idf[i]
		ws.sharp[i] = float32(math.Exp(-sharpPosition * p))
		ws.rules[i] = float32(math.Exp(-p / rulesDecay))
		ws.shares[i] = ws.rules[i] / float32(max(held, 1))
		ws.cosine[i] = ws.rules[i] / float32(math.Sqrt(float64(max(held, 1))))
		for k := range uint32(held) {
			word, shift := e.slot(e.count() - 1 - k)
			if word >= x.posts.Len() {
				break
			}
			if number := uint32(x.posts.Load(word) >> shift); rowBlock|Row(number) != own {
				w.add(number, ws.knn[i])
			}
		}
	}
	q.Reached = len(w.sessions)
	return ws
}

// add gives weight to a session.
func (w *Walker) add(number uint32, weight float32) {
	at := number * 0x9e3779b1 >> (32 - tableBits)
	for {
		v := w.table[at]
		if v == 0 {
			break
		}
		if s := &w.sessions[v-1]; s.At == ^number {
			s.Score += weight
			return
		}
		at = (at + 1) % tableSize
	}
	if len(w.sessions) == cap(w.sessions) {
		return
	}
	w.sessions = append(w.sessions, top.Place{At: ^number, Score: weight})
	w.table[at] = uint16(len(w.sessions))
}

// place returns where item is, or would be, in the table of candidates.
func (w *Walker) place(item uint32) uint32 {
	at := item * 0x9e3779b1 >> (32 - tableBits)
	for {
		v := w.table[at]
		if v == 0 || w.found[v-1].Item == item {
			return at
		}
		at = (at + 1) % tableSize
	}
}

// candidate returns the place of item among the candidates, which it joins if there is room, else -1.
func (w *Walker) candidate(item uint32) int32 {
	at := w.place(item)
	if v := w.table[at]; v != 0 {
		return int32(v) - 1
	}
	if len(w.found) == cap(w.found) {
		return -1
	}
	w.found = append(w.found, Candidate{Item: item, Newest: math.MaxUint32, Found: math.MaxUint8})
	w.table[at] = uint16(len(w.found))
	return int32(len(w.found)) - 1
}
