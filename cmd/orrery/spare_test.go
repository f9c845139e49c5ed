package main

import (
	"math"
	"runtime"
	"testing"
	"time"
)

// The share follows what the machine has to spare, within its bounds.
func TestSpareShare(t *testing.T) {
	p := pace{least: 0.01, most: 0.25, ofIdle: 0.25, blind: 0.05}
	cores := float64(runtime.NumCPU())
	var idle, all uint64 = 1000, 4000
	s := &spare{read: func() (uint64, uint64, bool) { return idle, all, true }, pace: p, share: p.least}
	now := time.Now()
	s.look(now)
	for _, c := range []struct {
		free uint64 // of 1,000
		want float64
	}{{0, p.least}, {40, 0.04 * cores * p.ofIdle}, {1000, min(cores*p.ofIdle, p.most)}, {0, p.least}} {
		idle, all, now = idle+c.free, all+1000, now.Add(spareLook)
		s.look(now)
		if want := min(max(c.want, p.least), p.most); math.Abs(s.share-want) > 1e-9 {
			t.Errorf("with %d of 1000 idle the share is %v, want %v", c.free, s.share, want)
		}
	}
	idle += 1000 // too early for another look
	if s.look(now.Add(spareLook / 2)); s.share != p.least {
		t.Errorf("a look too early changed the share to %v", s.share)
	}
	s.read = func() (uint64, uint64, bool) { return 0, 0, false }
	if s.look(now.Add(spareLook)); s.share != p.blind {
		t.Errorf("a machine that does not tell gets %v", s.share)
	}
}

func TestReadMachineTime(t *testing.T) {
	idle, all, ok := readMachineTime([]byte("cpu  10 2 5 700 30 1 2 3 4 5\ncpu0 1 2 3\n"))
	if idle != 730 || all != 753 || !ok {
		t.Errorf("%d of %d, %t", idle, all, ok)
	}
	for _, bad := range []string{"", "cpu 1 2 3", "intr 1 2 3 4 5 6 7 8 9", "cpu a b c d e f g h"} {
		if _, _, ok := readMachineTime([]byte(bad)); ok {
			t.Errorf("%q was understood", bad)
		}
	}
}
