//go:build unix && !linux

package machine

import "time"

// Thread returns the CPU time that the process has used: this system does not tell threads apart.
func Thread() time.Duration { return Self() }
