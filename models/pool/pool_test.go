package pool

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// Whatever is taken and given back: no record is given twice, none beyond the limit, each comes empty and keeps what is written
// to it, and a pool that went through a snapshot goes on as the one it was.
func TestPool(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Uint64Range(1, 20).Draw(t, "limit")
		p, have := New(3, limit), map[uint32]uint64{}
		for _, step := range rapid.SliceOfN(rapid.Uint64Range(0, 99), 0, 100).Draw(t, "steps") {
			if step == 0 {
				p = restored(t, p, limit)
			}
			if step%3 == 0 {
				for record := range have {
					p.Give(record)
					delete(have, record)
					break
				}
				continue
			}
			record := p.Take()
			if full := uint64(len(have)) == limit; full != (record == 0) {
				t.Fatalf("record %d with %d of %d in use", record, len(have), limit)
			}
			if record == 0 {
				continue
			}
			if _, twice := have[record]; twice || p.Get(record, 0)|p.Get(record, 1)|p.Get(record, 2) != 0 {
				t.Fatalf("record %d is in use, or not empty", record)
			}
			have[record] = step
			p.Set(record, 2, step)
		}
		for record, value := range have {
			if got := p.Get(record, 2); got != value {
				t.Fatalf("record %d holds %d, not %d", record, got, value)
			}
		}
		if p.Used() != uint64(len(have)) {
			t.Fatalf("%d in use, not %d", p.Used(), len(have))
		}
	})
}

func restored(t *rapid.T, p *Pool, limit uint64) *Pool {
	var b bytes.Buffer
	frozen := p.Freeze()
	defer frozen.Close()
	if _, err := frozen.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	q := New(3, limit)
	if _, err := q.ReadFrom(&b); err != nil {
		t.Fatal(err)
	}
	return q
}
