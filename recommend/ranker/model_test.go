package ranker

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

func someRows(n int, random *rand.Rand) []Row {
	rows := make([]Row, n)
	for i := range rows {
		for f := range rows[i] {
			if random.IntN(3) > 0 {
				rows[i][f] = random.Float32()
			}
		}
	}
	return rows
}

func loss(w *Weights, rows []Row, positive int) float64 {
	scores := make([]float32, len(rows))
	w.Score(rows, scores)
	sum := 0.0
	for _, v := range scores {
		sum += math.Exp(float64(v))
	}
	return math.Log(sum) - float64(scores[positive])
}

// Adagrad's first step divides the gradient by its own length, almost: its sign and, from the accumulator, its size must
// be those of the loss's difference quotient.
func TestLearnFollowsTheGradient(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	rows := someRows(7, random)
	m := NewBlank()
	for i := range m.Linear {
		m.Linear[i] = random.Float32() - 0.5
	}
	before := m.Weights
	if got, want := float64(m.step(rows, 3)), loss(&before, rows, 3); math.Abs(got-want) > 1e-4 {
		t.Errorf("loss %g; want %g", got, want)
	}
	check := func(name string, v *float32, sum float32) {
		t.Helper()
		const h = 2e-3
		old := *v
		*v = old + h
		up := loss(&before, rows, 3)
		*v = old - h
		down := loss(&before, rows, 3)
		*v = old
		if middle := loss(&before, rows, 3); math.Abs(up+down-2*middle) > 2e-5 {
			return // a rectified unit bends between the two
		}
		want := (up - down) / (2 * h)
		got := math.Sqrt(max(0, float64(sum)-startSum))
		if math.Abs(got-math.Abs(want)) > 0.02*(0.05+math.Abs(want)) {
			t.Errorf("%s: gradient of size %g; want %g", name, got, want)
		}
	}
	for f := range Features {
		check("linear", &before.Linear[f], m.squares.Linear[f])
	}
	for j := range Hidden {
		check("out", &before.Out[j], m.squares.Out[j])
		check("bias", &before.Bias[j], m.squares.Bias[j])
		check("in", &before.In[5][j], m.squares.In[5][j])
	}
}

func TestLearnsWhatPredicts(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	m := NewBlank()
	first, last := 0.0, 0.0
	for q := range 2000 {
		rows := someRows(20, random)
		best := 0
		for i := range rows {
			if rows[i][4] > rows[best][4] {
				best = i
			}
		}
		l := float64(m.Learn(rows, best))
		if q < 200 {
			first += l
		} else if q >= 1800 {
			last += l
		}
	}
	if last > first/3 {
		t.Errorf("mean loss went from %.2f to %.2f only", first/200, last/200)
	}
}

func TestRestore(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	m := NewModel()
	for range replayed + 80 { // so that some examples have taken the place of others
		m.Learn(someRows(10, random), 2)
	}
	var state bytes.Buffer
	if _, err := m.WriteTo(&state); err != nil {
		t.Fatal(err)
	}
	short := state.Bytes()[:state.Len()-1]
	if err := NewModel().Restore(bytes.NewReader(short)); err == nil {
		t.Error("a state cut short was restored")
	}
	back := NewModel()
	if err := back.Restore(&state); err != nil {
		t.Fatal(err)
	}
	rows := someRows(10, random)
	m.Learn(rows, 1)
	back.Learn(rows, 1)
	if m.Weights != back.Weights || m.Mean() != back.Mean() || m.Learned() != back.Learned() {
		t.Error("the restored model learns something else")
	}
}

// Every example is followed by steps on the newest ones, which are what they were but for the rounding.
func TestReplay(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	m := NewBlank()
	rows := someRows(10, random)
	m.Learn(rows, 3)
	if m.Learned() != 1 || m.steps != 1+replays {
		t.Errorf("%d examples and %d steps after the first", m.Learned(), m.steps)
	}
	same := NewBlank()
	for range 1 + replays {
		same.step(rows, 3)
	}
	for f, v := range m.Linear {
		if d := math.Abs(float64(v - same.Linear[f])); d > 1e-3 {
			t.Errorf("feature %d: the weight is %g after replays of one example, %g after steps on it", f, v, same.Linear[f])
		}
	}
}

func TestLogOf(t *testing.T) {
	for x := float32(1e-4); x < 1e6; x *= 1.01 {
		if d := math.Abs(float64(logOf(x)) - math.Log(float64(x))); d > 1e-3 {
			t.Fatalf("ln %g is off by %g", x, d)
		}
	}
}

func BenchmarkScore(b *testing.B) {
	rows := someRows(100, rand.New(rand.NewPCG(1, 1)))
	m, scores := NewModel(), make([]float32, 100)
	b.ReportAllocs()
	for b.Loop() {
		m.Score(rows, scores)
	}
}

func BenchmarkLearn(b *testing.B) {
	rows := someRows(100, rand.New(rand.NewPCG(1, 1)))
	m := NewModel()
	b.ReportAllocs()
	for b.Loop() {
		m.Learn(rows, 1)
	}
}
