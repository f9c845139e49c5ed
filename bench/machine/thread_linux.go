package machine

import (
	"syscall"
	"time"
)

// Thread returns the CPU time that the calling thread has used. The goroutine has to be locked to it.
func Thread() time.Duration { return usage(syscall.RUSAGE_THREAD) }
