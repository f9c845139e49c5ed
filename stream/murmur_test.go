package stream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// The hashes of Kafka's own UtilsTest.
func TestMurmur2(t *testing.T) {
	for key, want := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	} {
		if got := int32(murmur2([]byte(key))); got != want {
			t.Errorf("%q: got %d, want %d", key, got, want)
		}
	}
}

// Our own writers put records where they belong; whoever uses another partitioner is counted, record by record.
func TestMisplaced(t *testing.T) {
	t.Parallel()
	c := startLog(t, 4)
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m})
	records := events(90, 300)
	produce(t, c, records)
	settle(t, p, m)
	if s := p.Status(); s.Misplaced != 0 {
		t.Fatalf("got %d misplaced, want none", s.Misplaced)
	}
	client, err := c.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	want := uint64(0)
	for i := range 40 {
		visitor := fmt.Sprint("v", i%9)
		if partitionOf([]byte(visitor), 4) != 1 {
			want++
		}
		// A key that is right by itself does not help: it is not the visitor's.
		r := &kgo.Record{Topic: c.Topic(models.Pageviews), Partition: 1, Key: []byte(strings.Repeat("k", i)),
			Value: fmt.Appendf(nil, `{"event":"view_item","visitor":%q,"id":"m%d","items":[{"item_id":"p"}]}`, visitor, i)}
		if err := client.ProduceSync(testContext(t), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, p, m)
	if s := p.Status(); s.Misplaced != want || want == 0 {
		t.Errorf("got %d misplaced, want %d", s.Misplaced, want)
	}
}

func BenchmarkPartitionOf(b *testing.B) {
	key := []byte("0192f1c2-6a54-7cc1-9f11-5d1f0a2b3c4d")
	for b.Loop() {
		partitionOf(key, 4)
	}
}
