package serve

import (
	"strconv"

	"github.com/valyala/fasthttp"

	"orrery/models"
)

// answerHealth answers GET /healthz: the process is alive. It depends on nothing.
func (s *Server) answerHealth(c *call) *fault {
	return c.end(append(c.begin(), `{"status":"ok"}`+"\n"...))
}

// check is one condition of readiness.
type check struct {
	name   string
	ok     bool
	reason string
}

// checks returns the conditions of readiness.
func (s *Server) checks() []check {
	status := s.deps.Stream.Status()
	lag := strconv.FormatInt(status.Lag, 10) + " records behind"
	caughtUp := check{"caught_up", status.Ready, lag}
	if !status.Ready {
		caughtUp.reason = "still reading the log: " + lag
	}
	moving := check{"stream", status.Err == nil, "moving"}
	if status.Err != nil {
		moving.reason = status.Err.Error()
	}
	behind := check{"lag", s.cfg.MaxLag == 0 || status.Lag <= s.cfg.MaxLag, lag}
	serving := check{"serving", !s.stopping.Load(), "serving"}
	if !serving.ok {
		serving.reason = "shutting down"
	}
	return []check{caughtUp, moving, behind, serving}
}

// answerReady answers GET /readyz: 200 once the models have caught up with the log, 503 before and while shutting down.
// ?verbose lists the conditions.
func (s *Server) answerReady(c *call) *fault {
	checks, verbose, ready := s.checks(), false, true
	for {
		name, _, _, more := c.args.next()
		if !more {
			break
		}
		verbose = verbose || string(name) == "verbose"
	}
	for _, k := range checks {
		ready = ready && k.ok
	}
	if !ready {
		c.ctx.SetStatusCode(fasthttp.StatusServiceUnavailable)
	}
	body := strconv.AppendBool(append(c.begin(), `{"ready":`...), ready)
	if verbose {
		body = append(body, `,"checks":[`...)
		for i, k := range checks {
			if i > 0 {
				body = append(body, ',')
			}
			body = models.AppendString(append(body, `{"name":`...), k.name)
			body = strconv.AppendBool(appendMember(body, "ok"), k.ok)
			body = models.AppendString(appendMember(body, "reason"), k.reason)
			body = append(body, '}')
		}
		body = append(body, ']')
	}
	return c.end(append(body, "}\n"...))
}
