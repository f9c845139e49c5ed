package session

import "math"

// count adds what one remembered session says to the candidates.
func (w *Walker) count(items []uint32, ws *weights, age uint32) {
	var at [MaxItems]int32
	distinct := int32(w.Query.Distinct)
	w.stamp++
	var (
		shared  uint32 // set of the visitor's items in the session
		several float32
		sim     float32
		flat    float32
		cosine  float32
		newest  = int32(MaxQuery) // newest shared item
		matched int               // its last place in the session
	)
	for i, item := range items {
		c := w.candidate(item)
		at[i] = c
		if c < 0 || c >= distinct {
			continue
		}
		if bit := uint32(1) << c; shared&bit == 0 {
			shared |= bit
			several++
			sim += ws.knn[c]
			flat += ws.idf[c]
			cosine += ws.cosine[c]
		}
		if c <= newest {
			newest, matched = c, i
		}
	}
	if shared == 0 {
		return
	}
	w.Query.Read++
	places := at[:len(items)]
	w.follow(places, ws)
	length := lengthWeight[len(items)]
	sim *= length
	square := flat * flat * length
	flat *= length
	recent := sim / (1 + float32(age)/recentAge)
	sharp := sim * sim * ws.sharp[newest]
	holds := holdingsOf(shared, distinct)
	for i, c := range places {
		if c < 0 {
			continue
		}
		near, close := nearWeight[MaxItems+i-matched], sharp*sharpWeight[MaxItems+i-matched]
		f := &w.found[c]
		more := near
		if f.stamp == w.stamp { // again: only what is more than its earlier occurrence gave
			if close > f.sharp {
				f.Sharp += close - f.sharp
				f.sharp = close
			}
			if more -= f.near; more <= 0 {
				continue
			}
		}
		f.KNN += sim * more
		f.FlatNear += flat * more
		f.Square += square * more
		f.Recent += recent * more
		f.Near = max(f.Near, sim*near)
		f.near = near
		if f.stamp == w.stamp {
			continue
		}
		f.stamp, f.sharp = w.stamp, close
		f.Sharp += close
		f.Sessions++
		f.Newest = min(f.Newest, age)
		together, others, similar := cosine, several, flat
		if c < distinct {
			together -= ws.cosine[c]
			others--
			similar -= ws.idf[c] * length
		}
		f.Together += together
		f.Flat += similar
		f.Best = max(f.Best, similar)
		f.Most = max(f.Most, others)
		if others > 1 {
			f.Several++
		}
		f.With[0] += holds.last
		f.With[1] += holds.second
		f.With[2] += holds.third
		f.WithFirst += holds.first
		f.Both += holds.both
		f.All += holds.all
		if by := uint8(newest); by < f.Found {
			f.Found, f.FoundCount = by, 1
		} else if by == f.Found {
			f.FoundCount++
		}
	}
}

// holdings is which of the visitor's items a session holds, as the numbers that are counted: one or nothing.
type holdings struct{ last, second, third, first, both, all float32 }

func holdingsOf(shared uint32, distinct int32) holdings {
	one := func(bits uint32) float32 { return float32(bits & 1) }
	both := shared & (shared >> 1)
	return holdings{
		last: one(shared), second: one(shared >> 1), third: one(shared >> 2), first: one(shared >> (distinct - 1)),
		both: one(both), all: one(both & (shared >> 2)),
	}
}

// follow counts what comes after and before the visitor's items in one session, whose candidates are places.
func (w *Walker) follow(places []int32, ws *weights) {
	distinct := int32(w.Query.Distinct)
	for i, q := range places {
		if q < 0 || q >= distinct {
			continue
		}
		rule, share := ws.rules[q], ws.shares[q]
		for d, c := range places[i+1 : min(len(places), i+1+rulesReach)] {
			if c < 0 {
				continue
			}
			f := &w.found[c]
			f.Rules += rule * inverse[d+1]
			f.Shares += share * inverse[d+1]
			if q < 3 {
				f.RulesOf[q] += inverse[d+1]
			}
		}
		for d := 1; d <= min(i, rulesReach); d++ {
			if c := places[i-d]; c >= 0 {
				w.found[c].Before += rule * inverse[d]
			}
		}
		if i+1 == len(places) || places[i+1] < 0 {
			continue
		}
		f := &w.found[places[i+1]]
		if q == 0 {
			f.Next++
			if i > 0 && ws.second >= 0 && places[i-1] == int32(ws.second) {
				f.Pair++
			}
		}
		if int(q) == ws.second {
			f.NextAfter2++
		}
	}
}

// finish looks up the candidates' own counts and divides the cosines by them.
func (w *Walker) finish(x *Index) {
	for i := range w.found {
		if i+ahead < len(w.found) {
			if item := uint64(w.found[i+ahead].Item); item < x.items.Len() {
				x.items.Prefetch(item)
			}
		}
		f := &w.found[i]
		f.Count = x.Count(f.Item)
		f.Together /= float32(math.Sqrt(float64(max(f.Count, 1))))
	}
}
