package ingest

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"orrery/bench/machine"
)

// Stage is a part of the pipeline and the CPU time that it takes an event.
type Stage struct {
	Name  string  `json:"stage"`
	Share float64 `json:"share"` // of the CPU time
	CPU   float64 `json:"cpu_us_per_event"`
}

// rule says which stage a function belongs to: by a part of its name.
type rule struct{ part, stage string }

// rules are tried on every function of a stack, from the innermost outwards, so that shared building blocks (slab,
// intern, decay, memmove) count for whoever called them. The order of rules matters within one function only.
var rules = []rule{
	{"next.(*Recommender).LearnBeside", "ranker learns (sampled)"},
	{"recommend/ranker.", "ranker learns (sampled)"},
	{"recommend/session.(*Walker)", "ranker learns (sampled)"},
	{"recommend/next.", "session index"},
	{"recommend/session.", "session index"},
	{"models/people.", "people: visitors, sessions, carts, orders"},
	{"recommend/neighbours.", "neighbour lists"},
	{"recommend/popular.", "popular and trends"},
	{"recommend/social.", "social proof"},
	{"recommend/similar.", "similar (content)"},
	{"models/catalogue.", "catalogue: ids, mentions"},
	{"orrery/churn", "customers"},
	{"models.(*Event).Decode", "decode and check"},
	{"models.(*Event).IDHash", "dedupe"},
	{"stream.(*seen)", "dedupe"},
	{"stream.(*applier).sort", "dedupe"},
	{"engine.", "engine's own"},
	{"stream.", "merge, batches, positions"},
	{"kgo.", "client"},
	{"kfake.", "broker"},
	{"stream/broker", "broker"},
	{"runtime.gcBgMarkWorker", "collector"},
	{"runtime.bgsweep", "collector"},
	{"runtime.bgscavenge", "collector"},
}

const otherStage = "scheduler and rest"

func stageOf(functions []string) string {
	for _, f := range functions {
		for _, r := range rules {
			if strings.Contains(f, r.part) {
				return sampled(r.stage, functions)
			}
		}
	}
	return otherStage
}

// sampled counts the walk over the session index that a step of learning begins with as learning.
func sampled(stage string, functions []string) string {
	if stage == "session index" && slices.ContainsFunc(functions, func(f string) bool { return strings.HasSuffix(f, "LearnBeside") }) {
		return "ranker learns (sampled)"
	}
	return stage
}

// split adds CPU profiles up by stage.
type split struct {
	nanos map[string]int64
	total int64
}

func newSplit() *split { return &split{nanos: make(map[string]int64)} }

func (s *split) add(profile io.Reader) error {
	stacks, err := machine.ReadProfile(profile)
	if err != nil {
		return err
	}
	for _, stack := range stacks {
		s.nanos[stageOf(stack.Functions)] += stack.Nanos
		s.total += stack.Nanos
	}
	return nil
}

// stages returns the stages of an event that costs so many microseconds, the dearest first.
func (s *split) stages(micros float64) []Stage {
	var out []Stage
	for name, nanos := range s.nanos {
		share := float64(nanos) / float64(s.total)
		out = append(out, Stage{name, share, share * micros})
	}
	slices.SortFunc(out, func(a, b Stage) int { return cmp.Compare(b.Share, a.Share) })
	return out
}
