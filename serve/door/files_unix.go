//go:build unix

package door

import (
	"os"
	"syscall"
)

// spare is how many files the process may open beside connections: log segments, snapshots, its own Kafka client's.
const spare = 256

// Files returns how many connections there is room for among the files that the process may open, and that limit; 0 where
// there is none. Half of what is left stays where that is less than spare.
func Files() (room, limit int) {
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) != nil || int64(r.Cur) <= 0 || int64(r.Cur) >= 1<<31 {
		return 0, 0
	}
	limit = int(r.Cur)
	left := limit - opened()
	return left - min(spare, left/2), limit
}

// opened returns how many files are open; where that cannot be told, a guess.
func opened() int {
	list, err := os.ReadDir("/dev/fd")
	if err != nil {
		return 32
	}
	return len(list)
}
