package serve

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/VictoriaMetrics/metrics"
)

// skips counts what of other platforms' messages has become no event, by platform and reason. Both are words of the program's own,
// so there are few.
type skips struct {
	mu     sync.Mutex
	counts map[string]uint64
}

// Add counts n parts of a platform's messages.
func (s *skips) Add(platform, why string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = map[string]uint64{}
	}
	s.counts[platform+": "+why] += uint64(n)
}

func (s *skips) write(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, why := range slices.Sorted(maps.Keys(s.counts)) {
		metrics.WriteCounterUint64(w, fmt.Sprintf("orrery_dropped_total{what=%q,why=%q}", "message", why), s.counts[why])
	}
}
