package embedding

import (
	"bytes"
	"io"
	"slices"
	"testing"
)

func TestTrainingGoesOnFromARestoredState(t *testing.T) {
	x := shelves()
	from, to := x.Range()
	half := from + (to-from)/2
	c := Config{Epochs: 1, Negatives: 64}
	one := NewTrainer(c)
	one.Train(x, from, half, nil)
	published := one.Vectors()
	var b bytes.Buffer
	n, err := published.WriteTo(&b)
	if err != nil || n != int64(b.Len()) {
		t.Fatalf("%d bytes of %d: %v", n, b.Len(), err)
	}
	state := slices.Clone(b.Bytes())
	var restored Vectors
	if n, err := restored.ReadFrom(io.MultiReader(&b, bytes.NewReader([]byte{1}))); err != nil || n != int64(len(state)) {
		t.Fatalf("read %d bytes of %d: %v", n, len(state), err)
	}
	if restored.Learned() != half || !same(&restored, published) {
		t.Error("the restored vectors differ")
	}
	other := Resume(c, &restored)
	one.Train(x, half+1, to, nil)
	other.Train(x, half+1, to, nil)
	if !same(one.Vectors(), other.Vectors()) {
		t.Error("training went on differently")
	}
	if same(one.Vectors(), published) {
		t.Error("published vectors changed")
	}
	for _, cut := range []int{0, 7, headWords * 8, len(state) / 2, len(state) - 1} {
		if _, err := new(Vectors).ReadFrom(bytes.NewReader(state[:cut])); err == nil {
			t.Errorf("a state cut at %d was accepted", cut)
		}
	}
	state[8]++
	if _, err := new(Vectors).ReadFrom(bytes.NewReader(state)); err == nil {
		t.Error("a state of other dimensions was accepted")
	}
}

func same(a, b *Vectors) bool {
	return slices.Equal(a.items, b.items) && slices.Equal(a.params, b.params) && slices.Equal(a.squares, b.squares) &&
		slices.Equal(a.counts, b.counts) && slices.Equal(a.steps.mean, b.steps.mean) && a.seed == b.seed
}
