package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"time"
)

// spare paces work that can wait, so that frames and events never do: it works in slices that are short against a frame's
// time on the network, and rests in between by how busy the machine is. (A thread of low priority would be the kernel's
// own means, and the wrong one inside a Go process: while it waits for its turn, what the collector stops the world for
// waits as well, and so does one of the two places where goroutines run on a machine of two cores.)
type spare struct {
	read func() (idle, all uint64, ok bool) // CPU time of the machine
	pace pace

	idle, all uint64
	looked    time.Time
	share     float64 // of one core
	began     time.Time
}

// pace is how much of one core work may take.
type pace struct {
	least  float64 // of a machine that has nothing to spare
	most   float64 // however much is idle
	ofIdle float64 // share of what is idle
	blind  float64 // where the machine does not tell
}

var (
	trainingPace = pace{least: 0.01, most: 0.25, ofIdle: 0.25, blind: 0.05}
	// The demo stays below a tenth of a core, with the shop's life, from the first minute on.
	demoPace = pace{least: 0.01, most: 0.05, ofIdle: 0.25, blind: 0.05}
	// A snapshot is to be on disk before the next is due, and for as long as it is written the stream copies what it changes.
	savingPace = pace{least: 0.2, most: 1, ofIdle: 0.5, blind: 0.5}
)

const (
	spareSlice = 500 * time.Microsecond
	spareLook  = 200 * time.Millisecond // between two looks at the machine

	// spareLongest is what a slice counts as at most: if it took longer, most of it was waiting, for a core or a disk.
	spareLongest = 4 * spareSlice
)

func newSpare(p pace) *spare { return &spare{read: machineTime, pace: p, share: p.least} }

// pause rests when the slice is over. It is called again and again from within the work.
func (s *spare) pause() {
	now := time.Now()
	if worked := now.Sub(s.began); worked >= spareSlice {
		s.look(now)
		if s.share < 1 {
			time.Sleep(time.Duration(float64(min(worked, spareLongest)) * (1/s.share - 1)))
		}
		s.began = time.Now()
	}
}

// look works the share out anew.
func (s *spare) look(now time.Time) {
	if now.Sub(s.looked) < spareLook {
		return
	}
	idle, all, ok := s.read()
	switch {
	case !ok:
		s.share = s.pace.blind
	case all > s.all && s.all > 0 && idle >= s.idle:
		free := float64(idle-s.idle) / float64(all-s.all) * float64(runtime.NumCPU())
		s.share = min(max(s.pace.ofIdle*free, s.pace.least), s.pace.most)
	}
	s.idle, s.all, s.looked = idle, all, now
}

// machineTime returns the CPU time of all cores since the machine started, and how much of it was idle, as Linux tells.
func machineTime() (idle, all uint64, ok bool) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, false
	}
	return readMachineTime(stat)
}

// readMachineTime reads the line "cpu  user nice system idle iowait irq softirq steal ...".
func readMachineTime(stat []byte) (idle, all uint64, ok bool) {
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 9 || string(fields[0]) != "cpu" {
		return 0, 0, false
	}
	for i, f := range fields[1:9] {
		n, err := strconv.ParseUint(string(f), 10, 64)
		if err != nil {
			return 0, 0, false
		}
		all += n
		if i == 3 || i == 4 { // waiting for a disk is idle as well
			idle += n
		}
	}
	return idle, all, true
}
