package stream

import (
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// kgoLog hands the client's warnings and errors on.
type kgoLog struct{ log *slog.Logger }

func (kgoLog) Level() kgo.LogLevel { return kgo.LogLevelWarn }

func (l kgoLog) Log(level kgo.LogLevel, msg string, keyvals ...any) {
	if level == kgo.LogLevelError {
		l.log.Error("kafka client: "+msg, keyvals...)
		return
	}
	l.log.Warn("kafka client: "+msg, keyvals...)
}

// backoff is how long the client waits after its n-th failure in a row: 50 ms doubled up to 2 s. The client's own
// default starts at 250 ms and ends at 5 s; the embedded broker is back within milliseconds, and a frame that waits for
// its events should not wait longer than that.
func backoff(n int) time.Duration {
	const first, last = 50 * time.Millisecond, 2 * time.Second
	if n > 6 {
		return last
	}
	return min(first<<max(n-1, 0), last)
}
