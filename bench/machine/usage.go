//go:build unix

package machine

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Self returns the CPU time that this process has used, all threads, user and system.
func Self() time.Duration { return usage(syscall.RUSAGE_SELF) }

// ticksPerSecond is the unit of /proc/PID/stat: USER_HZ, which is 100 on every Linux.
const ticksPerSecond = 100

// Process returns the CPU time that a process has used, to 10 ms, exited threads included.
func Process(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("cannot read the CPU time of process %d: %w", pid, err)
	}
	rest := text[bytes.LastIndexByte(text, ')')+1:] // the name may hold anything
	fields := strings.Fields(string(rest))
	if len(fields) < 13 {
		return 0, fmt.Errorf("cannot read the CPU time of process %d: its stat has %d fields", pid, len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("cannot read the CPU time of process %d: %q %q", pid, fields[11], fields[12])
	}
	return time.Duration(user+system) * time.Second / ticksPerSecond, nil
}

// Resident returns the memory of a process that lies in RAM, 0 where the system does not tell.
func Resident(pid int) uint64 {
	kib, ok := strings.CutSuffix(field(fmt.Sprintf("/proc/%d/status", pid), "VmRSS"), " kB")
	if !ok {
		return 0
	}
	n, _ := strconv.ParseUint(kib, 10, 64)
	return n << 10
}

func usage(who int) time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(who, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
