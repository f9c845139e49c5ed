package session

import "math"

// count adds what one remembered session says to the candidates.
func (w *Walker) count(items []uint32, ws *weights, age uint32) {
	var at [MaxItems]int32
	distinct := int32(w.Query.Distinct)
	w.stamp++
	var (
		shared  uint32 // set of the visitor's items in the session
		sim     float32
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
			sim += ws.knn[c]
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
	sim *= lengthWeight[len(items)]
	sharp := sim * sim * ws.sharp[newest]
	for i, c := range places {
		if c < 0 {
			continue
		}
		var near, close float32
		switch d := i - matched; {
		case d > 0:
			near, close = sim*afterWeight[d], sharp*sharpWeight[d]
		case d < 0:
			near, close = beforeWeight*sim*afterWeight[-d], sharpBefore*sharp*sharpWeight[-d]
		}
		f := &w.found[c]
		if f.stamp == w.stamp { // again: only what is more than its earlier occurrence gave
			if near > f.best {
				f.KNN += near - f.best
				f.best = near
			}
			if close > f.sharp {
				f.Sharp += close - f.sharp
				f.sharp = close
			}
			f.Near = max(f.Near, near)
			continue
		}
		f.stamp, f.best, f.sharp = w.stamp, near, close
		f.KNN += near
		f.Sharp += close
		f.Near = max(f.Near, near)
		f.Sessions++
		f.Newest = min(f.Newest, age)
		own := float32(0)
		if c < distinct {
			own = ws.cosine[c]
		}
		f.Together += cosine - own
		if shared&1 != 0 {
			f.WithLast++
		}
		if by := uint8(newest); by < f.Found {
			f.Found, f.FoundCount = by, 1
		} else if by == f.Found {
			f.FoundCount++
		}
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
			if q == 0 {
				f.RulesLast += inverse[d+1]
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
		f := &w.found[i]
		f.Count = x.Count(f.Item)
		f.Together /= float32(math.Sqrt(float64(max(f.Count, 1))))
	}
}
