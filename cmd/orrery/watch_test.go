package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/stream"
	"orrery/stream/broker"
)

// A data folder that is removed or replaced while the process runs is told, and nothing is acknowledged that would be lost:
// reference row C6.
func TestDataFolderGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	logs := filepath.Join(dir, "broker")
	if err := os.MkdirAll(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	w := startWatch(func() stream.Status { return stream.Status{} }, dir, logs)
	defer w.Close()
	taken := 0
	g := guarded{Log: takes{&taken}, watch: w, broker: new(broker.Broker)}
	f := func(ok bool, want string) {
		t.Helper()
		w.look(time.Now())
		if got, reason := told(&w.gone, "fine")(); got != ok || !strings.Contains(reason, want) {
			t.Errorf("%v, %s", got, reason)
		}
		before := taken
		if err := g.Append(context.Background(), make([]models.Record, 1)); (err == nil) != ok || (taken > before) != ok {
			t.Errorf("append: %v, taken %v", err, taken > before)
		}
		with := guarded{Log: takes{&taken}, watch: w} // Kafka's log lies elsewhere
		if err := with.Append(context.Background(), nil); err != nil {
			t.Errorf("with a cluster: %v", err)
		}
	}
	f(true, "fine")
	kept := logs + ".kept"
	if err := os.Rename(logs, kept); err != nil {
		t.Fatal(err)
	}
	f(false, "the folder is gone")
	if err := os.Mkdir(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	f(false, "was replaced")
	if err := errors.Join(os.Remove(logs), os.Rename(kept, logs)); err != nil {
		t.Fatal(err)
	}
	f(true, "fine")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	f(false, "the folder is gone")
}

// takes counts what it is given.
type takes struct{ n *int }

func (k takes) Append(context.Context, []models.Record) error { *k.n++; return nil }

// A partition that has records and does not move is named; one that has none, that moves, or that an open transaction holds
// back is not, nor is any while the log is read for the first time.
func TestStalledPartition(t *testing.T) {
	s := stream.Status{Ready: true, Partitions: []stream.PartitionStatus{
		{Topic: "pageviews", Partition: 0, Next: 10, Lag: 0}, {Topic: "pageviews", Partition: 1, Next: 10, Lag: 3}, {Topic: "contacts", Partition: 1, Next: 7, Lag: 2, Held: 2},
	}}
	w := &watch{status: func() stream.Status { return s }, stands: map[string]standing{}}
	now := time.Unix(1_796_000_000, 0)
	f := func(past time.Duration, want string) {
		t.Helper()
		now = now.Add(past)
		if got := w.standing(now); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(0, "")
	f(stallPatient-time.Second, "")
	s.Partitions[1].Next++
	f(time.Second, "")
	f(stallPatient, "pageviews/1 stands at offset 11 for 20s, 3 records behind")
	s.Ready = false
	f(time.Second, "")
	s.Ready = true
	f(stallPatient-time.Second, "")
	f(time.Second, "pageviews/1 stands at offset 11")
	s.Partitions[1].Lag = 0
	f(time.Second, "")
}

func TestFullDiskIsTold(t *testing.T) {
	if got := scarce(t.TempDir()); got != "" {
		t.Skip("the disk of this machine is full: ", got)
	}
	if got := scarce("/proc"); got == "" { // a file system without room
		t.Error("no room, and nothing said")
	}
	if got := scarce(filepath.Join(t.TempDir(), "gone")); got != "" {
		t.Errorf("a folder that is not there: %s", got)
	}
}

func TestDamageIsTold(t *testing.T) {
	if ok, _ := intact(new(broker.Broker))(); !ok {
		t.Error("a sound log")
	}
	d := broker.Damage{Topic: "orrery.pageviews", Partition: 2, From: 5, To: 9, Lost: true}
	if want := "orrery.pageviews/2: offsets 5 to 8 lost"; d.String() != want {
		t.Errorf("%s, want %s", d, want)
	}
}

func TestCauseHasNoPath(t *testing.T) {
	_, err := os.Stat("/nowhere/at/all")
	if got := cause(err); got != "no such file or directory" {
		t.Error(got)
	}
}

// The fitter says when it has not come round for three periods.
func TestFitIsStale(t *testing.T) {
	e, err := engine.New(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fitter{engine: e, every: 10 * time.Minute}
	for _, c := range []struct {
		past time.Duration
		ok   bool
	}{{time.Second, true}, {30 * time.Minute, true}, {32 * time.Minute, false}} {
		f.looked.Store(time.Now().Add(-c.past).Unix())
		if ok, reason := f.probe(); ok != c.ok {
			t.Errorf("%s ago: %v, %s", c.past, ok, reason)
		}
	}
	if ok, reason := new(fitter).probe(); ok || reason == "" {
		t.Error("models are current before anybody has looked")
	}
}

func TestByteSize(t *testing.T) {
	f := func(text string, want byteSize, back string) {
		t.Helper()
		var s byteSize
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want || s.String() != back {
			t.Errorf("%s: %d, %v, written as %s", text, s, err, s)
		}
	}
	f("0", 0, "0")
	f("1000", 1000, "1000")
	f("1000B", 1000, "1000")
	f("512MiB", 512<<20, "512MiB")
	f("1.5 GiB", 3<<29, "1536MiB")
	f("2048GiB", 2<<40, "2TiB")
	for _, bad := range []string{"", "GiB", "-1", "1GB", "1e30TiB", "NaN", "ten", "1 i B"} {
		if err := new(byteSize).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// F12: while the models are too far behind what they have been given, nothing more is taken.
func TestF12IngestIsHeldBack(t *testing.T) {
	for _, c := range []struct {
		behind, most uint64
		want         error
	}{{0, 10, nil}, {10, 10, nil}, {11, 10, models.ErrFull}, {1 << 30, 0, nil}} {
		taken := 0
		g := guarded{Log: takes{&taken}, watch: new(watch), behind: late(c.behind), most: c.most}
		if err := g.Append(context.Background(), make([]models.Record, 1)); !errors.Is(err, c.want) || (taken == 1) != (c.want == nil) {
			t.Errorf("%d of %d behind: %v, taken %d", c.behind, c.most, err, taken)
		}
	}
}

// late is how many events the models are behind.
type late uint64

func (l late) Full(most uint64) error {
	if uint64(l) > most {
		return models.ErrFull
	}
	return nil
}
