package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/serve"
	"orrery/stream"
	"orrery/stream/broker"
)

// node is a running engine: broker (or a cluster), writer, pipeline, server. Parts start in the order of the fields and
// stop in the reverse one.
type node struct {
	flags   *nodeFlags
	log     *slog.Logger
	demo    bool // the server shows the simulated shop's pages
	cluster stream.Cluster

	broker   *broker.Broker // nil with a cluster
	writer   *stream.Writer
	backlog  *stream.Backlog
	engine   *engine.Engine
	pipeline *stream.Pipeline
	trainer  *trainer
	fitter   *fitter
	scores   *announcer
	eraser   *eraser
	keeper   *keeper // nil without --history.days
	watch    *watch
	bridge   *stream.Bridge // nil without --kafka.map
	memory   *collector
	server   *serve.Server
	feeds    feeds

	stops []stop
}

// stop is how a started part is stopped.
type stop struct {
	name string
	do   func(context.Context) error
}

// stopTimeout bounds a graceful stop: the snapshot of a large state included.
const stopTimeout = 60 * time.Second

func (n *node) stopsWith(name string, do func(context.Context) error) {
	n.stops = append(n.stops, stop{name, do})
}

// step runs one part of the start and logs how long it took.
func (n *node) step(name string, do func() error) error {
	began := time.Now()
	if err := do(); err != nil {
		return fmt.Errorf("cannot start the %s: %w", name, err)
	}
	n.log.Info("started", "part", name, "took", time.Since(began).Round(time.Millisecond))
	return nil
}

// start brings everything up to the server and returns while the pipeline may still be catching up. What has started is
// stopped again when a later part fails.
func (n *node) start(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, n.stop())
		}
	}()
	if err := n.reachLog(ctx); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		do   func() error
	}{
		{"writer", n.startWriter},
		{"pipeline", func() error { return n.openPipeline(ctx) }},
		{"learners", n.startLearners},
		{"bridge", n.startBridge},
		{"server", n.startServer},
		{"feeds", n.startFeeds},
	} {
		if err := n.step(part.name, part.do); err != nil {
			return err
		}
	}
	return nil
}

// reachLog starts what is needed to follow the log: broker, or the way to a cluster, and topics.
func (n *node) reachLog(ctx context.Context) error {
	if err := n.flags.validate(); err != nil {
		return err
	}
	if err := keepApart(n.flags.DataDir, n.demo); err != nil {
		return err
	}
	for _, name := range shown(os.Args[1:]) {
		n.log.Warn("a secret on the command line stands in the list of processes", "flag", "--"+name, "better", envName(name))
	}
	keepPrivate(n.flags.DataDir, n.log)
	n.memory = startCollector(n.log)
	n.stopsWith("memory ceiling", func(context.Context) error { n.memory.stop(); return nil })
	return n.openLog(ctx)
}

// openLog opens the broker, or the way to a cluster, and makes the topics.
func (n *node) openLog(ctx context.Context) (err error) {
	if n.cluster, err = n.flags.Cluster.cluster(); err != nil {
		return err
	}
	n.cluster.Log = n.log
	if n.flags.Cluster.security().Bare() {
		n.log.Warn("kafka.sasl: PLAIN without --kafka.tls sends the password for all on the network to read")
	}
	if len(n.cluster.Brokers) == 0 {
		if err := n.step("broker", n.startBroker); err != nil {
			return unopened(err, false)
		}
	}
	return unopened(n.step("topics", func() error { return n.ensureTopics(ctx) }), n.broker == nil)
}

func (n *node) startBroker() (err error) {
	if err := os.MkdirAll(n.flags.brokerDir(), 0o700); err != nil {
		return err
	}
	n.broker, err = broker.Start(broker.Config{
		Dir: n.flags.brokerDir(), Listen: n.flags.Kafka, Unsynced: n.flags.Unsynced, Group: n.flags.Group, MaxBytes: int64(n.flags.Quota), Log: n.log,
	})
	if err != nil {
		return err
	}
	if !serve.OnLoopback(n.flags.Kafka) {
		n.log.Warn("the embedded broker is open to the network: whoever reaches it reads and writes every event without a key", "kafka.listen", n.flags.Kafka)
	}
	n.stopsWith("broker", func(context.Context) error { return n.broker.Close() })
	n.cluster.Brokers = []string{n.broker.Addr()}
	return nil
}

func (n *node) ensureTopics(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if _, err := stream.EnsureTopics(ctx, n.cluster, n.flags.Topics.topics()); err != nil {
		return err
	}
	return n.ensureRetention(ctx)
}

