//go:build integration

package main

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// ga4Truth is what the GA4 file holds, counted by brute force.
type ga4Truth struct {
	history  history
	value    float64
	sessions int
	viewed   *relation
	after    *relation
	top      []string // the ten most viewed products
}

func countGA4(t *testing.T) *ga4Truth {
	t.Helper()
	var g ga4Truth
	g.history, g.value = readGA4(t)
	g.viewed, g.sessions = g.history.viewedTogether()
	g.after = g.history.boughtAfterViewing()
	g.top = g.history.most("view_item", 10)
	return &g
}

const ga4File = "ga4_ecommerce_events/ga4_ecommerce_events.csv.gz"

// Everything the engine says of the GA4 file equals a count by brute force, where no list is ever full.
func TestGA4(t *testing.T) {
	truth := countGA4(t)
	i := newInstance(t, exact...)
	i.start()
	sent := i.replay("ga4", dataFile(t, ga4File))
	if sent.Rows != 78_482 || sent.Total != 44_729 || sent.Bad != 0 {
		t.Errorf("replay says %+v", sent)
	}
	i.settle()
	truth.check(t, i)
	s := i.stats()
	t.Logf("taken: %d events, %d orders by %d buyers, %s USD, %d visitors, %d sessions, %d duplicates, %d dead letters",
		s.Total, s.Orders, s.Buyers, s.Revenue["USD"], s.Visitors, s.Sessions, s.Duplicates, s.DeadLetters)
	t.Logf("events by name: %v", s.Events)
}

// check compares the totals and all evidence about the ten most viewed products.
func (g *ga4Truth) check(t *testing.T, i *instance) {
	t.Helper()
	g.checkTotals(t, i.stats())
	pairs := 0
	for _, product := range g.top {
		pairs += equalEvidence(t, i, "viewed_together", product, g.viewed)
		pairs += equalEvidence(t, i, "bought_after_viewing", product, g.after)
	}
	t.Logf("%d pairs of the ten most viewed products have equal counts", pairs)
}

func (g *ga4Truth) checkTotals(t *testing.T, s stats) {
	t.Helper()
	if want := g.history.byName(); !maps.Equal(s.Events, want) {
		t.Errorf("events by name: %v, want %v", s.Events, want)
	}
	for _, n := range []struct {
		what      string
		got, want int
	}{
		{"events, as published", s.Total, 44_729}, {"events", s.Total, len(g.history)},
		{"orders, as published", s.Orders, 69}, {"orders", s.Orders, g.history.byName()["purchase"]},
		{"buyers, as published", s.Buyers, 49}, {"buyers", s.Buyers, len(g.history.visitors("purchase"))},
		{"visitors, as published", s.Visitors, 2_705}, {"visitors", s.Visitors, len(g.history.visitors(""))},
		{"sessions", s.Sessions, g.sessions}, {"bots", s.Bots, 0}, {"dead letters", s.DeadLetters, 0},
	} {
		if n.got != n.want {
			t.Errorf("%s: %d, want %d", n.what, n.got, n.want)
		}
	}
	if got := s.Revenue["USD"]; got != fmt.Sprintf("%.2f", g.value) || got != "5611.00" {
		t.Errorf("revenue %s, want %.2f by brute force and 5611 as published", got, g.value)
	}
}

// equalEvidence compares all neighbours of a product and returns how many there are.
func equalEvidence(t *testing.T, i *instance, recipe, product string, truth *relation) int {
	t.Helper()
	got, _ := i.evidence(recipe, product)
	want := truth.of(product)
	if maps.Equal(got, want) {
		return len(want)
	}
	shown := 0
	for _, other := range largest(want, len(want)) {
		if got[other] != want[other] && shown < 5 {
			t.Errorf("%s of %s: %s counted %g times, want %g", recipe, product, other, got[other], want[other])
			shown++
		}
		delete(got, other)
	}
	for _, other := range largest(got, 5) {
		t.Errorf("%s of %s: %s counted %g times, want none", recipe, product, other, got[other])
	}
	return 0
}

