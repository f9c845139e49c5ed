package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// TestKafkaMap: what others write to topics of their own counts once, whatever restarts in between; what nobody understands is a
// dead letter.
func TestKafkaMap(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir, "--kafka.map=testdata/map.toml")
	client, err := kgo.NewClient(kgo.SeedBrokers(n.cluster.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kadm.NewClient(client).CreateTopics(t.Context(), 2, 1, nil, "shop.public.orders", "shopify"); err != nil {
		t.Fatal(err)
	}
	send := func(topic string, values ...string) {
		t.Helper()
		for i, v := range values {
			if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Key: fmt.Append(nil, i), Value: []byte(v)}).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	const row = `{"id":%d,"email":"a@example.com","net":"10.00","made":"2026-11-21 10:15:30","lines":[{"sku":"A","each":5,"n":2}]}`
	change := func(id int) string { return fmt.Sprintf(`{"before":null,"after":`+row+`,"op":"c"}`, id) }
	send("shop.public.orders", change(1), change(2), change(2), "not JSON", `{"before":`+fmt.Sprintf(row, 1)+`,"after":null,"op":"d"}`)
	send("shopify", `{"id":9,"updated_at":"2026-11-21T10:00:00Z","created_at":"2026-11-21T10:00:00Z","email":"b@example.com","currency":"EUR","subtotal_price":"7.00"}`)
	until := func(n *testNode, what string, ok func(models.Stats) bool) {
		t.Helper()
		for began := time.Now(); !ok(n.engine.Stats()); time.Sleep(10 * time.Millisecond) {
			if time.Since(began) > time.Minute {
				t.Fatalf("%s: %+v", what, n.engine.Stats())
			}
		}
	}
	until(n, "the first orders", func(s models.Stats) bool { return s.Cancels == 1 && s.Orders == 2 && s.Revenue["EUR"] == 17_000_000 })
	var said strings.Builder
	n.bridge.Metrics(&said)
	if !strings.Contains(said.String(), `orrery_bridged_total{topic="shopify"} 1`) || !strings.Contains(said.String(), `why="shop.public.orders: not understood"} 1`) {
		t.Errorf("metrics: %s", said.String())
	}
	client.Close()
	n.end(t)

	n = startNode(t, dir, "--kafka.map=testdata/map.toml")
	if client, err = kgo.NewClient(kgo.SeedBrokers(n.cluster.Brokers...)); err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	send("shop.public.orders", change(3))
	until(n, "the order after the restart", func(s models.Stats) bool { return s.Orders == 3 && s.Revenue["EUR"] == 27_000_000 })
	letters := n.pipeline.Status().DeadLetters
	if s := n.engine.Stats(); s.Cancels != 1 || s.Repeats != 1 {
		t.Errorf("%d cancellations, %d repeats, dead letters %v", s.Cancels, s.Repeats, letters)
	}
	n.end(t)
}
