package stream

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"orrery/models"
	"orrery/stream/snapshot"
)

// hard returns a log with everything that can be wrong in it: repeats near and far, broken records, tombstones.
func hard(seed uint64, n int) []models.Record {
	rng := rand.New(rand.NewPCG(seed, 2))
	good := events(seed, n)
	var out []models.Record
	for i, r := range good {
		out = append(out, r)
		switch rng.IntN(20) {
		case 0:
			out = append(out, r)
		case 1:
			out = append(out, good[rng.IntN(i+1)])
		case 2:
			out = append(out, models.Record{Topic: r.Topic, Key: r.Key, Value: fmt.Appendf(nil, `{"event":"view_item","broken":%d`, i)})
		case 3:
			out = append(out, models.Record{Topic: models.Pageviews, Key: r.Key, Value: []byte(`{"event":"view_item"}`)})
		}
	}
	return out
}

type outcome struct {
	State      ledgerState
	Taken      uint64
	Duplicates uint64
	Letters    map[string]uint64
}

// settle waits until p has applied all of the log and returns what it came to.
func settle(t testing.TB, p *running, m *ledger) outcome {
	t.Helper()
	ctx := testContext(t)
	log, err := listLog(ctx, p.adm, p.cfg.Cluster)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range log {
		waitApplied(t, p, l)
	}
	if err := errors.Join(p.WaitCaughtUp(ctx), p.letters.wait(ctx, p.letters.sent())); err != nil {
		t.Fatal(err)
	}
	s := p.Status()
	if s.Lag != 0 || !s.Ready {
		t.Errorf("got lag %d, ready %v, want 0 and true", s.Lag, s.Ready)
	}
	return outcome{m.state(), s.Taken, s.Duplicates, s.DeadLetters}
}

func same(t testing.TB, what string, got, want outcome) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

// Whatever the number of partitions, the size of batches and the moments of snapshots: the same state. And a restart
// from any snapshot comes to it too.
func TestSameStateWhateverTheWay(t *testing.T) {
	t.Parallel()
	records := hard(3, 2000)
	want := oracle(records)
	var first outcome
	for i, partitions := range []int{1, 3, 8} {
		c := startLog(t, partitions)
		produce(t, c, records)
		size := []int{256, 7, 31}[i]
		dir, kept := t.TempDir(), t.TempDir()
		m := newLedger()
		m.slow = func() { time.Sleep(time.Duration(size) * 150 * time.Microsecond) } // leave time for snapshots on the way
		p := run(t, Config{Cluster: c, Machine: m, Dir: dir, SnapshotEvery: 5 * time.Millisecond, batch: size, Remembered: 1 << 14})
		var copies []string
		for m.total() < 2000 {
			if err := p.Snapshot(testContext(t)); err != nil {
				t.Fatal(err)
			}
			if p.Status().Snapshot.Sequence > 0 {
				copies = append(copies, keep(t, dir, kept))
			}
		}
		got := settle(t, p, m)
		if i == 0 {
			first = got
		}
		same(t, fmt.Sprintf("%d partitions", partitions), got, first)
		if !reflect.DeepEqual(got.State, want) {
			t.Fatalf("got %v, want %v", got.State, want)
		}
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(5, 5))
		rng.Shuffle(len(copies), func(a, b int) { copies[a], copies[b] = copies[b], copies[a] })
		t.Logf("%d partitions: %d snapshots", partitions, len(copies))
		for _, dir := range copies[:min(len(copies), 5)] {
			m := newLedger()
			p := run(t, Config{Cluster: c, Machine: m, Dir: dir, Remembered: 1 << 14})
			same(t, "restart from "+filepath.Base(dir), settle(t, p, m), first)
			if err := p.stop(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// keep copies the newest snapshot of dir into a directory of its own.
func keep(t testing.TB, dir, into string) string {
	t.Helper()
	files, err := snapshot.List(dir)
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v %v, want a snapshot", files, err)
	}
	b, err := os.ReadFile(files[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(into, fmt.Sprint(files[0].Sequence))
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, filepath.Base(files[0].Path)), b, 0o644); err != nil {
		t.Fatal(err)
	}
	return out
}

// A start without anything new takes no snapshot; the newest one that verifies is used, and without any the log.
func TestDamagedSnapshots(t *testing.T) {
	c := startLog(t, 2)
	dir := t.TempDir()
	records := hard(4, 500)
	var want outcome
	for i := range 3 {
		produce(t, c, records[i*150:(i+1)*150])
		m := newLedger()
		p := run(t, Config{Cluster: c, Machine: m, Dir: dir})
		want = settle(t, p, m)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
	}
	files, err := snapshot.List(dir)
	if err != nil || len(files) != 3 {
		t.Fatalf("got %v %v, want 3 snapshots", files, err)
	}
	for i, f := range files {
		m := newLedger()
		p := run(t, Config{Cluster: c, Machine: m, Dir: dir, crash: true})
		same(t, fmt.Sprintf("%d damaged", i), settle(t, p, m), want)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		if i == 0 && p.Status().Snapshot.Saved != 0 {
			t.Errorf("got a snapshot, want none")
		}
		if err := os.Truncate(f.Path, f.Size/2); err != nil {
			t.Fatal(err)
		}
	}
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m, Dir: dir})
	same(t, "all damaged", settle(t, p, m), want)
}