// With the default bounds, what a shop sees is what is there: the true best eight, and true counts.
func TestGA4DefaultBounds(t *testing.T) {
	truth := countGA4(t)
	i := newInstance(t, "--clock", "stream", "--decay.off")
	i.start()
	i.replay("ga4", dataFile(t, ga4File))
	i.settle()
	truth.checkTotals(t, i.stats())
	for _, r := range []struct {
		recipe string
		truth  *relation
		rank   func(from, to string) float64
	}{
		{"viewed_together", truth.viewed, truth.viewed.cosine},
		{"bought_after_viewing", truth.after, truth.after.surprise},
	} {
		var best, most hits
		for _, product := range truth.top {
			counts, order := i.evidence(r.recipe, product)
			ranked := map[string]float64{}
			for other := range r.truth.of(product) {
				ranked[other] = r.rank(product, other)
			}
			best.add(ranked, order)
			most.add(r.truth.of(product), largest(counts, 8))
			for _, other := range largest(ranked, 8) {
				best.compare(counts[other], r.truth.of(product)[other])
			}
			for _, other := range largest(r.truth.of(product), 8) {
				most.compare(counts[other], r.truth.of(product)[other])
			}
		}
		best.report(t, r.recipe+", the best eight by the frame's statistic")
		most.report(t, r.recipe+", the eight of the largest counts")
	}
}

// hits compares answers of eight with the true eight.
type hits struct {
	right, all int
	counted    int
	equal      int     // counts that are right to the last one
	off, worst float64 // sum and maximum of the counts' relative errors
}

// add takes one answer: what stands in the first eight slots is right if its true value is among the eight largest,
// equal values at the border included.
func (h *hits) add(truth map[string]float64, answer []string) {
	best := largest(truth, 8)
	if len(best) == 0 {
		return
	}
	border := truth[best[len(best)-1]] * (1 - 1e-5)
	h.all += len(best)
	for _, id := range answer[:min(len(answer), len(best))] {
		if v, ok := truth[id]; ok && v >= border {
			h.right++
		}
	}
}

// compare takes the count of a product of the true eight; one that is not in the list is missed already.
func (h *hits) compare(got, want float64) {
	if got == 0 {
		return
	}
	off := math.Abs(got-want) / want
	h.counted++
	h.off += off
	h.worst = max(h.worst, off)
	if got == want {
		h.equal++
	}
}

// report fails for less than 0.95 of the true eight, and for counts that are off by more than 5 % on average: of a
// product bought after viewing twice, one order more or less is half of it.
func (h *hits) report(t *testing.T, what string) {
	t.Helper()
	found, off := float64(h.right)/float64(h.all), h.off/float64(h.counted)
	t.Logf("%s: %d of %d there (%.3f); %d of %d counts equal, off by %.1f %% on average, by %.1f %% at most",
		what, h.right, h.all, found, h.equal, h.counted, 100*off, 100*h.worst)
	if found < 0.95 || off > 0.05 {
		t.Errorf("%s: at least 0.95 should be there and the counts be off by at most 5 %%", what)
	}
}

// The same counts with Apache Kafka as the log.
func TestGA4Kafka(t *testing.T) {
	truth := countGA4(t)
	i := newKafkaInstance(t, exact...)
	i.start()
	i.replay("ga4", dataFile(t, ga4File))
	i.settle()
	truth.check(t, i)
}

// The same counts when the engine is killed ten times on the way.
func TestGA4KafkaKilled(t *testing.T) {
	truth := countGA4(t)
	i := newKafkaInstance(t, append(exact, "--snapshot.every", "250ms")...)
	i.start()
	const kills = 10
	feed := newPortions(unpack(t, dataFile(t, ga4File)), kills)
	sender := launch(t, i.dir, "replay", feed, append(i.replayArgs("ga4"), "-")...)
	dice := seeded(t)
	for kill := range kills {
		time.Sleep(time.Duration(300+dice.IntN(900)) * time.Millisecond)
		if !sender.alive() {
			t.Fatalf("the replay has ended before kill %d:\n%s", kill+1, tail(sender.file("log"), 25))
		}
		taken := i.stats().Total
		i.proc.kill()
		feed.kill.Add(1)
		t.Logf("kill %2d with %d events taken, ready again after %s", kill+1, taken, i.start().Round(time.Millisecond))
	}
	if code := sender.wait(t); code != 0 {
		t.Fatalf("replay ended with %d:\n%s", code, tail(sender.file("log"), 10))
	}
	i.settle()
	truth.check(t, i)
}

// seeded returns dice that fall the same way for the same ORRERY_SEED, and says which way they fall now.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := killSeed(t)
	t.Logf("ORRERY_SEED=%d repeats these moments", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
