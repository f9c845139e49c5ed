package broker

import (
	"context"
	"log/slog"
	"time"
)

func (b *Broker) upkeepLoop(ctx context.Context) {
	if b.cfg.Upkeep < 0 {
		return
	}
	tick := time.NewTicker(b.cfg.Upkeep)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func repair(dir string, log *slog.Logger) error { return nil }