// Where the log does not begin or end where the state needs it, the start fails and says so.
func TestGaps(t *testing.T) {
	c := startLog(t, 1)
	ctx := testContext(t)
	dir := t.TempDir()
	produce(t, c, events(5, 300))
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m, Dir: dir, Fingerprint: "a"})
	settle(t, p, m)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	opens := func(cfg Config, want error) *Pipeline {
		t.Helper()
		cfg.Cluster, cfg.Machine, cfg.birth = c, newLedger(), time.Millisecond
		if cfg.Dir == "" {
			cfg.Dir = dir
		}
		p, err := Open(ctx, cfg)
		if !errors.Is(err, want) {
			t.Fatalf("got %v, want %v", err, want)
		}
		if err == nil {
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return p
	}
	opens(Config{Fingerprint: "a"}, nil)
	was := ""
	opens(Config{Fingerprint: "b", Restored: func(f string) error { was = f; return nil }}, nil)
	if was != "a" {
		t.Errorf("restored under the settings %q", was)
	}
	opens(Config{Fingerprint: "b", Restored: func(f string) error { return errBroken }}, errBroken)
	opens(Config{Fingerprint: "b", Restored: func(f string) error { return errBroken }, Rebuild: true}, nil)

	client, err := c.client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)

	// Records expire behind the state: no matter. Ahead of it: a gap.
	produce(t, c, events(6, 300))
	name := c.Topic(models.Pageviews)
	next := p.Status().Partitions[p.index(models.Pageviews, 0)].Next
	for _, at := range []int64{next, next + 10} {
		os := make(kadm.Offsets)
		os.Add(kadm.Offset{Topic: name, At: at})
		if _, err := adm.DeleteRecords(ctx, os); err != nil {
			t.Fatal(err)
		}
		if at == next {
			opens(Config{Fingerprint: "a"}, nil)
		}
	}
	opens(Config{Fingerprint: "a"}, ErrGap)
	opens(Config{Fingerprint: "a", Rebuild: true}, ErrShortLog) // the snapshots know more than the log
	opens(Config{Fingerprint: "a", Rebuild: true, AcceptGap: true}, nil)
	opens(Config{Fingerprint: "a", Rebuild: true, Dir: t.TempDir()}, nil) // no snapshot, nothing to lose
	q := opens(Config{Fingerprint: "a", AcceptGap: true}, nil)
	if got := q.fold.parts[q.index(models.Pageviews, 0)].next; got != next+10 {
		t.Errorf("got a start at %d, want %d", got, next+10)
	}

	// The topic is made anew: the offsets say nothing.
	if _, err := adm.DeleteTopic(ctx, name); err != nil {
		t.Fatal(err)
	}
	opens(Config{Fingerprint: "a"}, ErrNoTopic)
	if _, err := EnsureTopics(ctx, c, Topics{}); err != nil {
		t.Fatal(err)
	}
	produce(t, c, events(7, 1000))
	opens(Config{Fingerprint: "a"}, ErrGap)
	opens(Config{Fingerprint: "a", Rebuild: true}, nil)
}

