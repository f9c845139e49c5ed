package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/models/slab"
	"orrery/serve"
	"orrery/stream/broker"
	"orrery/stream/snapshot"
)

// A log that cannot be opened (a disk that is mounted read-only, broken files of the broker, a cluster that does not answer) takes events
// away, not frames: those need the state alone, and the newest snapshot has it. So a start answers from there, says so by the check
// log_opens, refuses events with 503, and goes on as ever as soon as the log opens.

// errUnopened is in the errors of a log that cannot be opened now.
var errUnopened = errors.New("the log cannot be opened")

// unopened adds errUnopened to an error that mending the log, and nothing else, makes go away. A cluster that answers and refuses is
// there: what is set up otherwise than it is there is for people to see at once.
func unopened(err error, cluster bool) error {
	var network *net.OpError
	found := errors.As(err, &network)
	switch {
	case err == nil, errors.Is(err, broker.ErrTaken), errors.Is(err, context.Canceled):
		return err // another server has it, or nobody wants it any more
	case found && network.Op == "listen":
		return err // another program has the port
	case cluster && !found && !errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return fmt.Errorf("%w: %w", errUnopened, err)
}

const (
	shutRetry = 2 * time.Second // the first time
	shutMost  = time.Minute     // what it is doubled to
)

// serveShut answers frames from the newest snapshot until the log opens, which again tells, or ctx ends. Where there is no snapshot,
// or another process has its folder, it returns why.
func (n *node) serveShut(ctx context.Context, why error) (again bool, err error) {
	s := &shut{node: node{flags: n.flags, log: n.log}, why: why}
	if err := s.restore(); err != nil {
		return false, errors.Join(why, err)
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.startServer(); err != nil {
		return false, errors.Join(why, err)
	}
	n.log.Error("frames are answered from the newest snapshot, and events are refused: the log cannot be opened",
		"error", why, "snapshot", s.header.Written, "http", "http://"+s.server.Addr().String())
	for rest := shutRetry; ; rest = min(2*rest, shutMost) {
		select {
		case <-ctx.Done():
			return false, nil
		case err := <-s.server.Failed():
			return false, fmt.Errorf("the server failed: %w", err)
		case <-time.After(rest):
		}
		if s.opens(ctx) {
			n.log.Info("the log opens: going on as ever")
			return true, nil
		}
	}
}

// shut is a server without a log.
type shut struct {
	node
	header snapshot.Header
	why    error
}

// opens tries whether the log can be opened.
func (s *shut) opens(ctx context.Context) bool {
	try := &node{flags: s.flags, log: slog.New(slog.DiscardHandler)}
	err := try.openLog(ctx)
	if closed := try.stop(); err == nil {
		err = closed
	}
	return err == nil
}

// restore reads the newest snapshot that can be read.
func (s *shut) restore() (err error) {
	s.memory = startCollector(s.log)
	s.stopsWith("memory ceiling", func(context.Context) error { s.memory.stop(); return nil })
	if s.engine, err = engine.New(s.flags.engine(s.memory.memory)); err != nil {
		return err
	}
	_, ok, err := snapshot.Load(s.flags.snapshotDir(), func(h snapshot.Header) error {
		s.header = h
		s.engine.Seed(h.Seed)
		return nil
	}, s.section, func(f snapshot.File, err error) {
		s.log.Error("passing over a damaged snapshot", "file", f.Path, "error", err)
	})
	if err == nil && !ok {
		err = fmt.Errorf("there is no snapshot in %q to answer from: %w", s.flags.snapshotDir(), os.ErrNotExist)
	}
	if err == nil {
		err = s.converted(s.header.Fingerprint)
	}
	if err != nil {
		return errors.Join(err, s.stop())
	}
	s.engine.Settle()
	return nil
}

// section restores what is the engine's.
func (s *shut) section(i snapshot.Info, r io.Reader) error {
	if !strings.HasPrefix(i.Name, "stream/") {
		var dropped *slab.Dropped
		if err := s.engine.Restore(i.Name, i.Version, r); !errors.As(err, &dropped) {
			return err
		}
		s.log.Warn("going on without a section of the snapshot", "section", i.Name, "because", dropped.Because)
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

func (s *shut) startServer() error {
	cfg, err := s.serverConfig()
	if err != nil {
		return err
	}
	s.server, err = serve.New(cfg, serve.Deps{
		Recommender: s.engine, Social: s.engine, Profiles: s.engine, People: s.engine, Customers: s.engine, Products: s.engine, Statistics: s.engine,
		Recent: s.engine, Quality: s.engine, Catalogue: s.engine,
		Sources: s.flags.Source.sources(),
		Log:     s, Stream: s, Clock: s.clock(),
		Room:    room{s.memory, s.engine},
		Checks:  []serve.Check{{Name: "log_opens", Probe: s.probe}, {Name: "memory", Probe: s.memory.check}},
		Metrics: []func(io.Writer){s.memory.metrics},
	})
	if err != nil {
		return err
	}
	if err := s.server.Start(); err != nil {
		return err
	}
	s.stopsWith("server", s.server.Stop)
	return nil
}

// probe says what is wrong.
func (s *shut) probe() (ok bool, reason string) {
	return false, "the log cannot be opened (" + cause(s.why) + "): frames are answered from the snapshot of " +
		s.header.Written.Format(time.RFC3339) + ", events are refused with 503; it is tried again"
}

// Append implements serve.Log: nothing is taken.
func (s *shut) Append(context.Context, []models.Record) error { return models.ErrStalled }

// Status implements serve.Stream.
func (s *shut) Status() serve.StreamStatus {
	return serve.StreamStatus{Ready: true, SnapshotAge: time.Since(s.header.Written), Err: fmt.Errorf("cannot open the log: %s", cause(s.why))}
}