// ensureRetention has topics that were there keep events as kafka.retention says: those of the embedded broker, which are
// nobody else's. Of others it says where they do not, since whoever looks after the cluster may have wanted it so.
func (n *node) ensureRetention(ctx context.Context) error {
	other, err := stream.EnsureRetention(ctx, n.cluster, n.flags.Topics.topics(), n.broker != nil)
	if err != nil && n.broker == nil {
		n.log.Warn("cannot compare kafka.retention with the topics", "error", err) // it may not be allowed to
		return nil
	}
	for _, r := range other {
		if n.broker != nil {
			n.log.Warn("a topic keeps its records for another time from now on", "topic", r.Topic, "before", r.Is, "now", r.Wanted)
			continue
		}
		n.log.Warn("a topic does not keep its records for as long as kafka.retention says: orrery topics ensure --apply changes it", "topic", r.Topic, "keeps", r.Is, "wanted", r.Wanted)
	}
	return err
}

// ensureSeed returns the log's hash seed.
func (n *node) ensureSeed(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	seed, err := stream.EnsureSeed(ctx, n.cluster, n.flags.HashSeed)
	if err == nil && n.flags.HashSeed != 0 && n.flags.HashSeed != seed {
		n.log.Warn("hash.seed is for new logs: this one keeps its own")
	}
	return seed, err
}

func (n *node) startWriter() (err error) {
	n.backlog = stream.NewBacklog()
	n.writer, err = stream.NewWriter(stream.WriterConfig{Cluster: n.cluster, Backlog: n.backlog})
	if err != nil {
		return err
	}
	n.stopsWith("writer", func(context.Context) error { n.writer.Close(); return nil })
	return nil
}

func (n *node) openPipeline(ctx context.Context) error {
	base, err := n.base()
	if err != nil {
		return err
	}
	if err := n.openPipelineOn(ctx, base); err != nil {
		return err
	}
	n.backlog.Follow(n.pipeline)
	return nil
}

// openPipelineOn opens the pipeline of a state that begins with base, or nil, where there is no snapshot.
func (n *node) openPipelineOn(ctx context.Context, base *stream.Base) (err error) {
	if n.engine, err = engine.New(n.flags.engine(n.memory.memory)); err != nil {
		return err
	}
	seed, err := n.ensureSeed(ctx)
	if err != nil {
		return err
	}
	n.pipeline, err = stream.Open(ctx, stream.Config{
		Cluster: n.cluster, Machine: n.engine, Build: version, Seed: seed, Group: n.flags.Group, Shared: n.broker == nil,
		Dir: n.flags.snapshotDir(), SnapshotEvery: n.flags.SnapshotEvery, Fingerprint: n.flags.fingerprint(), Restored: n.converted,
		Rest: newSpare(savingPace).pause, Base: base, Rebuild: n.flags.Rebuild, AcceptGap: n.flags.AcceptGap,
	})
	if err != nil {
		return wayOut(err)
	}
	n.engine.Settle()
	n.stopsWith("pipeline", func(context.Context) error { return n.pipeline.Close() })
	return nil
}

// converted makes of a state that was kept under other settings one of the present ones.
func (n *node) converted(fingerprint string) error {
	was, err := fading(fingerprint)
	if err != nil {
		n.log.Warn("counts are taken as they are", "because", err)
		return nil
	}
	for _, section := range n.engine.Refade(models.Time(was.Milliseconds())) {
		n.log.Warn("converted to other settings: counts are what they were, and fade otherwise from now on",
			"section", section, "written under", fingerprint, "now", n.flags.fingerprint())
	}
	return nil
}

// startLearners starts what learns and tells beside the engine: item vectors, fits of customer models, the topic of scores.
func (n *node) startLearners() error {
	p := trainingPace
	if n.demo {
		p = demoPace
	}
	n.trainer = startTrainer(n.engine, p, n.pipeline.WaitCaughtUp, n.log)
	n.stopsWith("vectors", func(context.Context) error { n.trainer.Close(); return nil })
	n.fitter = startFitter(n.engine, n.writer, n.pipeline.Speaks, n.flags.Refit, n.pipeline.WaitCaughtUp, n.log)
	n.stopsWith("fits", func(context.Context) error { n.fitter.Close(); return nil })
	n.scores = startAnnouncer(n.engine, n.writer, n.toldScores, n.pipeline.Speaks, n.engine.StreamTime, n.pipeline.WaitCaughtUp, n.log)
	n.stopsWith("scores", func(context.Context) error { n.scores.Close(); return nil })
	if err := n.startHistory(); err != nil {
		return err
	}
	n.startEraser()
	return nil
}

func (n *node) startWatch() {
	folders := []string{n.flags.snapshotDir()}
	if n.broker != nil {
		folders = append(folders, n.flags.brokerDir())
	}
	n.watch = startWatch(n.pipeline.Status, n.flags.DataDir, folders...)
	n.stopsWith("watch", func(context.Context) error { n.watch.Close(); return nil })
}

// toldScores reads the topic of scores.
func (n *node) toldScores(ctx context.Context, each func(key, value []byte) error) error {
	return stream.ReadValues(ctx, n.cluster, models.Scores, each)
}

