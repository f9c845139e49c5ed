//go:build integration

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// What takes minutes of three brokers: make proof-cluster.
func TestProofCluster(t *testing.T) {
	if os.Getenv("ORRERY_PROOF_CLUSTER") == "" {
		t.Skip("ORRERY_PROOF_CLUSTER is not set: make proof-cluster does")
	}
	c := startCluster(t)
	t.Run("committed offsets", func(t *testing.T) { proofCommitted(t, c) })
	t.Run("rolling restart", func(t *testing.T) { proofRolling(t, c) })
}

// committed watches what a consumer group has committed.
type committed struct {
	newest map[string]int64
	moved  int
	back   []string
	asked  int
	missed int // questions without an answer: the group's coordinator may be anybody's at the beginning
}

// look asks once, and notes what has gone back.
func (w *committed) look(adm *kadm.Client, group string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	all, err := adm.FetchOffsets(ctx, group)
	if err != nil {
		return err
	}
	w.asked++
	all.Each(func(o kadm.OffsetResponse) {
		part := fmt.Sprintf("%s/%d", o.Topic, o.Partition)
		was, known := w.newest[part]
		if known && o.At < was {
			w.back = append(w.back, fmt.Sprintf("%s from %d to %d", part, was, o.At))
		}
		if o.At > was {
			w.moved++
		}
		w.newest[part] = o.At
	})
	return nil
}

// follow looks every 50 ms until enough says so.
func (w *committed) follow(adm *kadm.Client, group string, enough func() bool) error {
	w.newest = map[string]int64{}
	var last error
	for !enough() {
		if err := w.look(adm, group); err != nil {
			w.missed++
			last = err
		}
		time.Sleep(50 * time.Millisecond)
	}
	if w.asked < w.missed {
		return fmt.Errorf("%d of %d questions about committed offsets were not answered, the last: %w", w.missed, w.asked+w.missed, last)
	}
	return nil
}

// speakerOf returns which of some instances speaks.
func speakerOf(t *testing.T, list []*instance) (which int) {
	t.Helper()
	client := &http.Client{Timeout: time.Second} // one that is stopped does not answer
	eventually(t, "one instance speaks", func() bool {
		which = -1
		for n, i := range list {
			r, err := client.Get(i.http + "/metrics")
			if err != nil {
				continue
			}
			if strings.Contains(string(i.read(r, http.StatusOK)), "\norrery_speaks 1\n") {
				which = n
			}
		}
		return which >= 0
	})
	return which
}

