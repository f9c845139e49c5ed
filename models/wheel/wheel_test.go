package wheel

import (
	"testing"

	"pgregory.net/rapid"
)

// Every record that is added comes up once, in the turn that its slot asks for: at the slot itself where it is ahead and within the
// wheel's reach, at the next one where it has passed, and not later than the wheel is large. By steps, and by leaps.
func TestWheel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.SampledFrom([]int64{8, 128}).Draw(t, "slots")
		w, leaps := New(uint64(slots)), rapid.Bool().Draw(t, "leaps")
		if slots >= pageSlots && rapid.Bool().Draw(t, "sparse") {
			w = NewSparse(uint64(slots))
		}
		due, next := map[uint32]int64{}, map[uint32]uint32{}
		for record := uint32(1); record < 40; record++ {
			slot := w.Turn() + rapid.Int64Range(-3, slots+4).Draw(t, "ahead")
			due[record] = min(max(slot, w.Turn()+1), w.Turn()+slots-1)
			next[record] = w.Add(record, slot)
			to := w.Turn() + rapid.Int64Range(0, slots+2).Draw(t, "on")
			reached := to - slots // what is due up to here is looked at whatever came
			look := func(first uint32) {
				for ; first != 0; first = next[first] {
					if at, waits := due[first]; !waits || at > to || !leaps && at < w.Turn() && at > reached {
						t.Fatalf("record %d of slot %d comes up on the way to %d, at %d", first, due[first], to, w.Turn())
					}
					delete(due, first)
				}
			}
			if leaps {
				w.Leap(to, look)
			} else {
				for first, more := w.Step(to); more; first, more = w.Step(to) {
					look(first)
				}
			}
			for left, at := range due {
				if at <= to && at > reached {
					t.Fatalf("record %d of slot %d did not come up until %d", left, at, to)
				}
			}
		}
	})
}
