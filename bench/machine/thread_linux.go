package machine

import (
	"syscall"
	"time"
	"unsafe"
)

// threadClock is CLOCK_THREAD_CPUTIME_ID. It counts to the nanosecond where getrusage, on some kernels, moves only with
// the timer's ticks of some milliseconds, in which a short stage is lost.
const threadClock = 3

// Thread returns the CPU time that the calling thread has used. The goroutine has to be locked to it.
func Thread() time.Duration {
	var at syscall.Timespec
	if _, _, e := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&at)), 0); e != 0 {
		return 0
	}
	return time.Duration(at.Nano())
}
