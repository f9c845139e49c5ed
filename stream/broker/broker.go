// Package broker is the Kafka broker inside the process: franz-go's kfake, persistent, on a loopback port that any
// Kafka client can use (kcat, a Python producer, a second Orrery).
//
// What it promises: a record whose produce request was acknowledged is there after the process was killed, and with
// synced writes (the default) after the machine lost power. kfake keeps that promise for plain topics: it appends whole
// record batches, each with a checksum, and cuts a torn one off at the next start. Where it does not, this package
// does the work itself:
//   - kfake compacts by deleting a partition's files and writing them anew; a crash in between would lose the topic.
//     Its own timer is therefore off, and Broker compacts under hard links from which the next start repairs (upkeep.go).
//   - When everything in a partition has expired, kfake counts its offsets from 0 again after a crash. Broker writes
//     down where partitions end and restores it (repair.go).
//
// (And kfake applies retention.ms, 7 days by default, to compacted topics as well: create them with -1.)
//
// Record bytes live in files, not in memory: what stays is an index of about 100 bytes a batch (a broker with a log of
// 0.9 GB in batches of 60 KB: 33 MB). Config.MaxBatches bounds it. A start reads every partition once, all of them at the
// same time, a segment of each in memory; segments are small therefore (0.9 GB: 120 MB for a second).
//
// The broker is one node without replication. Topics are never created by being asked for.
package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"orrery/stream/internal/flock"
)

// DefaultListen is where the broker listens when Config.Listen is empty.
const DefaultListen = "127.0.0.1:9092"

// ErrTaken says that another process has the data.
var ErrTaken = flock.ErrTaken

// segmentBytes is the size of a segment where a topic does not say. It is what a start needs in memory a partition, and
// what is dropped at a time.
const segmentBytes = "8388608"

// never is kfake's interval for compacting by itself: 100 years, in milliseconds.
const never = "3155760000000"

// Config says where a broker keeps its data and who reaches it. The zero value is a broker in memory on DefaultListen.
type Config struct {
	// Dir holds the data. Empty keeps everything in memory, for tests.
	Dir string

	// Listen is the address, which is also what clients are told to connect to: so a real one, not 0.0.0.0. Port 0
	// takes any free port. Default DefaultListen.
	Listen string

	// Unsynced skips the fsync before each acknowledgement: several times faster, and the last moments of records are
	// lost when the machine (not the process) dies.
	Unsynced bool

	// Upkeep is how often topics are compacted and records past their retention dropped. Default 10 minutes; negative
	// means never.
	Upkeep time.Duration

	// MaxBatches bounds the record batches that the broker keeps, all partitions together, at about 100 bytes of memory
	// each: past it the oldest segments are dropped, whatever their retention (but not of compacted topics). Single
	// events that come one by one are a batch each, a replay writes hundreds of events in one. Default 500,000.
	MaxBatches int

	// MaxBytes bounds the data on disk. Near it the oldest segments are dropped, whatever their retention (but not of
	// compacted topics, and nothing that Group has not committed, so nothing that is in no snapshot yet). Where that is not
	// enough Full tells, and whoever takes events refuses them. Default: half of the disk that Dir is on; negative means no bound.
	MaxBytes int64

	// Group is the consumer group whose committed offsets protect records from MaxBatches and MaxBytes. Default "orrery".
	Group string

	// Log gets the broker's warnings, such as a full disk. Default: none are kept.
	Log *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if c.Upkeep == 0 {
		c.Upkeep = 10 * time.Minute
	}
	if c.MaxBatches == 0 {
		c.MaxBatches = 500_000
	}
	if c.MaxBytes == 0 && c.Dir != "" {
		c.MaxBytes = halfDisk(c.Dir)
	}
	if c.Group == "" {
		c.Group = "orrery"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Broker is a running broker. Close ends it.
type Broker struct {
	cfg     Config
	cluster *kfake.Cluster
	addr    string
	lock    *flock.Lock
	damage  []Damage

	size atomic.Int64 // bytes on disk when last looked at

	stop context.CancelFunc // ends upkeep
	done chan struct{}      // closed by upkeep's goroutine
}

// Start opens the data in cfg.Dir, repairs what a crash left, and listens.
func Start(cfg Config) (*Broker, error) {
	cfg = cfg.withDefaults()
	b := &Broker{cfg: cfg, done: make(chan struct{})}
	if cfg.Dir != "" {
		lock, err := flock.Take(cfg.Dir)
		if err != nil {
			return nil, fmt.Errorf("cannot start the broker: %w", err)
		}
		b.lock = lock
		if b.damage, err = repair(cfg.Dir, cfg.Log); err != nil {
			return nil, errors.Join(fmt.Errorf("cannot repair the broker's data: %w", err), lock.Release())
		}
	}
	if err := b.open(); err != nil {
		if b.lock != nil {
			err = errors.Join(err, b.lock.Release())
		}
		return nil, fmt.Errorf("cannot start the broker on %q (another address: --kafka.listen): %w", cfg.Listen, err)
	}
	b.measure()
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	go func() {
		defer close(b.done)
		b.upkeepLoop(ctx)
	}()
	return b, nil
}

func (b *Broker) open() error {
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.ClusterID("orrery"),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) {
			l, err := net.Listen(network, b.cfg.Listen)
			return listener{l, b.cfg.Log}, err
		}),
		kfake.WithLogger(logger{b.cfg.Log}),
		kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": never, "log.segment.bytes": segmentBytes}),
	}
	if b.cfg.Dir != "" {
		opts = append(opts, kfake.DataDir(b.cfg.Dir))
		if !b.cfg.Unsynced {
			opts = append(opts, kfake.SyncWrites())
		}
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		return err
	}
	b.cluster = cluster
	b.addr = cluster.ListenAddrs()[0]
	if b.cfg.Dir != "" {
		if err := forgetCleanEnd(b.cfg.Dir); err != nil {
			cluster.Close()
			return err
		}
		debug.FreeOSMemory() // reading the log took more than running does
	}
	return nil
}

// Addr returns the host and port that clients connect to.
func (b *Broker) Addr() string { return b.addr }

// Damage returns what the start found damaged in the log.
func (b *Broker) Damage() []Damage { return b.damage }

// Cluster returns the kfake cluster itself, for tests that inject faults.
func (b *Broker) Cluster() *kfake.Cluster { return b.cluster }

// Close stops listening, writes what the next start needs to be quick, and gives the directory free. Clients see their
// connections break.
func (b *Broker) Close() error {
	b.stop()
	<-b.done
	if err := b.keepFloors(); err != nil {
		b.cfg.Log.Warn("broker: cannot write down where the partitions end", "error", err)
	}
	b.cluster.Close()
	if b.lock != nil {
		return b.lock.Release()
	}
	return nil
}

// logger hands kfake's warnings and errors on.
type logger struct{ log *slog.Logger }

func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		l.log.Error("broker: " + fmt.Sprintf(format, args...))
	case kfake.LogLevelWarn:
		l.log.Warn("broker: " + fmt.Sprintf(format, args...))
	}
}
