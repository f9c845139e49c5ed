package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"orrery/stream/snapshot"
)

// SnapshotStatus is how the snapshots are doing.
type SnapshotStatus struct {
	Sequence uint64        `json:"sequence"` // of the newest; 0 before the first
	Written  time.Time     `json:"written"`  // when the newest was frozen
	Bytes    int64         `json:"bytes"`    // size of its file
	Took     time.Duration `json:"took"`     // from freezing to durable
	Stall    time.Duration `json:"stall"`    // how long the stream stood still for it
	MaxStall time.Duration `json:"max_stall"`
	Restore  time.Duration `json:"restore"` // what restoring the state took at the start; 0 if there was none
	Saved    uint64        `json:"saved"`   // since the start
	Failed   uint64        `json:"failed"`
	Error    string        `json:"error,omitempty"` // of the newest attempt, if it failed
}

// saver writes snapshots beside the stream. Its one token is the right to freeze: the applying goroutine takes it,
// and gets it back when the frozen state is on disk or given up.
type saver struct {
	p     *Pipeline
	store *snapshot.Store
	jobs  chan *frozen // capacity 1, as there is one token; closed by the applying goroutine
	token chan bool    // capacity 1; true: what was frozen last is not on disk
	hurry atomic.Bool  // somebody waits for the end

	mu     sync.Mutex
	status SnapshotStatus
}

func newSaver(p *Pipeline, store *snapshot.Store) *saver {
	s := &saver{p: p, store: store, jobs: make(chan *frozen, 1), token: make(chan bool, 1)}
	s.token <- false
	return s
}

// run writes what is frozen until jobs is closed. An error that the stream must not go on after is handed to fail.
func (s *saver) run(ctx context.Context, fail func(error)) {
	for f := range s.jobs {
		err := s.save(ctx, f)
		f.close()
		for _, ask := range f.asks {
			ask <- err // capacity 1
		}
		if errors.Is(err, errLetter) {
			fail(err)
		}
		s.token <- err != nil
	}
}

// save makes f durable and then tells the broker. A failure leaves the older snapshots: the stream goes on, a restart
// has more to replay.
func (s *saver) save(ctx context.Context, f *frozen) error {
	file, err := s.write(ctx, f)
	s.mu.Lock()
	if err != nil {
		s.status.Failed++
		s.status.Error = err.Error()
	} else {
		s.status.Saved++
		s.status.Error = ""
		s.status.Sequence, s.status.Bytes, s.status.Written = file.Sequence, file.Size, f.header.Written
		s.status.Took = time.Since(f.header.Written)
	}
	s.mu.Unlock()
	if err != nil {
		s.p.cfg.Cluster.log().Error("cannot save a snapshot", "error", err)
		return err
	}
	if !s.p.Speaks() {
		return nil // or two instances would set each other's back
	}
	if err := s.commit(ctx, f.header); err != nil {
		s.p.cfg.Cluster.log().Warn("cannot commit offsets", "group", s.p.cfg.Group, "error", err)
	}
	return nil
}

// commit tells the broker the positions of a snapshot, but for those that lie behind what is committed: whoever spoke before may have
// saved a later state.
func (s *saver) commit(ctx context.Context, h snapshot.Header) error {
	at := offsets(h)
	if s.p.speaker != nil {
		if err := s.onlyAhead(ctx, at); err != nil {
			return fmt.Errorf("cannot ask what is committed: %w", err)
		}
	}
	return s.p.adm.CommitAllOffsets(ctx, s.p.cfg.Group, at)
}

// onlyAhead leaves out of at what would set the committed position back. What is committed past the end of a partition is of another log.
func (s *saver) onlyAhead(ctx context.Context, at kadm.Offsets) error {
	there, err := s.p.adm.FetchOffsets(ctx, s.p.cfg.Group)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var ahead []string
	there.Each(func(was kadm.OffsetResponse) {
		if mine, ok := at.Lookup(was.Topic, was.Partition); ok && was.Err == nil && was.At > mine.At {
			ahead = append(ahead, was.Topic)
		}
	})
	if len(ahead) == 0 {
		return nil
	}
	ends, err := s.p.adm.ListEndOffsets(ctx, ahead...)
	if err != nil {
		return err
	}
	there.Each(func(was kadm.OffsetResponse) {
		mine, ok := at.Lookup(was.Topic, was.Partition)
		end, known := ends.Lookup(was.Topic, was.Partition)
		if ok && known && was.Err == nil && end.Err == nil && was.At > mine.At && was.At <= end.Offset {
			at.Delete(was.Topic, was.Partition)
		}
	})
	return nil
}

func (s *saver) write(ctx context.Context, f *frozen) (snapshot.File, error) {
	if err := s.p.letters.wait(ctx, f.letters); err != nil {
		return snapshot.File{}, err
	}
	sections := make([]snapshot.Section, len(f.sections))
	for i, sec := range f.sections {
		sections[i] = snapshot.Section{Name: sec.Name, Version: sec.Version, Data: sec.Data}
	}
	return s.store.Save(f.header, sections, s.rest)
}

// rest lets others go first, unless somebody waits for the end.
func (s *saver) rest() {
	if s.p.cfg.Rest != nil && !s.hurry.Load() {
		s.p.cfg.Rest()
	}
}

func (s *saver) stalled(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status.Stall = d
	s.status.MaxStall = max(s.status.MaxStall, d)
}

func (s *saver) read() SnapshotStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

func offsets(h snapshot.Header) kadm.Offsets {
	out := make(kadm.Offsets)
	for _, p := range h.Positions {
		out.Add(kadm.Offset{Topic: p.Topic, Partition: p.Partition, At: p.Next, LeaderEpoch: p.Epoch})
	}
	return out
}

// Snapshot saves the state now and returns when it is durable. While the state has not moved since the newest snapshot
// there is nothing to do. Run must be running.
func (p *Pipeline) Snapshot(ctx context.Context) error {
	if p.saver == nil {
		return fmt.Errorf("cannot save a snapshot: no directory is set")
	}
	ask := make(chan error, 1)
	select {
	case p.asks <- ask:
	case <-ctx.Done():
		return fmt.Errorf("cannot ask for a snapshot: %w", ctx.Err())
	}
	select {
	case err := <-ask:
		return err
	case <-ctx.Done():
		return fmt.Errorf("cannot wait for a snapshot: %w", ctx.Err())
	}
}

// OnlyNewest saves the state now and removes all older snapshots, and returns how many those were.
func (p *Pipeline) OnlyNewest(ctx context.Context) (removed int, err error) {
	if err := p.Snapshot(ctx); err != nil {
		return 0, err
	}
	return p.saver.store.Prune()
}
