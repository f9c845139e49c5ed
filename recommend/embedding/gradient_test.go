package embedding

import (
	"maps"
	"math"
	"slices"
	"testing"
)

// problem is a trainer with a batch of sessions of several lengths and a loss that is linear in the sessions' vectors.
func problem() (t *Trainer, loss func() float64, pull []vector) {
	t = NewTrainer(Config{Negatives: 16})
	t.config.Drop, t.config.Fade = 0, 0
	for _, clicks := range [][]uint32{{1, 2, 3}, {4, 5, 4, 6, 7, 1, 2, 8, 9, 3, 1, 4, 5, 6, 9, 2}, {3, 3}, {8, 1, 2, 6, 9}, {2, 5}} {
		for _, item := range clicks {
			t.see(item)
		}
		t.add(clicks)
	}
	for i := range t.v.params {
		t.v.params[i] += 0.1 * float32(int64(t.random())) / (1 << 63)
	}
	t.v.params[likeAt] = 0 // as it stays: the newest click is like itself
	pull = make([]vector, len(t.batch.examples))
	for k := range pull {
		for d := range pull[k] {
			pull[k][d] = float32(int64(t.random())) / (1 << 63)
		}
	}
	return t, func() float64 {
		t.batch.forward(t)
		sum := 0.0
		for k := range pull {
			for d, v := range row(t.batch.sums, k) {
				sum += float64(v) * float64(pull[k][d])
			}
		}
		return sum
	}, pull
}

func TestGradientsEqualDifferences(t *testing.T) {
	tr, loss, pull := problem()
	b := &tr.batch
	loss()
	for k := range pull {
		*row(b.dSums, k) = pull[k]
	}
	g := make(params, paramLen)
	b.backward(tr, g)
	items := map[uint32]*vector{}
	for i, item := range b.clicks {
		if items[item] == nil {
			items[item] = new(vector)
		}
		axpy(1, row(b.dItems, i), items[item])
	}
	worst := func(name string, at *float32, want float32) {
		const by = 1e-3
		was, mid := *at, loss()
		*at = was + by
		right := (loss() - mid) / by
		*at = was - by
		left := (mid - loss()) / by
		*at = was
		// Where a hidden unit begins to fire within the step the two differ, and the gradient is one of them or between.
		near := 0.003 + 0.005*math.Abs(left+right)
		if got := float64(want); got < min(left, right)-near || got > max(left, right)+near {
			t.Errorf("%s: gradient %.4f; differences say %.4f and %.4f", name, want, left, right)
		}
	}
	names := []struct {
		name     string
		from, to int
	}{
		{"age", ageAt, likeAt}, {"like", likeAt + 1, lastAt}, {"last", lastAt, queryAt}, {"query", queryAt, keyAt}, {"key", keyAt, placeAt},
		{"place", placeAt, outAt}, {"out", outAt, paramLen},
	}
	for _, n := range names {
		for range 12 {
			at := n.from + int(tr.random()%uint64(n.to-n.from))
			worst(n.name, &tr.v.params[at], g[at])
		}
	}
	for _, item := range slices.Sorted(maps.Keys(items)) {
		d := items[item]
		for range 4 {
			at := tr.random() % Dim
			worst("item", &tr.v.items[item][at], d[at])
		}
	}
}

func TestReadersEncodeAsTheTrainer(t *testing.T) {
	tr, loss, _ := problem()
	loss()
	for k, e := range tr.batch.examples {
		var s vector
		tr.v.Session(&s, append([]uint32{77}, tr.batch.clicks[e.from:e.to]...))
		for d, v := range row(tr.batch.sums, k) {
			if math.Abs(float64(s[d]-v)) > 1e-4 {
				t.Fatalf("example %d, dimension %d: readers %g, trainer %g", k, d, s[d], v)
			}
		}
	}
}
