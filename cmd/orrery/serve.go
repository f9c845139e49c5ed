package main

import (
	"context"
	"errors"
)

// serveCmd runs the engine.
type serveCmd struct{ nodeFlags }

// Run serves until a signal comes.
func (c *serveCmd) Run(ctx context.Context, all *cli) error {
	n := &node{flags: &c.nodeFlags, log: newLog(all.JSON)}
	err := n.start(ctx)
	if errors.Is(err, errUnopened) {
		if again, err := n.serveShut(ctx, err); !again {
			return err
		}
		err = n.start(ctx)
	}
	if err != nil {
		return err
	}
	n.log.Info("serving", "http", "http://"+n.server.Addr().String(), "kafka", n.cluster.Brokers, "data", absolute(c.DataDir))
	return n.run(ctx)
}
