package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"orrery/models/intern"
	"orrery/stream/snapshot"
)

// ErrGap says that records between the snapshot and the log are gone: retention has passed the snapshot, or the topic
// was made anew, or the broker lost records. The pipeline never jumps over such a gap by itself; see Config.AcceptGap
// and Config.Rebuild.
var ErrGap = errors.New("the log and the state do not fit together")

// DefaultGroup is the consumer group that positions are committed under.
const DefaultGroup = "orrery"

// Config says what a Pipeline reads, drives and keeps. Machine is required.
type Config struct {
	Cluster Cluster
	Machine Machine

	// Group is the consumer group that positions are committed under, for lag dashboards. Default DefaultGroup.
	Group string

	// Shared says that other instances may read the same log. Then they agree, by the topic of turns, who of them writes dead
	// letters and committed offsets, and whatever else Speaks is asked for. Without it this one does, and asks nobody.
	Shared bool

	// Remembered is how many ids of a partition are known for sure when one of them comes again. Default
	// DefaultRemembered.
	Remembered int

	// Dir holds the snapshots, and belongs to this process while the pipeline is open. Empty: none are taken, and every
	// start replays the log.
	Dir string

	// A snapshot is taken SnapshotEvery (default 30 s), or after SnapshotRecords (default 5 million), and when Run ends;
	// never while the state does not move. At 300,000 events a second a restart then replays half a minute at most.
	SnapshotEvery   time.Duration
	SnapshotRecords uint64

	// Rest is called all along while a snapshot is written, after every tenth of a millisecond or so of work, which it may
	// hold up: the machine has events to apply and frames to answer. It is not called any more when Run ends. Default none.
	Rest func()

	// Fingerprint names the settings that shape the Machine's state, and is written into snapshots.
	Fingerprint string

	// Restored is told the Fingerprint of the snapshot that the Machine has been restored from, before the first Apply:
	// what was kept under other settings is converted here. Default none.
	Restored func(fingerprint string) error

	// Seed is what tables of names are keyed by: see EnsureSeed. A snapshot goes on with its own.
	Seed uint64

	// Base is what the state begins with where there is no snapshot, or Rebuild is said. Default: nothing, at the log's start.
	Base *Base

	// Rebuild ignores all snapshots and folds the log anew from its start.
	Rebuild bool

	// AcceptGap goes on where the log begins when records between the snapshot and the log are gone, instead of failing
	// with ErrGap. What was in the gap is lost for the state.
	AcceptGap bool

	// Build is written into snapshots and dead letters.
	Build string

	// Shutdown bounds what Run does after its context has ended: apply what is decoded, save, commit. Default 30 s.
	Shutdown time.Duration

	// For tests: the size of batches, an end without a last snapshot as in a crash, how often the log is listed, and how
	// long topics may be unknown at the start.
	batch    int
	crash    bool
	lagEvery time.Duration
	birth    time.Duration
}

func (c Config) withDefaults() Config {
	if c.Group == "" {
		c.Group = DefaultGroup
	}
	if c.Remembered == 0 {
		c.Remembered = DefaultRemembered
	}
	if c.lagEvery == 0 {
		c.lagEvery = lagEvery
	}
	if c.birth == 0 {
		c.birth = birth
	}
	if c.batch == 0 {
		c.batch = batchEvents
	}
	if c.SnapshotEvery == 0 {
		c.SnapshotEvery = 30 * time.Second
	}
	if c.SnapshotRecords == 0 {
		c.SnapshotRecords = 5_000_000
	}
	if c.Shutdown == 0 {
		c.Shutdown = 30 * time.Second
	}
	return c
}

// Pipeline folds the log into a Machine. Open makes it, Run drives it, Close lets go of everything.
type Pipeline struct {
	cfg     Config
	source  *source // the log as it is read
	adm     *kadm.Client
	letters *letters
	fold    *fold    // owned by the applying goroutine while Run runs
	saver   *saver   // nil without a directory
	speaker *speaker // nil for one that is alone
	based   bool     // the state begins with cfg.Base, and no snapshot holds it yet
	asks    chan chan error
	seed    uint64 // of the state

	public  published
	targets []int64 // ends of the partitions when the pipeline was opened

	ready chan struct{} // closed when every target is reached
}

