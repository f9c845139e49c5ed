package session

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/models/slab"
)

// oracle is the session index with maps and without bounds.
type oracle struct {
	sessions [][]uint32 // searchable ones in the order of their second click
	open     map[int]int
	first    map[int]uint32
}

func (o *oracle) click(visitor int, item uint32) {
	if at, ok := o.open[visitor]; ok {
		if s := o.sessions[at]; len(s) < MaxItems {
			o.sessions[at] = append(s, item)
			return
		}
		o.end(visitor)
	}
	if first, ok := o.first[visitor]; ok {
		delete(o.first, visitor)
		o.open[visitor] = len(o.sessions)
		o.sessions = append(o.sessions, []uint32{first, item})
		return
	}
	o.first[visitor] = item
}

func (o *oracle) end(visitor int) {
	delete(o.open, visitor)
	delete(o.first, visitor)
}

func (o *oracle) count(item uint32) (n uint32) {
	for _, s := range o.sessions {
		if slices.Contains(s, item) {
			n++
		}
	}
	return n
}

// walk computes, in the plainest way, what a Walk that meets no bound must find. Comments at Candidate are the formulas.
func (o *oracle) walk(clicks []uint32) map[uint32]Candidate {
	var query []uint32
	since := map[uint32]int{}
	for back := range clicks {
		item := clicks[len(clicks)-1-back]
		if !slices.Contains(query, item) {
			query = append(query, item)
			since[item] = back
		}
	}
	found := map[uint32]*Candidate{}
	get := func(item uint32) *Candidate {
		if found[item] == nil {
			found[item] = &Candidate{Item: item}
		}
		return found[item]
	}
	for _, item := range query {
		get(item)
	}
	for _, s := range o.sessions {
		o.add(s, clicks, query, since, get)
	}
	result := map[uint32]Candidate{}
	for item, c := range found {
		c.Count = o.count(item)
		c.Together /= float32(math.Sqrt(float64(max(c.Count, 1))))
		result[item] = *c
	}
	return result
}

func (o *oracle) add(s, clicks, query []uint32, since map[uint32]int, get func(uint32) *Candidate) {
	place := -1
	sim, flat, cosine, idf := 0.0, 0.0, map[uint32]float64{}, map[uint32]float64{}
	for i := len(query) - 1; i >= 0; i-- {
		q := query[i]
		if !slices.Contains(s, q) {
			continue
		}
		place = i
		n := float64(o.count(q))
		sim += math.Exp(-float64(since[q])/2) * math.Log1p(float64(len(o.sessions))/n)
		idf[q] = math.Log1p(float64(len(o.sessions)) / n)
		flat += idf[q]
		cosine[q] = math.Exp(-float64(since[q])/2) / math.Sqrt(n)
	}
	if place < 0 {
		return
	}
	length := math.Pow(float64(len(s)), -0.25)
	sim *= length
	matched := len(s) - 1
	for s[matched] != query[place] {
		matched--
	}
	best := map[uint32]float64{}
	for i, item := range s {
		near := 0.0
		switch d := float64(i - matched); {
		case d > 0:
			near = math.Exp(-(d - 1) / 4)
		case d < 0:
			near = 0.7 * math.Exp((d+1)/4)
		}
		best[item] = max(best[item], near)
		for j, to := range s {
			if d := j - i; slices.Contains(query, item) && d > 0 && d <= 10 {
				get(to).Rules += float32(math.Exp(-float64(since[item])/2) / float64(d))
				if q := slices.Index(query, item); q < 3 {
					get(to).RulesOf[q] += float32(1 / float64(d))
				}
			} else if slices.Contains(query, item) && d < 0 && d >= -10 {
				get(to).Before += float32(math.Exp(-float64(since[item])/2) / float64(-d))
			}
		}
		if i > 0 && s[i-1] == query[0] {
			get(item).Next++
			if i > 1 && len(clicks) > 1 && s[i-2] == clicks[len(clicks)-2] {
				get(item).Pair++
			}
		}
	}
	for item, near := range best {
		c := get(item)
		c.KNN += float32(sim * near)
		c.Near = max(c.Near, float32(sim*near))
		c.FlatNear += float32(flat * length * near)
		c.Square += float32(flat * flat * length * near)
		c.Sessions++
		similar, others := (flat-idf[item])*length, 0
		for q, v := range cosine {
			if q != item {
				c.Together += float32(v)
				others++
			}
		}
		c.Flat += float32(similar)
		c.Best = max(c.Best, float32(similar))
		c.Most = max(c.Most, float32(others))
		if others > 1 {
			c.Several++
		}
		holds := func(k int) bool { return k < len(query) && slices.Contains(s, query[k]) }
		for k := range c.With {
			if holds(k) {
				c.With[k]++
			}
		}
		if holds(len(query) - 1) {
			c.WithFirst++
		}
		if holds(0) && holds(1) {
			c.Both++
			if holds(2) {
				c.All++
			}
		}
	}
}

