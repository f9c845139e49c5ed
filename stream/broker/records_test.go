package broker

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Records go from a stopped broker's files, or get another value, whatever they were packed with; all others, and all offsets, stay,
// and a broker that starts on the files goes on where the one before ended.
func TestRewrite(t *testing.T) {
	const batches = 4
	codecs := map[string]kgo.CompressionCodec{"none": kgo.NoCompression(), "snappy": kgo.SnappyCompression(), "zstd": kgo.ZstdCompression(), "lz4": kgo.Lz4Compression(), "gzip": kgo.GzipCompression()}
	for name, codec := range codecs {
		for what, gone := range map[string]func(i int) bool{
			"none": func(int) bool { return false }, "first": func(i int) bool { return i == 0 }, "last": func(i int) bool { return i == 3*batches-1 },
			"a batch": func(i int) bool { return i/3 == 1 }, "the last batch": func(i int) bool { return i/3 == batches-1 }, "all": func(int) bool { return true },
		} {
			if name != "snappy" && what != "first" {
				continue // the codec is the batch's business
			}
			dir := t.TempDir()
			b := start(t, Config{Dir: dir, Unsynced: true})
			client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.DisableClientMetrics(), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codec))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := kadm.NewClient(client).CreateTopic(context.Background(), 1, 1, nil, "t"); err != nil {
				t.Fatal(err)
			}
			var wantValues []string
			var wantOffsets []int64
			for i := range batches {
				var records []*kgo.Record
				for j := range 3 {
					n := 3*i + j
					records = append(records, &kgo.Record{Topic: "t", Key: fmt.Append(nil, "key ", n), Value: fmt.Appendf(nil, "value %040d", n), Headers: []kgo.RecordHeader{{Key: "h", Value: fmt.Append(nil, n)}}})
					switch {
					case gone(n):
					case n == 4:
						wantValues, wantOffsets = append(wantValues, "another"), append(wantOffsets, int64(n))
					default:
						wantValues, wantOffsets = append(wantValues, fmt.Sprintf("value %040d", n)), append(wantOffsets, int64(n))
					}
				}
				if err := client.ProduceSync(context.Background(), records...).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
			client.Close()
			if _, err := Rewrite(dir, func(*Record) Change { return Leave }); err == nil {
				t.Fatal("the log of a running broker was rewritten")
			}
			closeBroker(t, b)
			seen := 0
			done, err := Rewrite(dir, func(r *Record) Change {
				if r.Topic != "t" {
					return Leave
				}
				if string(r.Key) != fmt.Sprint("key ", r.Offset) || r.Of != 1 {
					t.Errorf("%s: offset %d has key %q of %d partitions", name, r.Offset, r.Key, r.Of)
				}
				seen++
				switch n := int(r.Offset); {
				case gone(n):
					return Remove
				case n == 4:
					r.Value = []byte("another")
					return Edit
				}
				return Leave
			})
			if err != nil || seen != 3*batches {
				t.Fatalf("%s: %d records, %v", name, seen, err)
			}
			b = start(t, Config{Dir: dir, Unsynced: true})
			if len(b.damage) > 0 {
				t.Errorf("%s without %s: damage: %v", name, what, b.damage)
			}
			values, offsets, end := readLog(t, name, b)
			closeBroker(t, b)
			if !slices.Equal(values, wantValues) || !slices.Equal(offsets, wantOffsets) || end != 3*batches {
				t.Errorf("%s without %s: %q at %v up to %d, want %q at %v; %+v", name, what, values, offsets, end, wantValues, wantOffsets, done)
			}
			left := 0
			if err := EachRecord(dir, func(r *Record) error { left++; return nil }); err != nil || left != len(wantValues)+1 {
				t.Errorf("%s without %s: %d records are left, %v", name, what, left, err)
			}
		}
	}
}
