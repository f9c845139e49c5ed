package slab

import (
	"bytes"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// Every text is found again under its Ref, before and after a snapshot that was taken while more came in.
func TestTextAgainstSlices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x Text
		var texts [][]byte
		var refs []Ref
		add := func(n int) {
			for range n {
				size := rapid.OneOf(rapid.IntRange(0, 50), rapid.IntRange(MaxText-2, MaxText)).Draw(t, "size")
				b := bytes.Repeat([]byte{byte(len(texts))}, size)
				texts, refs = append(texts, bytes.Clone(b)), append(refs, x.Append(b))
				clear(b) // the text is a copy
			}
		}
		same := func(x *Text, n int) {
			for i, r := range refs[:n] {
				if !bytes.Equal(x.Get(r), texts[i]) || !x.Holds(r) {
					t.Fatalf("text %d of %d bytes is not under its ref", i, len(texts[i]))
				}
			}
		}
		n := rapid.IntRange(0, 40).Draw(t, "before")
		add(n)
		frozen := x.Freeze()
		add(rapid.IntRange(0, 40).Draw(t, "after"))
		same(&x, len(refs))

		var b bytes.Buffer
		if _, err := frozen.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		var y Text
		if _, err := y.ReadFrom(&b); err != nil {
			t.Fatal(err)
		}
		same(&y, n)
		for i := n; i < len(refs); i++ {
			r := y.Append(texts[i]) // goes on as the original did
			if r != refs[i] || !bytes.Equal(y.Get(r), texts[i]) {
				t.Fatalf("after the restore text %d is %x, not %x", i, r, refs[i])
			}
		}
		if y.Size() != x.Size() || y.Bytes() != x.Bytes() {
			t.Fatalf("%d and %d bytes, want %d and %d", y.Size(), y.Bytes(), x.Size(), x.Bytes())
		}
	})
}

func TestTextHolds(t *testing.T) {
	var x Text
	r := x.Append([]byte("abc"))
	f := func(r Ref, want bool) {
		t.Helper()
		if got := x.Holds(r); got != want {
			t.Errorf("Holds(%x) = %v", uint64(r), got)
		}
	}
	f(0, true)
	f(r, true)
	f(r+1, false)
	f(r+1<<lenBits, false)
	f(textChunk<<lenBits|3, false)
	f(^Ref(0), false)
}

// Texts are read while more come in: a Ref that a reader got through a word names bytes that it can see.
func TestTextReaders(t *testing.T) {
	var x Text
	var refs Words
	const texts = 5000
	refs.Grow(texts)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for i := uint64(0); i < texts; {
				r := Ref(refs.Load(i))
				if r == 0 {
					runtimeYield(0)
					continue
				}
				for _, c := range x.Get(r) {
					if c != byte(i) {
						t.Errorf("text %d has byte %d", i, c)
						return
					}
				}
				_ = x.Bytes()
				i++
			}
		})
	}
	buf := make([]byte, 1000)
	for i := range uint64(texts) {
		for k := range buf {
			buf[k] = byte(i)
		}
		refs.Set(i, uint64(x.Append(buf)))
	}
	wg.Wait()
}

func TestParts(t *testing.T) {
	var w Words
	w.Grow(10)
	w.Set(3, 33)
	var x Text
	r := x.Append([]byte("abc"))
	parts := Join(Numbers{7, 8}, w.Freeze(), x.Freeze())
	var b bytes.Buffer
	if n, err := parts.WriteTo(&b); err != nil || n != int64(b.Len()) {
		t.Fatalf("wrote %d of %d bytes: %v", n, b.Len(), err)
	}
	parts.Close()
	if _, err := parts.WriteTo(&b); err == nil {
		t.Fatal("parts were written twice")
	}
	var w2 Words
	var x2 Text
	n := make(Numbers, 2)
	if _, err := ReadAll(&b, n, &w2, &x2); err != nil {
		t.Fatal(err)
	}
	if n[0] != 7 || n[1] != 8 || w2.Load(3) != 33 || string(x2.Get(r)) != "abc" {
		t.Fatalf("read back %v, %d, %q", n, w2.Load(3), x2.Get(r))
	}
	if _, err := ReadAll(&b, n, &w2, &x2); err == nil {
		t.Fatal("read more than was written")
	}
}