func close32(a, b float32) bool {
	return math.Abs(float64(a-b)) <= 1e-4*(1+math.Abs(float64(a)))
}

func TestWalkEqualsOracle(t *testing.T) {
	w := NewWalker()
	rapid.Check(t, func(t *rapid.T) {
		x := New(Config{Blocks: 1024, PerItem: 512})
		o := &oracle{open: map[int]int{}, first: map[int]uint32{}}
		rows := map[int]Row{}
		items := rapid.Uint32Range(0, 12)
		for range rapid.IntRange(0, 250).Draw(t, "clicks") {
			v := rapid.IntRange(0, 4).Draw(t, "visitor")
			if rapid.IntRange(0, 9).Draw(t, "end") == 0 {
				o.end(v)
				delete(rows, v)
			}
			item := items.Draw(t, "item")
			o.click(v, item)
			rows[v] = x.Click(rows[v], item)
		}
		if int(x.Sessions()) != len(o.sessions) {
			t.Fatalf("%d sessions; want %d", x.Sessions(), len(o.sessions))
		}
		var state bytes.Buffer
		if _, err := slab.Join(x.links.Freeze(), x.Freeze()).WriteTo(&state); err != nil {
			t.Fatal(err)
		}
		restored := New(Config{Blocks: 1024, PerItem: 512})
		if _, err := slab.ReadAll(&state, restored.links, restored); err != nil {
			t.Fatal(err)
		}
		clicks := rapid.SliceOfN(items, 1, 10).Draw(t, "query")
		compare(t, w, x, clicks, o)
		compare(t, w, restored, clicks, o)
	})
}

func compare(t *rapid.T, w *Walker, x *Index, clicks []uint32, o *oracle) {
	want := o.walk(clicks)
	got := w.Walk(x, clicks, 0)
	if len(got) != len(want) {
		t.Fatalf("%d candidates; want %d", len(got), len(want))
	}
	for _, g := range got {
		h, ok := want[g.Item]
		if !ok {
			t.Fatalf("found item %d", g.Item)
		}
		for _, p := range []struct {
			name      string
			got, want float32
		}{
			{"KNN", g.KNN, h.KNN}, {"Near", g.Near, h.Near}, {"Rules", g.Rules, h.Rules}, {"Before", g.Before, h.Before},
			{"Together", g.Together, h.Together}, {"Next", g.Next, h.Next}, {"Flat", g.Flat, h.Flat}, {"FlatNear", g.FlatNear, h.FlatNear}, {"Square", g.Square, h.Square}, {"Best", g.Best, h.Best},
			{"With", g.With[0], h.With[0]}, {"With[1]", g.With[1], h.With[1]}, {"With[2]", g.With[2], h.With[2]}, {"WithFirst", g.WithFirst, h.WithFirst},
			{"RulesOf", g.RulesOf[0], h.RulesOf[0]}, {"RulesOf[1]", g.RulesOf[1], h.RulesOf[1]}, {"RulesOf[2]", g.RulesOf[2], h.RulesOf[2]},
			{"Both", g.Both, h.Both}, {"All", g.All, h.All}, {"Several", g.Several, h.Several}, {"Most", g.Most, h.Most},
			{"Pair", g.Pair, h.Pair}, {"Sessions", g.Sessions, h.Sessions}, {"Count", float32(g.Count), float32(h.Count)},
		} {
			if !close32(p.got, p.want) {
				t.Fatalf("item %d for %v: %s %g; want %g", g.Item, clicks, p.name, p.got, p.want)
			}
		}
	}
}
