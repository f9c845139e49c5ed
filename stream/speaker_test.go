package stream

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"orrery/models"
)

// What is written is read; what is cut off is an error; what a later build adds is left alone.
func TestTurnBytes(t *testing.T) {
	for _, want := range []turn{
		{kind: kindTurn, epoch: 3, number: 9}, {kind: kindClaim, epoch: 1, instance: "a"},
		{kind: kindBeat, epoch: 1<<32 - 1, number: 1 << 63, instance: "host-0011", safe: []int64{0, 1, 1 << 40, 300}},
	} {
		b := want.append(nil)
		if got, err := readTurn(append(b[:len(b):len(b)], "more"...)); err != nil || !reflect.DeepEqual(got, want) && want.kind != kindTurn {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		for n := range b {
			if got, err := readTurn(b[:n]); err == nil && want.kind != kindTurn {
				t.Errorf("%d of %d bytes: got %+v, want an error", n, len(b), got)
			}
		}
	}
}

// letterSources counts the dead letters by what they stand for.
func letterSources(t *testing.T, c Cluster) map[string]int {
	t.Helper()
	out := make(map[string]int)
	err := ReadTopic(testContext(t), c, models.DeadLetter, func(r *kgo.Record) error {
		source := ""
		for _, h := range r.Headers {
			switch h.Key {
			case headerTopic, headerPartition, headerOffset:
				source += string(h.Value) + " "
			}
		}
		out[source]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// speaking waits until one of some pipelines speaks, and returns which one. Two never do.
func speaking(t *testing.T, list []*running) (which int) {
	t.Helper()
	for end := time.Now().Add(testTime); ; time.Sleep(time.Millisecond) {
		which, n := -1, 0
		for i, p := range list {
			if p.Speaks() {
				which, n = i, n+1
			}
		}
		if n > 1 {
			t.Fatalf("%d speak at the same time", n)
		}
		if n == 1 {
			return which
		}
		if time.Now().After(end) {
			t.Fatal("nobody speaks")
		}
	}
}

// Of several instances one speaks. When it dies or stops another does, and every dead letter is written: once, but for those
// that the dead one may have written without having told so.
func TestOneSpeaks(t *testing.T) {
	t.Parallel()
	_, c := startBroker(t, t.TempDir(), 2)
	want := 0
	send := func(seed uint64) {
		records := hard(seed, 200)
		produce(t, c, records)
		for _, r := range records {
			var e models.Event
			if e.Decode(r.Value, models.TimeOf(time.Now())) != nil {
				want++
			}
		}
	}
	check := func(most int) {
		t.Helper()
		for end := time.Now().Add(testTime); ; time.Sleep(10 * time.Millisecond) {
			got := letterSources(t, c)
			if len(got) >= want {
				for source, n := range got {
					if n > most {
						t.Errorf("%s: %d letters", source, n)
					}
				}
				return
			}
			if time.Now().After(end) {
				t.Fatalf("got letters of %d records, want %d", len(got), want)
			}
		}
	}
	var list []*running
	var ledgers []*ledger
	for range 3 {
		m := newLedger()
		ledgers = append(ledgers, m)
		list = append(list, run(t, Config{Cluster: c, Machine: m, Shared: true, Dir: t.TempDir(), SnapshotEvery: 50 * time.Millisecond, Group: "g"}))
	}
	first := speaking(t, list)
	send(1)
	check(1)
	for i, p := range list {
		settle(t, p, ledgers[i])
	}

	// It dies without a word.
	list[first].cfg.crash = true
	if err := list[first].stop(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	list = append(list[:first], list[first+1:]...)
	ledgers = append(ledgers[:first], ledgers[first+1:]...)
	send(2)
	second := speaking(t, list)
	t.Logf("another speaks after %v", time.Since(began))
	check(2)

	// It stops: the last one speaks at once, and nothing is written again.
	settle(t, list[second], ledgers[second])
	before := letterSources(t, c)
	began = time.Now()
	if err := list[second].stop(); err != nil {
		t.Fatal(err)
	}
	last := list[1-second]
	speaking(t, []*running{last})
	t.Logf("after a stop another speaks after %v", time.Since(began))
	if got := letterSources(t, c); !reflect.DeepEqual(got, before) {
		t.Errorf("got %d letters, want the %d there were", len(got), len(before))
	}
	send(3)
	check(2)
	if name, epoch, here := last.Speaker(); name == "" || epoch < 3 || !here {
		t.Errorf("got %q, epoch %d, %v", name, epoch, here)
	}
}

// Who cannot tell the others that it still speaks falls silent before they begin, and one begins again when the topic
// takes records.
func TestSpeakerCutOff(t *testing.T) {
	t.Parallel()
	b, c := startBroker(t, t.TempDir(), 1)
	var list []*running
	for range 2 {
		list = append(list, run(t, Config{Cluster: c, Machine: newLedger(), Shared: true}))
	}
	speaking(t, list)
	h := b.Cluster().Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: c.Topic(Turns), Err: kerr.NotEnoughReplicas, Count: -1})
	for end := time.Now().Add(testTime); list[0].Speaks() || list[1].Speaks(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it goes on speaking")
		}
	}
	h.Remove()
	speaking(t, list)
}

// Letters that are held are let go in their order, as far as whoever speaks has come, and no more are kept than there is
// room for.
func TestHeldLetters(t *testing.T) {
	l := &letters{topic: "t", version: "v", broken: make(chan struct{}), speaks: func() bool { return false }}
	l.more = sync.NewCond(&l.mu)
	send := func(lane int32, offset int64, size int) {
		t.Helper()
		d := newLetter(&kgo.Record{Topic: "s", Offset: offset, Value: make([]byte, size)}, fmt.Errorf("broken"))
		if err := l.send(context.Background(), d, lane); err != nil {
			t.Fatal(err)
		}
	}
	left := func(want int) {
		t.Helper()
		if got := int(l.handed - l.acked); got != want || len(l.held) != want {
			t.Errorf("got %d waited for and %d held, want %d", got, len(l.held), want)
		}
	}
	send(0, 5, 1)
	send(1, 7, 1)
	send(0, 6, 1)
	left(3)
	l.safe([]int64{5, 100})
	left(3) // the oldest is not
	l.safe(nil)
	left(3)
	l.safe([]int64{6, 7})
	left(2)
	l.safe([]int64{7, 8})
	left(0)
	send(1, 7, 1) // written already
	left(0)
	for i := range int64(20) {
		send(0, 10+i, 1<<20)
	}
	if l.heldBytes > maxHeldBytes || l.dropped < 4 || len(l.held) < 10 {
		t.Errorf("got %d held, %d bytes, %d dropped", len(l.held), l.heldBytes, l.dropped)
	}
	l.safe([]int64{100, 100})
	left(0)
	if l.heldBytes != 0 {
		t.Errorf("got %d bytes, want none", l.heldBytes)
	}
}
