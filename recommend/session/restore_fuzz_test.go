package session

import (
	"bytes"
	"testing"

	"orrery/models/slab"
)

// FuzzRestore feeds damaged states: each is refused, or walked and written to without a crash.
func FuzzRestore(f *testing.F) {
	x := New(Config{Blocks: 1024, PerItem: 8})
	for i := range uint32(300) {
		add(x, i%7, i%5, i%3, i%11, i%13, i%2, i%4)
	}
	var state bytes.Buffer
	if _, err := slab.Join(x.links.Freeze(), x.Freeze()).WriteTo(&state); err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(9), uint64(1), uint32(40), uint64(1)<<40)
	f.Add(uint32(0), uint64(0), uint32(1), uint64(0))
	f.Fuzz(func(t *testing.T, at uint32, to uint64, at2 uint32, to2 uint64) {
		data := bytes.Clone(state.Bytes())
		for i := range 8 {
			data[(int(at%uint32(len(data)/8))*8+i)%len(data)] = byte(to >> (8 * i))
			data[(int(at2%uint32(len(data)/8))*8+i)%len(data)] = byte(to2 >> (8 * i))
		}
		x := New(Config{Blocks: 1024, PerItem: 8})
		if _, err := slab.ReadAll(bytes.NewReader(data), x.links, x); err != nil {
			return
		}
		w := NewWalker()
		row := Row(to)
		for i := range uint32(40) {
			w.Walk(x, []uint32{i % 14, (i + 1) % 14}, 0)
			if i%6 == 0 && i > 0 {
				row = rowBlock | Row(i)
			}
			if row&rowFirst != 0 {
				row = 0 // an open first click is the caller's, and trusted
			}
			row = x.Click(row, i%20)
		}
	})
}