// serverConfig is how the server is set up.
func (n *node) serverConfig() (cfg serve.Config, err error) {
	keys, err := n.flags.keys()
	if err != nil {
		return cfg, err
	}
	hooks, err := n.flags.Source.webhooks(n.flags.Shop)
	if err != nil {
		return cfg, err
	}
	cfg = serve.Config{
		Webhooks: hooks,
		Listen:   n.flags.Listen, Admin: n.flags.Admin, Keys: keys, Origins: n.flags.Origins, Open: n.flags.Open,
		Hosts: n.flags.Hosts, AdminHosts: n.flags.AdminHosts, AdminToken: n.flags.AdminToken, Parameters: n.flags.Params,
		MaxFrames: n.flags.MaxFrames, MaxQueue: n.flags.MaxQueue, FrameBudget: n.flags.Budget,
		AllowHeadless: n.flags.AllowHeadless,
		MaxLag:        n.flags.MaxLag, DrainDelay: n.flags.Drain,
		Demo: n.demo, MailFrame: "mail", Version: version, Logger: n.log,
	}
	n.flags.Door.apply(&cfg, n.memory.memory)
	return cfg, nil
}

func (n *node) startServer() (err error) {
	n.startWatch()
	cfg, err := n.serverConfig()
	if err != nil {
		return err
	}
	log := guarded{Log: n.writer, watch: n.watch, broker: n.broker, behind: n.backlog, most: uint64(n.flags.IngestLag)}
	products, err := n.newFeeds(log)
	if err != nil {
		return err
	}
	var bridged func(io.Writer) = func(io.Writer) {}
	if n.bridge != nil {
		bridged = n.bridge.Metrics
	}
	n.server, err = serve.New(cfg, serve.Deps{
		Feeds:       products,
		Products:    n.engine,
		Contacts:    n.engine,
		Exports:     &exports{engine: n.engine, cluster: n.cluster, pace: &exportPace},
		Recommender: n.engine, Social: n.engine, Profiles: n.engine, People: n.engine, Customers: n.engine, Statistics: n.engine,
		Recent: n.engine, Quality: n.engine, Catalogue: n.engine, Fits: n.fitter, Settings: n.engine, Explainer: n.engine,
		Sources: n.flags.Source.sources(),
		Log:     log, Stream: progress{n.pipeline}, Clock: n.clock(),
		Room:    room{n.memory, n.engine},
		Checks:  n.checks(),
		Metrics: []func(io.Writer){progress{n.pipeline}.metrics, n.behindMetrics, n.memory.metrics, n.trainer.metrics, n.fitter.metrics, n.scores.metrics, n.eraser.metrics, n.keeper.metrics, bridged},
	})
	if err != nil {
		return err
	}
	if err := n.server.Start(); err != nil {
		return err
	}
	n.stopsWith("server", n.server.Stop)
	return nil
}

// behindMetrics tells how many events taken over HTTP the models have not seen.
func (n *node) behindMetrics(w io.Writer) {
	fmt.Fprintf(w, "orrery_ingest_behind %d\n", n.backlog.Behind())
}

// clock returns what "now" means to readers.
func (n *node) clock() serve.Clock {
	if n.flags.Clock == "stream" {
		return n.engine.StreamTime
	}
	return func() models.Time { return models.TimeOf(time.Now()) }
}

// run drives the pipeline until ctx ends or a part fails, then stops everything. The server stops first, so that
// nothing is acknowledged that the pipeline would not see; the pipeline saves its state on the way out.
func (n *node) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case err := <-n.server.Failed():
			cancel(fmt.Errorf("the server failed: %w", err))
		case <-ctx.Done():
		}
	}()
	folding, halt := context.WithCancel(context.WithoutCancel(ctx))
	defer halt()
	folded := make(chan error, 1)
	go func() { folded <- n.pipeline.Run(folding) }()

	var failure error
	select {
	case failure = <-folded: // it stops by itself only when it fails
		folded <- nil
	case <-ctx.Done():
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			failure = cause
		}
	}
	n.log.Info("stopping")
	err := n.stopLast() // the server
	halt()
	return errors.Join(failure, err, <-folded, n.stop())
}

// stopLast stops the part that started last.
func (n *node) stopLast() error {
	last := n.stops[len(n.stops)-1]
	n.stops = n.stops[:len(n.stops)-1]
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout+n.flags.Drain)
	defer cancel()
	began := time.Now()
	err := last.do(ctx)
	n.log.Info("stopped", "part", last.name, "took", time.Since(began).Round(time.Millisecond))
	if err != nil {
		return fmt.Errorf("cannot stop the %s: %w", last.name, err)
	}
	return nil
}

// stop stops everything that has started, last first.
func (n *node) stop() error {
	var errs []error
	for len(n.stops) > 0 {
		errs = append(errs, n.stopLast())
	}
	return errors.Join(errs...)
}

// newLog returns the log: text for a person, JSON for machines.
func newLog(asJSON bool) *slog.Logger {
	if asJSON || !terminal(os.Stderr) {
		return slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}

// quietLog keeps warnings only.
func quietLog() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// absolute makes the data folder independent of later changes of the working folder, for messages.
func absolute(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}
