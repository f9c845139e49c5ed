package stream

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"orrery/stream/snapshot"
)

// An older snapshot of an instance that begins to speak does not set back what another has committed; what is committed past the end
// of a partition, of a log that was there before, does not stay.
func TestCommittedNeverBack(t *testing.T) {
	c := startLog(t, 1)
	m := newLedger()
	produce(t, c, events(30, 200))
	p := run(t, Config{Cluster: c, Machine: m, Shared: true, Dir: t.TempDir(), SnapshotEvery: time.Hour, Group: "never-back"})
	settle(t, p, m)
	at := func(back int64) (h snapshot.Header) {
		for _, s := range p.Status().Partitions {
			h.Positions = append(h.Positions, snapshot.Position{Topic: c.Topic(s.Topic), Partition: s.Partition, Next: max(s.Next-back, 0), Epoch: -1})
		}
		return h
	}
	want := offsets(at(0))
	check := func(when string) {
		t.Helper()
		got, err := p.adm.FetchOffsets(testContext(t), "never-back")
		if err != nil {
			t.Fatal(err)
		}
		want.Each(func(o kadm.Offset) {
			if is, _ := got.Lookup(o.Topic, o.Partition); is.At != o.At {
				t.Errorf("%s: %s %d is committed to %d, want %d", when, o.Topic, o.Partition, is.At, o.At)
			}
		})
	}
	commit := func(h snapshot.Header) {
		t.Helper()
		if err := p.saver.commit(testContext(t), h); err != nil {
			t.Fatal(err)
		}
	}
	commit(at(2))
	commit(at(0))
	check("a later one")
	commit(at(1))
	check("an older one")
	if err := p.adm.CommitAllOffsets(testContext(t), "never-back", offsets(at(-1000))); err != nil {
		t.Fatal(err)
	}
	commit(at(0))
	check("one of a log that was longer")
}