// Two instances commit under one group: whoever speaks is stopped for 12 s and goes on, then killed and started again. What is
// committed never goes back, and everything is counted by both.
func proofCommitted(t *testing.T, c *cluster) {
	const group = "proof-committed"
	var list []*instance
	for range 2 {
		i := c.instance("committed.", "--snapshot.every", "1s", "--kafka.group", group)
		i.start()
		list = append(list, i)
	}
	client := list[0].client(kgo.DefaultProduceTopic("committed.pageviews"))
	defer client.Close()
	var enough, done atomic.Bool
	sent := 0
	produced := make(chan error, 1)
	go func() { // 200 events a second, from a producer that needs none of the two
		for ; !enough.Load(); sent++ {
			visitor := "v" + strconv.Itoa(sent%500)
			event := fmt.Sprintf(`{"event":"view_item","id":"%d","visitor":%q,"items":[{"item_id":"i%d"}]}`, sent, visitor, sent%50)
			r := &kgo.Record{Key: []byte(visitor), Value: []byte(event)}
			if err := client.ProduceSync(context.Background(), r).FirstErr(); err != nil {
				produced <- err
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		produced <- nil
	}()
	var w committed
	followed := make(chan error, 1)
	go func() { followed <- w.follow(kadm.NewClient(client), group, done.Load) }()

	time.Sleep(5 * time.Second) // some commits of the first
	for range 2 {
		which := speakerOf(t, list)
		if err := list[which].proc.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		time.Sleep(12 * time.Second)
		if err := list[which].proc.cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
	}
	which := speakerOf(t, list)
	list[which].proc.kill()
	time.Sleep(5 * time.Second)
	list[which].start()
	time.Sleep(5 * time.Second)
	enough.Store(true)
	if err := <-produced; err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		i.settle()
		if got := i.stats().Total; got != sent {
			t.Errorf("%d events are counted, %d were sent", got, sent)
		}
	}
	done.Store(true)
	if err := <-followed; err != nil {
		t.Fatal(err)
	}
	if len(w.back) > 0 {
		t.Errorf("what was committed went back %d times: %s", len(w.back), strings.Join(w.back, ", "))
	}
	if w.moved < 10 {
		t.Errorf("only %d commits were seen", w.moved)
	}
	t.Logf("%d events; looked %d times, %d commits of a partition, %d went back", sent, w.asked, w.moved, len(w.back))
	for _, i := range list {
		i.proc.kill()
	}
}

// inSync waits until every partition has all of its copies.
func (c *cluster) inSync(t *testing.T, i *instance) {
	t.Helper()
	adm := kadm.NewClient(i.client())
	defer adm.Close()
	eventually(t, "all copies are in time", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		topics, err := adm.ListTopics(ctx)
		if err != nil || topics.Error() != nil {
			return false
		}
		whole := len(topics) > 0
		topics.EachPartition(func(p kadm.PartitionDetail) { whole = whole && len(p.ISR) == len(p.Replicas) })
		return whole
	})
}

// pauses is how long nothing was acknowledged.
type pauses struct{ nanos atomic.Int64 }

func (p *pauses) longest() time.Duration {
	return time.Duration(p.nanos.Load()).Round(10 * time.Millisecond)
}

// follow looks at a counter of acknowledged events until enough says so.
func (p *pauses) follow(count func() int, enough func() bool) {
	last, since := count(), time.Now()
	for !enough() {
		if n := count(); n != last {
			last, since = n, time.Now()
		}
		p.nanos.Store(max(p.nanos.Load(), int64(time.Since(since))))
		time.Sleep(5 * time.Millisecond)
	}
}

// Each of the three brokers is stopped and started again, the next one when all copies are in time: the server is ready throughout,
// frames go on, every event is taken, and counts once.
func proofRolling(t *testing.T, c *cluster) {
	truth := countGA4(t)
	i := c.instance("rolling.", exact...)
	i.start()
	var enough atomic.Bool
	shoppers := newShoppers(i.http, truth.top)
	shoppers.run(enough.Load)
	watch := watchServer(i.http, enough.Load)
	var p pauses
	counted := make(chan struct{})
	go func() { defer close(counted); p.follow(shoppers.events, enough.Load) }()
	eventually(t, "events arrive", func() bool { return shoppers.events() > 200 })
	began := time.Now()
	for n := 1; n <= 3; n++ {
		c.run("stop", strconv.Itoa(n))
		time.Sleep(2 * time.Second) // it is replaced
		c.run("start", strconv.Itoa(n))
		c.inSync(t, i)
		t.Logf("broker %d is back and in time %s after the beginning, longest pause so far %s", n,
			time.Since(began).Round(100*time.Millisecond), p.longest())
	}
	back := shoppers.events()
	eventually(t, "events arrive with all brokers back", func() bool { return shoppers.events() > back+200 })
	enough.Store(true)
	shoppers.wait(t)
	watch.check(t)
	<-counted
	i.settle()
	got := i.stats()
	if got.Total != shoppers.events() {
		t.Errorf("%d events are counted, acknowledged were %d", got.Total, shoppers.events())
	}
	t.Logf("%d events in %d requests, %d attempts repeated, longest pause of posts %s, duplicates left out %d",
		got.Total, shoppers.batches(), shoppers.again.Load(), p.longest(), got.Duplicates)
}
