package broker

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// damagedLog writes batches of three records each, ends the broker (crashed: without the files of a clean end), and returns
// the segment and where its batches begin.
func damagedLog(t *testing.T, dir string, batches int, crashed bool) (path string, at []int) {
	t.Helper()
	b := start(t, Config{Dir: dir, Unsynced: true})
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.DisableClientMetrics(), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kadm.NewClient(client).CreateTopic(context.Background(), 1, 1, nil, "t"); err != nil {
		t.Fatal(err)
	}
	for i := range batches {
		var records []*kgo.Record
		for j := range 3 {
			records = append(records, &kgo.Record{Topic: "t", Value: fmt.Append(nil, 3*i+j)})
		}
		if err := client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	client.Close()
	closeBroker(t, b)
	if crashed {
		if err := forgetCleanEnd(dir); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(partitionDir(dir, "t", 0), "0.dat")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(text); i += batchSize(text, i) {
		at = append(at, i)
	}
	if len(at) != batches {
		t.Fatalf("%d batches, want %d", len(at), batches)
	}
	return path, at
}

// readLog returns what a client reads of the topic, and the next offset that it would be given.
func readLog(t *testing.T, name string, b *Broker) (values []string, offsets []int64, end int64) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.DisableClientMetrics(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"t": {0: kgo.NewOffset().AtStart()}}))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	// A record at the end says when everything before it has been read.
	last := &kgo.Record{Topic: "t", Value: []byte("end")}
	if err := client.ProduceSync(context.Background(), last).FirstErr(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatalf("%s: after %v: %v", name, offsets, err)
		}
		for r := range fetches.RecordsAll() {
			if string(r.Value) == "end" {
				return values, offsets, r.Offset
			}
			values, offsets = append(values, string(r.Value)), append(offsets, r.Offset)
		}
	}
}

// A flipped bit anywhere in a batch is put right where it follows from the rest, and else costs that batch alone, by an
// error that names its offsets: reference finding F19.
func TestDamagedBatch(t *testing.T) {
	const batches = 5
	for _, damaged := range []int{0, 2, batches - 1} {
		for i, c := range []struct {
			name string
			byte int
			bit  byte
			lost bool
		}{
			{"first offset, low", 7, 1, false}, {"first offset, high", 5, 4, false}, {"first offset, sign", 0, 0x80, false},
			{"length", 11, 4, false}, {"length, huge", 8, 0x40, false}, {"magic", 16, 1, false}, {"magic, zero", 16, 2, false},
			{"checksum", 18, 1, true}, {"count of offsets", 26, 8, true}, {"record", batchFixed + 3, 0x10, true},
		} {
			crashed := (i+damaged)%2 == 0 // both with every kind of damage
			name := fmt.Sprintf("%s of batch %d, crashed %v", c.name, damaged, crashed)
			dir := t.TempDir()
			path, at := damagedLog(t, dir, batches, crashed)
			text, _ := os.ReadFile(path)
			text[at[damaged]+c.byte] ^= c.bit
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			b := start(t, Config{Dir: dir, Unsynced: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
			found := b.Damage()
			values, offsets, end := readLog(t, name, b)
			closeBroker(t, b)
			from := int64(3 * damaged)
			if len(found) != 1 || found[0].From != from || found[0].To < from+1 || found[0].Lost != c.lost || c.byte != 26 && found[0].To != from+3 {
				t.Errorf("%s: found %v", name, found)
			}
			if want := fmt.Sprintf("from=%d", from); !strings.Contains(log.String(), want) || c.lost != strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("%s: log %q", name, log.String())
			}
			var want []string
			for i := range 3 * batches {
				if !c.lost || i/3 != damaged {
					want = append(want, fmt.Sprint(i))
				}
			}
			if !slices.Equal(values, want) {
				t.Errorf("%s: read %v, want %v", name, values, want)
			}
			for i, v := range values {
				if fmt.Sprint(offsets[i]) != v {
					t.Errorf("%s: record %s is at offset %d", name, v, offsets[i])
				}
			}
			if end < 3*batches && damaged < batches-1 {
				t.Errorf("%s: the log ends at %d", name, end)
			}
			// The next start finds nothing any more.
			b = start(t, Config{Dir: dir, Unsynced: true})
			if again := b.Damage(); len(again) != 0 {
				t.Errorf("%s: found again: %v", name, again)
			}
			closeBroker(t, b)
		}
	}
}

// A sound log is not touched, whatever gaps it has: neither one that was compacted nor one with a hole.
func TestHealLeavesWhatIsSound(t *testing.T) {
	dir := t.TempDir()
	path, at := damagedLog(t, dir, 6, true)
	text, _ := os.ReadFile(path)
	f := func(compacted bool, moved map[int]int64) {
		t.Helper()
		changed := slices.Clone(text)
		for i, by := range moved {
			for ; i < len(at); i++ {
				binary.BigEndian.PutUint64(changed[at[i]:], binary.BigEndian.Uint64(changed[at[i]:])+uint64(by))
			}
		}
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		h := healer{topic: "t", compacted: compacted}
		if err := h.run(filepath.Dir(path)); err != nil || len(h.found) != 0 {
			t.Errorf("%v: %v, %v", moved, h.found, err)
		}
		if after, _ := os.ReadFile(path); !slices.Equal(after, changed) {
			t.Errorf("%v: the file was changed", moved)
		}
	}
	f(false, nil)
	f(true, nil)
	f(false, map[int]int64{2: 12})
	f(true, map[int]int64{1: 5, 3: 64, 5: 7})
}

// Bytes between two batches that belong to neither are taken out: what follows keeps its offsets.
func TestHealTakesOutWhatIsNoBatch(t *testing.T) {
	for _, junk := range []int{1, 60, 61, 500} {
		for _, before := range []int{0, 3} {
			dir := t.TempDir()
			path, at := damagedLog(t, dir, 5, true)
			text, _ := os.ReadFile(path)
			text = slices.Concat(text[:at[before]], make([]byte, junk), text[at[before]:])
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			b := start(t, Config{Dir: dir, Unsynced: true})
			if found := b.Damage(); len(found) != 1 || !found[0].Lost || found[0].From != int64(3*before) || found[0].To != found[0].From {
				t.Errorf("%d bytes before batch %d: %v", junk, before, found)
			}
			values, offsets, end := readLog(t, "junk", b)
			if len(values) != 15 || offsets[14] != 14 || values[14] != "14" || end != 15 {
				t.Errorf("%d bytes before batch %d: read %v", junk, before, offsets)
			}
			closeBroker(t, b)
		}
	}
}

// A start goes on where the files that would make it quicker cannot be written, as on a full disk.
func TestStartWithoutRoom(t *testing.T) {
	dir := t.TempDir()
	path, _ := damagedLog(t, dir, 4, true)
	if err := os.Mkdir(filepath.Join(filepath.Dir(path), snapshotName+temp), 0o700); err != nil { // no file can be made there
		t.Fatal(err)
	}
	var log strings.Builder
	b := start(t, Config{Dir: dir, Unsynced: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
	defer closeBroker(t, b)
	if !strings.Contains(log.String(), "the start takes longer") {
		t.Errorf("log %q", log.String())
	}
	if values, _, _ := readLog(t, "without room", b); len(values) != 12 {
		t.Errorf("read %v", values)
	}
}
