package slab

import (
	"bytes"
	"io"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

// runtimeYield lets other goroutines run now and then, on machines of few cores.
func runtimeYield(n uint64) {
	if n%500 == 0 {
		runtime.Gosched()
	}
}

// Damaged input is an error or other content, never a panic, and takes no more memory than its own length deserves.
func TestDamagedInput(t *testing.T) {
	var words Words
	words.Grow(2*ChunkWords + 5)
	for i := range words.Len() {
		words.Set(i, i*i)
	}
	var text Text
	for range 30 {
		text.Append(bytes.Repeat([]byte("x"), MaxText))
	}
	whole := func(f io.WriterTo) []byte {
		var b bytes.Buffer
		if _, err := f.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, f := range map[string]struct {
		whole []byte
		read  func(io.Reader) (held uint64, err error)
	}{
		"words": {whole(words.Freeze()), func(r io.Reader) (uint64, error) {
			var w Words
			_, err := w.ReadFrom(r)
			return w.Bytes(), err
		}},
		"text": {whole(text.Freeze()), func(r io.Reader) (uint64, error) {
			var x Text
			_, err := x.ReadFrom(r)
			return x.Bytes(), err
		}},
		"numbers": {whole(Numbers{1, 2, 3}), func(r io.Reader) (uint64, error) {
			n := make(Numbers, 3)
			_, err := n.ReadFrom(r)
			return 24, err
		}},
	} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			b := bytes.Clone(f.whole)
			cut := rapid.OneOf(rapid.Just(len(b)), rapid.IntRange(0, min(len(b), 40)), rapid.IntRange(0, len(b))).Draw(t, "cut")
			b = b[:cut]
			for range rapid.IntRange(0, 3).Draw(t, "flips") {
				if len(b) > 0 {
					bit := rapid.OneOf(rapid.IntRange(0, min(64, 8*len(b))-1), rapid.IntRange(0, 8*len(b)-1)).Draw(t, "bit")
					b[bit/8] ^= 1 << (bit % 8)
				}
			}
			held, err := f.read(bytes.NewReader(b))
			if cut < len(f.whole) && bytes.Equal(b, f.whole[:cut]) && err == nil {
				t.Fatalf("%d of %d bytes were taken for all", cut, len(f.whole))
			}
			if most := uint64(len(b)) + textChunk; held > most {
				t.Fatalf("%d bytes of input take %d bytes of memory", len(b), held)
			}
		}))
	}
}
