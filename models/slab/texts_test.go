package slab

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// Every record has the text that it was given last, while texts move and across a restore in the middle of it.
func TestTextsAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const stride, at = 3, 1
		refs := new(Words)
		x, model := NewTexts(refs, stride, at), map[uint64]string{}
		moves, before := 0, false
		for n := range rapid.IntRange(1, 400).Draw(t, "changes") {
			i := rapid.Uint64Range(0, 200).Draw(t, "record")
			refs.Grow((i + 1) * stride)
			text := ""
			if rapid.IntRange(0, 9).Draw(t, "empty") > 0 {
				text = fmt.Sprintf("%d of %d %s", n, i, bytes.Repeat([]byte("."), rapid.IntRange(0, 30_000).Draw(t, "size")))
			}
			x.Set(i, []byte(text))
			model[i] = text
			if moving := x.before.Load() != nil; moving != before {
				if before = moving; moving {
					moves++
				}
			}
			if rapid.IntRange(0, 49).Draw(t, "restore") == 0 {
				var b bytes.Buffer
				if _, err := Join(refs.Freeze(), x.Freeze()).WriteTo(&b); err != nil {
					t.Fatal(err)
				}
				refs = new(Words)
				x = NewTexts(refs, stride, at)
				if _, err := ReadAll(&b, refs, x); err != nil {
					t.Fatal(err)
				}
			}
			if n%40 == 0 {
				for i := range refs.Len() / stride {
					if got := string(x.Get(i)); got != model[i] {
						t.Fatalf("record %d has %.20q, want %.20q, after %d moves", i, got, model[i], moves)
					}
				}
			}
		}
	})
}

// Memory stays near what the texts need, however often they change.
func TestTextsMemory(t *testing.T) {
	refs := new(Words)
	x := NewTexts(refs, 1, 0)
	const records, size = 2000, 1000
	refs.Grow(records)
	most := uint64(0)
	for n := range records * 50 {
		x.Set(uint64(n*7%records), fmt.Appendf(nil, "%0*d", size, n))
		most = max(most, x.Bytes())
	}
	t.Logf("%d texts of %d B, changed 50 times each: %d B at most, %d at the end", records, size, most, x.Bytes())
	if most > 4*records*size+2*textChunk {
		t.Errorf("%d B are held for %d", most, records*size)
	}
	x.Set(0, []byte("same"))
	dropped := x.dropped
	x.Set(0, []byte("same"))
	if x.dropped != dropped {
		t.Error("the same text was stored again")
	}
}

// Readers find every record's text, one of those it has had, while texts change and move.
func TestTextsReaders(t *testing.T) {
	refs := new(Words)
	x := NewTexts(refs, 1, 0)
	const records = 100
	refs.Grow(records)
	text := func(i uint64, n int) []byte { return bytes.Repeat([]byte{byte(i)}, 10_000+n%100) }
	for i := range uint64(records) {
		x.Set(i, text(i, 0))
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for i := uint64(0); ; i = (i + 1) % records {
				select {
				case <-stop:
					return
				default:
				}
				got := x.Get(i)
				if len(got) < 10_000 || got[0] != byte(i) || got[len(got)-1] != byte(i) {
					t.Errorf("record %d has %d bytes", i, len(got))
					return
				}
				_ = x.Bytes()
			}
		})
	}
	for n := range 4_000 {
		i := uint64(n*n) % records
		x.Set(i, text(i, n))
	}
	close(stop)
	wg.Wait()
	if x.now.Load().generation == 0 {
		t.Error("nothing has moved")
	}
}
