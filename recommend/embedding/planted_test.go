package embedding

import (
	"cmp"
	"slices"
	"testing"

	"orrery/recommend/session"
)

const (
	crowd   = 5           // items that everybody clicks on in between
	planted = 200 + crowd // shelves' items and these
	hidden  = 10          // the length of a list that holds a whole shelf
)

// between is a visitor to a shelf of ten items whose every second click is on one of the crowd: what comes after it
// depends on the click before, which neither popularity nor the last item tells.
func between(h uint32) []uint32 {
	shelf := h >> 9 % 20 * 10
	var clicks []uint32
	for range 3 {
		h = h*1664525 + 1013904223
		clicks = append(clicks, crowd+shelf+h>>20%10, h>>13%crowd)
	}
	return append(clicks, crowd+shelf+h>>7%10)
}

func TestBeatsPopularityAndMarkovWhereBothAreBlind(t *testing.T) {
	x := session.New(session.Config{Blocks: 1 << 14})
	var clicked [planted]int
	var followed [planted][planted]int
	for i := range uint32(2000) {
		var row session.Row
		clicks := between(i * 2654435761)
		for k, item := range clicks {
			row = x.Click(row, item)
			clicked[item]++
			if k > 0 {
				followed[clicks[k-1]][item]++
			}
		}
	}
	v := trained(x)
	hit := func(score func(item int) float64, next uint32) int {
		items := make([]int, planted)
		for i := range items {
			items[i] = i
		}
		slices.SortStableFunc(items, func(a, b int) int { return cmp.Compare(score(b), score(a)) })
		if slices.Contains(items[:hidden], int(next)) {
			return 1
		}
		return 0
	}
	popular, markov, learned, cases := 0, 0, 0, 0
	for i := range uint32(300) {
		clicks := between(i*2246822519 + 7)
		next := clicks[len(clicks)-1]
		clicks = clicks[:len(clicks)-1]
		var s [Dim]float32
		v.Session(&s, clicks)
		cases++
		popular += hit(func(i int) float64 { return float64(clicked[i]) }, next)
		markov += hit(func(i int) float64 { return float64(followed[clicks[len(clicks)-1]][i]) }, next)
		learned += hit(func(i int) float64 { return float64(v.Score(&s, uint32(i))) }, next)
	}
	t.Logf("of %d: popularity %d, Markov %d, learned %d", cases, popular, markov, learned)
	if learned*10 < cases*9 || popular*4 > cases || markov*4 > cases {
		t.Errorf("of %d hits: popularity %d, Markov %d, learned %d", cases, popular, markov, learned)
	}
}
