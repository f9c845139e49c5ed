package stream

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// A topic is read to its end, though the record that stood there was compacted away in favour of a newer one.
func TestReadTopicBesideCompaction(t *testing.T) {
	b, c := startBroker(t, t.TempDir(), 1)
	put := func(key string, n int) {
		t.Helper()
		send(t, c, &kgo.Record{Topic: c.Topic(models.Settings), Key: []byte(key), Value: fmt.Append(nil, n)})
	}
	put("a", 1)
	put("b", 2) // the end when the reader asks
	client, err := c.client(kgo.ConsumeResetOffset(kgo.NoResetOffset()), kgo.FetchMaxWait(fetchWait))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var got []string
	r := &topicReader{client: client, name: c.Topic(models.Settings), left: make(map[int32]int64), next: make(map[int32]int64), each: func(rec *kgo.Record) error {
		got = append(got, string(rec.Value))
		return nil
	}}
	put("b", 3)
	put("c", 4)
	b.Cluster().Compact()
	client.AddConsumePartitions(map[string]map[int32]kgo.Offset{r.name: {0: kgo.NewOffset().AtStart()}})
	r.left[0] = 2
	ctx, cancel := context.WithTimeout(testContext(t), 5*time.Second)
	defer cancel()
	for len(r.left) > 0 {
		if err := r.poll(ctx); err != nil {
			t.Fatalf("%v after %v", err, got)
		}
	}
	if len(got) != 1 || got[0] != "1" {
		t.Errorf("got %v, want what was there and is left", got)
	}
}