// Open connects, looks the topics up and positions the pipeline.
func Open(ctx context.Context, cfg Config) (_ *Pipeline, err error) {
	if cfg.Machine == nil {
		return nil, errors.New("cannot open the stream: there is no Machine")
	}
	p := &Pipeline{cfg: cfg.withDefaults(), ready: make(chan struct{}), asks: make(chan chan error)}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("cannot open the stream: %w", err), p.Close())
		}
	}()
	if p.letters, err = newLetters(cfg.Cluster, cfg.Build); err != nil {
		return nil, err
	}
	p.adm = kadm.NewClient(p.letters.client)
	if cfg.Shared {
		if p.speaker, err = newSpeaker(p); err != nil {
			return nil, err
		}
		p.letters.speaks = p.speaker.speaks
	}
	p.source = &source{cluster: p.cfg.Cluster, topics: inputs, side: p.letters.client, adm: p.adm, heads: &p.public.heads, lagEvery: p.cfg.lagEvery}
	log, err := p.source.first(ctx, p.cfg.birth)
	if err != nil {
		return nil, err
	}
	p.position(log)
	p.keyed(cfg.Seed)
	if cfg.Dir != "" {
		store, err := snapshot.OpenStore(cfg.Dir)
		if err != nil {
			return nil, err
		}
		p.saver = newSaver(p, store)
		if err := p.restore(log); err != nil {
			return nil, err
		}
	}
	p.public.init(p.fold, p.targets)
	p.checkReady()
	return p, p.source.open(p.from())
}

// position sets the fold to the log's start.
func (p *Pipeline) position(log []logPart) {
	p.fold = &fold{counters: counters{letters: make(map[string]uint64)}}
	for _, l := range log {
		p.fold.parts = append(p.fold.parts, partition{
			topic: l.topic, name: l.name, part: l.part, id: l.id,
			next: l.start, epoch: -1,
		})
		p.targets = append(p.targets, l.end)
	}
}

// keyed tells the machine and the sets of ids what they are keyed by. They hold nothing yet, or a restore replaces it.
func (p *Pipeline) keyed(seed uint64) {
	p.seed = seed
	for i := range p.fold.parts {
		p.fold.parts[i].seen = newSeen(p.cfg.Remembered, intern.SeedOf(seed))
	}
	p.cfg.Machine.Seed(seed)
}

// from returns where the fold stands.
func (p *Pipeline) from() []place {
	at := make([]place, len(p.fold.parts))
	for i, part := range p.fold.parts {
		at[i] = place{part.next, part.epoch}
	}
	return at
}

// Run folds the log into the machine until ctx ends, which is the normal end (nil), or something fails.
func (p *Pipeline) Run(ctx context.Context) error {
	full, free := make(chan *batch, batches), make(chan *batch, batches)
	for range batches {
		free <- newBatch(p.cfg.batch)
	}
	late, cancel := lateContext(ctx, p.cfg.Shutdown)
	defer cancel()
	fetcher := p.source.fetcher(full, free, p.from()) // before the fold moves
	g := newGroup(ctx)
	g.run(func(ctx context.Context) error { return fetcher.run(ctx) })
	g.run(func(context.Context) error { return p.newApplier(late, full, free).run() })
	if p.saver != nil {
		g.run(func(context.Context) error { p.saver.run(late, g.fail); return nil })
	}
	g.run(p.source.follow)
	g.run(p.letters.watch)
	hush := p.startSpeaker(late, g)
	defer hush()
	return g.wait()
}

// startSpeaker has the speaker go on until hush is called: the last snapshot waits for what it hears, and what is written
// last is written before it resigns.
func (p *Pipeline) startSpeaker(ctx context.Context, g *group) (hush func()) {
	if p.speaker == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.speaker.run(ctx); err != nil {
			g.fail(err)
		}
	}()
	return func() { cancel(); <-done }
}

// lateContext returns a context that ends some time after ctx.
func lateContext(ctx context.Context, after time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(after, cancel)
		context.AfterFunc(late, func() { timer.Stop() })
	})
	return late, func() { stop(); cancel() }
}

// Close lets go of the connections. Run must have returned.
func (p *Pipeline) Close() error {
	if p.source != nil {
		p.source.close()
	}
	if p.letters != nil {
		p.letters.close()
	}
	if p.saver != nil {
		return p.saver.store.Close()
	}
	return nil
}
