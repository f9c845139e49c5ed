package outbox

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whatever is put, read and acknowledged: what is pending is what was put and not acknowledged, in its order, but for the oldest past
// the ring's size, which are counted as lost; and a ring that went through a snapshot goes on as the one it was.
func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Uint64Range(2, 8).Draw(t, "size")
		r := New(2, size)
		var waiting []uint64
		put, lost := uint64(0), uint64(0)
		for _, step := range rapid.SliceOfN(rapid.IntRange(0, 9), 0, 60).Draw(t, "steps") {
			switch {
			case step == 0:
				r = restored(t, r, size)
			case step < 7:
				put++
				r.Put(put, put*put)
				waiting = append(waiting, put)
			default:
				if over := len(waiting) - int(size) + 1; over > 0 {
					waiting, lost = waiting[over:], lost+uint64(over)
				}
				var got []uint64
				next := r.Pending(step, func(record []uint64) {
					if record[1] != record[0]*record[0] {
						t.Fatalf("record %v was torn", record)
					}
					got = append(got, record[0])
				})
				n := min(step, len(waiting))
				if !slices.Equal(got, waiting[:n]) || r.Lost() != lost {
					t.Fatalf("pending %v, lost %d; not %v, %d", got, r.Lost(), waiting[:n], lost)
				}
				if step == 9 {
					r.Acknowledge(next)
					waiting = waiting[n:]
				}
			}
		}
	})
}

func restored(t *rapid.T, r *Ring, size uint64) *Ring {
	var b bytes.Buffer
	frozen := r.Freeze()
	defer frozen.Close()
	if _, err := frozen.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	q := New(2, size)
	if _, err := q.ReadFrom(&b); err != nil {
		t.Fatal(err)
	}
	return q
}
