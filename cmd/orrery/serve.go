package main

import "context"

// serveCmd runs the engine.
type serveCmd struct{ nodeFlags }

// Run serves until a signal comes.
func (c *serveCmd) Run(ctx context.Context, all *cli) error {
	n := &node{flags: &c.nodeFlags, log: newLog(all.JSON)}
	if err := n.start(ctx); err != nil {
		return err
	}
	n.log.Info("serving", "http", "http://"+n.server.Addr().String(), "kafka", n.cluster.Brokers, "data", absolute(c.DataDir))
	return n.run(ctx)
}
