package serve

import (
	"fmt"
	"io"
	"strconv"

	"github.com/VictoriaMetrics/metrics"

	"orrery/models"
)

// Check is a condition that the operator should know of. /readyz?verbose, the metric orrery_check and the dashboard name it.
type Check struct {
	// Name is in snake case, and stays: alerts are written with it.
	Name string
	// Probe tells whether the condition holds, and why not. Any goroutine may call it, about once a second: it reads what
	// is known and measures nothing.
	Probe func() (ok bool, reason string)
	// Fatal takes readiness away while the condition does not hold: no frame can be answered then. Whatever leaves the
	// frames alone (a full disk, a broken log) is not fatal.
	Fatal bool
}

// checked is what a check has found.
type checked struct {
	name   string
	ok     bool
	fatal  bool
	reason string
}

// checks looks at every condition: the server's own first, then those of Deps.Checks.
func (s *Server) checks() []checked {
	list := s.ownChecks()
	for _, c := range s.deps.Checks {
		ok, reason := c.Probe()
		if ok && reason == "" {
			reason = "ok"
		}
		list = append(list, checked{c.Name, ok, c.Fatal, reason})
	}
	return list
}

// ownChecks are the conditions that the server sees by itself.
func (s *Server) ownChecks() []checked {
	status := s.deps.Stream.Status()
	lag := strconv.FormatInt(status.Lag, 10) + " records behind"
	caughtUp := checked{"caught_up", status.Ready, true, lag}
	if !status.Ready {
		caughtUp.reason = "still reading the log: " + lag
	}
	// Frames are answered from memory: a log that cannot be read makes them older, not wrong.
	moving := checked{"log", status.Err == nil, false, "moving"}
	if status.Err != nil {
		moving.reason = status.Err.Error()
	}
	// What open transactions hold back nobody can read: another instance would be as far behind.
	behind := checked{"lag", s.cfg.MaxLag == 0 || status.Lag-status.Held <= s.cfg.MaxLag, true, lag}
	if status.Held > 0 {
		behind.reason += ", of which open transactions hold back " + strconv.FormatInt(status.Held, 10)
	}
	serving := checked{"serving", !s.stopping.Load(), true, "serving"}
	if !serving.ok {
		serving.reason = "shutting down"
	}
	proxy := checked{name: "proxy"}
	proxy.ok, proxy.reason = s.hidden.probe()
	return []checked{caughtUp, moving, behind, serving, proxy}
}

// appendCheck appends a check as an object.
func appendCheck(dst []byte, k *checked) []byte {
	dst = models.AppendString(append(dst, `{"name":`...), k.name)
	dst = strconv.AppendBool(appendMember(dst, "ok"), k.ok)
	dst = strconv.AppendBool(appendMember(dst, "fatal"), k.fatal)
	dst = models.AppendString(appendMember(dst, "reason"), k.reason)
	return append(dst, '}')
}

// appendFailing appends an array of the checks that do not hold.
func appendFailing(dst []byte, list []checked) []byte {
	dst = append(dst, '[')
	for i := range list {
		if list[i].ok {
			continue
		}
		if dst[len(dst)-1] != '[' {
			dst = append(dst, ',')
		}
		dst = appendCheck(dst, &list[i])
	}
	return append(dst, ']')
}

// writeChecks writes orrery_check and the gauge of readiness.
func writeChecks(w io.Writer, list []checked) {
	ready := uint64(1)
	for _, k := range list {
		ok := uint64(1)
		if !k.ok {
			ok = 0
			if k.fatal {
				ready = 0
			}
		}
		metrics.WriteGaugeUint64(w, fmt.Sprintf("orrery_check{name=%q}", k.name), ok)
	}
	metrics.WriteGaugeUint64(w, "orrery_ready", ready)
}
