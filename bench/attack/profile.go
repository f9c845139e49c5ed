package attack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"orrery/bench/child"
)

// profile keeps profiles of the server in the last third of a phase: what its heap holds, and where its time goes. That costs
// some percent, so no bar is judged by a run that does it.
func (x *run) profile(ctx context.Context, phase string) <-chan error {
	done := make(chan error, 1)
	if x.cfg.Profile == "" {
		done <- nil
		return done
	}
	file := x.cfg.Profile + "." + strings.ReplaceAll(phase, " ", "-") + "."
	go func() {
		select {
		case <-time.After(x.cfg.For * 2 / 3):
		case <-ctx.Done():
		}
		seconds := max(1, int(x.cfg.For.Seconds()/4))
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Duration(seconds)*time.Second+time.Minute)
		defer cancel()
		take := func(name, path string) error {
			raw, err := child.Get(ctx, "bench:"+x.node.Token+"@"+x.node.Admin, path)
			if err != nil {
				return err
			}
			return os.WriteFile(file+name, raw, 0o644)
		}
		done <- errors.Join(
			take("metrics", "/metrics"),
			take("heap", "/debug/pprof/heap"),
			take("goroutines", "/debug/pprof/goroutine?debug=1"),
			take("trace", "/debug/pprof/trace?seconds=3"),
			take("cpu", fmt.Sprintf("/debug/pprof/profile?seconds=%d", seconds)),
		)
	}()
	return done
}