// With more partitions the same visitor's events lie elsewhere, and repeats are not known there: a snapshot from before is
// refused, and one from after is not.
func TestRepartitioned(t *testing.T) {
	t.Parallel()
	c := startLog(t, 2)
	dir := t.TempDir()
	records := events(8, 200)
	produce(t, c, records)
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m, Dir: dir})
	settle(t, p, m)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	client, err := c.client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := kadm.NewClient(client).CreatePartitions(testContext(t), 2, c.Topic(models.Pageviews), c.Topic(models.Transactions), c.Topic(models.Contacts)); err != nil {
		t.Fatal(err)
	}
	for _, accept := range []bool{false, true} {
		if _, err := Open(testContext(t), Config{Cluster: c, Machine: newLedger(), Dir: dir, AcceptGap: accept}); !errors.Is(err, ErrRepartitioned) {
			t.Fatalf("got %v, want ErrRepartitioned", err)
		}
	}
	for _, rebuild := range []bool{true, false} {
		m := newLedger()
		p := run(t, Config{Cluster: c, Machine: m, Dir: dir, Rebuild: rebuild})
		if got, want := settle(t, p, m).State, oracle(records); !reflect.DeepEqual(got, want) {
			t.Fatalf("rebuild %v: got %v, want %v", rebuild, got, want)
		}
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
	}
}

// fragile is a ledger whose section cannot be written while broken is set.
type fragile struct {
	*ledger
	broken atomic.Bool
}

var errBroken = errors.New("cannot be written")

func (f *fragile) Freeze() []Section {
	sections := f.ledger.Freeze()
	if f.broken.Load() {
		sections[0].Data = unwritable{}
	}
	return sections
}

type unwritable struct{}

func (unwritable) WriteTo(io.Writer) (int64, error) { return 0, errBroken }

// A state that could not be saved is still to be saved, though nothing more has happened since.
func TestSnapshotThatFails(t *testing.T) {
	c := startLog(t, 1)
	produce(t, c, events(13, 100))
	dir := t.TempDir()
	saved := func() uint64 {
		files, err := snapshot.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		return uint64(len(files))
	}
	m := &fragile{ledger: newLedger()}
	p := run(t, Config{Cluster: c, Machine: m, Dir: dir})
	settle(t, p, m.ledger)
	for range 2 {
		m.broken.Store(true)
		if err := p.Snapshot(testContext(t)); !errors.Is(err, errBroken) {
			t.Errorf("got %v, want %v", err, errBroken)
		}
	}
	m.broken.Store(false)
	if err := p.Snapshot(testContext(t)); err != nil || saved() != 1 {
		t.Errorf("got %v and %d snapshots, want one", err, saved())
	}
	produce(t, c, events(14, 100))
	want := settle(t, p, m.ledger)
	m.broken.Store(true)
	if err := p.Snapshot(testContext(t)); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
	m.broken.Store(false)
	if err := p.stop(); err != nil || saved() != 2 { // the end saves it too
		t.Errorf("got %v and %d snapshots, want two", err, saved())
	}
	again := newLedger()
	same(t, "after the end", settle(t, run(t, Config{Cluster: c, Machine: again, Dir: dir}), again), want)
}

// While the stream runs a snapshot lets others go first; the one that Run ends with does not.
func TestSnapshotsRestWhileTheStreamRuns(t *testing.T) {
	c := startLog(t, 1)
	records := events(4, 500)
	produce(t, c, records[:250])
	m := newLedger()
	var rests atomic.Int64
	p := run(t, Config{Cluster: c, Machine: m, Dir: t.TempDir(), Rest: func() { rests.Add(1) }})
	waitTotal(t, m, 250)
	if err := p.Snapshot(testContext(t)); err != nil {
		t.Fatal(err)
	}
	during := rests.Load()
	if during == 0 {
		t.Error("the snapshot never rested")
	}
	produce(t, c, records[250:])
	waitTotal(t, m, 500)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	if s := p.Status().Snapshot; s.Sequence != 2 || rests.Load() != during {
		t.Errorf("snapshot %d and %d rests after %d, want the second one and none", s.Sequence, rests.Load()-during, during)
	}
}
