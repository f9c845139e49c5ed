package sessions

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"orrery/bench/metric"
)

// Comparison sets a recipe beside the lists that another implementation made for the same cases.
type Comparison struct {
	Reference    string  `json:"reference"`
	Recipe       string  `json:"recipe"`
	N            int     `json:"n"` // cases that both predicted
	ReferenceHR  float64 `json:"reference_hr"`
	ReferenceMRR float64 `json:"reference_mrr"`
	HR           float64 `json:"hr"`
	MRR          float64 `json:"mrr"`
	Overlap      float64 `json:"overlap"`    // mean share of the reference's first k that are among ours
	SameFirst    float64 `json:"same_first"` // share of cases with the same first item
}

// reference is a file of lists: by case the items, best first.
type reference struct {
	name  string
	lists map[int][]uint32
}

// readReference reads "SessionId;Position;Recommendations;Scores", where Position counts the clicks before the last one
// that is known, and finds the test cases that are meant.
func readReference(path string, s *Set) (*reference, error) {
	r := &reference{name: strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".gz"), ".csv"), lists: map[int][]uint32{}}
	r.name = strings.TrimPrefix(r.name, "reference_recommendations_")
	numbers := map[string]uint32{}
	for i, name := range s.names {
		numbers[name] = uint32(i)
	}
	type key struct {
		session string
		clicks  int
	}
	cases := map[key]int{}
	for i, c := range s.Test {
		if int(c.Session) < len(s.ids) {
			cases[key{s.ids[c.Session], len(c.Clicks)}] = i
		}
	}
	err := eachLine(path, func(line []byte) error {
		fields := bytes.Split(line, []byte{';'})
		if len(fields) < 3 {
			return fmt.Errorf("cannot read a list: %d columns", len(fields))
		}
		position, err := strconv.Atoi(string(fields[1]))
		if err != nil {
			return nil // the header
		}
		at, ok := cases[key{string(fields[0]), position + 1}]
		if !ok {
			return nil
		}
		var list []uint32
		for name := range bytes.SplitSeq(fields[2], []byte{','}) {
			list = append(list, numbers[string(name)]) // 0 is no item
		}
		r.lists[at] = list
		return nil
	})
	return r, err
}

// compare sets lists, by case, beside the reference.
func (r *reference) compare(recipe string, s *Set, lists map[int][]uint32, k int) Comparison {
	c := Comparison{Reference: r.name, Recipe: recipe}
	var ours, theirs metric.Ranks
	for at, want := range r.lists {
		got, next := lists[at], s.Test[at].Next
		want = want[:min(k, len(want))]
		ours = append(ours, uint16(slices.Index(got, next)+1))
		theirs = append(theirs, uint16(slices.Index(want, next)+1))
		same := 0
		for _, item := range want {
			if slices.Contains(got, item) {
				same++
			}
		}
		c.Overlap += float64(same) / float64(max(len(want), 1))
		if len(got) > 0 && len(want) > 0 && got[0] == want[0] {
			c.SameFirst++
		}
	}
	c.N = len(ours)
	n := float64(max(c.N, 1))
	c.Overlap, c.SameFirst = c.Overlap/n, c.SameFirst/n
	c.HR, c.MRR, c.ReferenceHR, c.ReferenceMRR = ours.HR(), ours.MRR(), theirs.HR(), theirs.MRR()
	return c
}
