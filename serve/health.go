package serve

import (
	"strconv"

	"github.com/valyala/fasthttp"
)

// answerHealth answers GET /healthz: the process is alive. It depends on nothing.
func (s *Server) answerHealth(c *call) *fault {
	return c.end(append(c.begin(), `{"status":"ok"}`+"\n"...))
}

// answerReady answers GET /readyz: 200 once the models have caught up with the log, 503 before and while shutting down.
// ?verbose lists all conditions, those too that take no readiness away.
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
		ready = ready && (k.ok || !k.fatal)
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
			body = appendCheck(body, &k)
		}
		body = append(body, ']')
	}
	return c.end(append(body, "}\n"...))
}
