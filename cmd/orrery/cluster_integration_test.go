//go:build integration

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// cluster is three brokers of Apache Kafka that the test has brought up.
type cluster struct {
	t    *testing.T
	dir  string
	base int
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	libs := filepath.Join(os.Getenv("KAFKA_DIR"), "libs")
	if os.Getenv("KAFKA_DIR") == "" {
		t.Skip("KAFKA_DIR is not set: there are no jars to start brokers with")
	}
	c := &cluster{t: t, dir: workDir(t), base: freePorts(t, 0, 1, 10, 11, 20, 21)}
	t.Setenv("KAFKA_LIBS", libs)
	began := time.Now()
	t.Cleanup(func() { c.run("down") })
	c.run("up", strconv.Itoa(c.base))
	t.Logf("three brokers after %s", time.Since(began).Round(time.Millisecond))
	return c
}

// freePorts returns a port of which those at the given distances are free as well.
func freePorts(t *testing.T, distances ...int) int {
	t.Helper()
	for range 100 {
		_, text, _ := strings.Cut(freePort(t), ":")
		base, _ := strconv.Atoi(text)
		free := true
		for _, d := range distances {
			l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(base+d))
			if free = free && err == nil; err == nil {
				l.Close()
			}
		}
		if free {
			return base
		}
	}
	t.Fatal("cannot find free ports")
	return 0
}

// run runs a command of the script that looks after the brokers.
func (c *cluster) run(args ...string) {
	c.t.Helper()
	cmd := exec.Command(filepath.Join("..", "..", "deploy", "kafka", "cluster"), args...)
	cmd.Env = append(os.Environ(), "KAFKA_DIR="+c.dir)
	out, err := os.Create(filepath.Join(c.dir, "script.log")) // not a pipe: the brokers would hold it open
	if err != nil {
		c.t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		c.t.Errorf("cannot %s the brokers: %v\n%s", args[0], err, tail(out.Name(), 20))
	}
}

func (c *cluster) brokers() string {
	return fmt.Sprintf("127.0.0.1:%d,127.0.0.1:%d,127.0.0.1:%d", c.base, c.base+10, c.base+20)
}

// instance prepares a server that reads this cluster.
func (c *cluster) instance(prefix string, args ...string) *instance {
	c.t.Helper()
	listen := freePort(c.t)
	i := &instance{t: c.t, dir: workDir(c.t), http: "http://" + listen, brokers: c.brokers(), prefix: prefix}
	i.args = append([]string{"--http.listen", listen, "--admin.listen", "-", "--kafka.brokers", c.brokers(), "--kafka.prefix", prefix}, args...)
	return i
}

// leader returns the number of the broker that leads a partition.
func (c *cluster) leader(i *instance, topic string) int {
	c.t.Helper()
	adm := kadm.NewClient(i.client())
	defer adm.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	details, err := adm.ListTopics(ctx, i.prefix+topic)
	if err != nil {
		c.t.Fatal(err)
	}
	d := details[i.prefix+topic]
	if d.Err != nil || len(d.Partitions[0].Replicas) != 3 {
		c.t.Fatalf("got %+v, want three copies", d)
	}
	return int(d.Partitions[0].Leader)
}

// Three brokers. Instances start at the same time on topics that nobody has made; then the leader of a partition dies
// under one and comes back: it is ready throughout, its frames go on, what was acknowledged is counted, once.
func TestCluster(t *testing.T) {
	c := startCluster(t)
	truth := countGA4(t)
	for round := range 4 {
		prefix := fmt.Sprintf("round-%d.", round)
		var together [3]*instance
		for n := range together {
			together[n] = c.instance(prefix)
			together[n].launch()
		}
		for _, i := range together {
			i.ready()
		}
		for _, i := range together {
			i.proc.kill()
		}
	}

	oneSpeaks(t, c)

	i := c.instance("killed.", exact...)
	i.start()
	var enough atomic.Bool
	shoppers := newShoppers(i.http, truth.top)
	shoppers.run(enough.Load)
	watch := watchServer(i.http, enough.Load)
	eventually(t, "events arrive", func() bool { return shoppers.events() > 200 })
	dead := c.leader(i, "pageviews")
	began, before := time.Now(), shoppers.events()
	c.run("crash", strconv.Itoa(dead))
	eventually(t, "events arrive again", func() bool { return shoppers.events() > before+400 })
	t.Logf("broker %d killed: events arrived again after %s, %d failed attempts", dead, time.Since(began).Round(time.Millisecond), shoppers.again.Load())
	c.run("start", strconv.Itoa(dead))
	back := shoppers.events()
	eventually(t, "events arrive with the broker back", func() bool { return shoppers.events() > back+200 })
	enough.Store(true)
	shoppers.wait(t)
	watch.check(t)
	eventually(t, "nothing stands in the way of the log any more", func() bool {
		return strings.Contains(i.text("/metrics"), `orrery_check{name="log"} 1`)
	})
	i.settle()
	interrupted := i.account(truth.top)
	if interrupted.Total != shoppers.events() {
		t.Errorf("%d events, acknowledged were %d", interrupted.Total, shoppers.events())
	}

	calm := newInstance(t, exact...)
	calm.start()
	shoppers.repeat(t, calm.http)
	calm.settle()
	compareAccounts(t, interrupted, calm.account(truth.top))
}

// watcher asks a server whether it is ready, and for a frame, again and again.
type watcher struct {
	done    sync.WaitGroup
	asked   int
	refused []string
	slowest time.Duration
}

func watchServer(url string, enough func() bool) *watcher {
	w := &watcher{}
	w.done.Go(func() {
		client := &http.Client{Timeout: 10 * time.Second}
		for !enough() {
			for _, path := range []string{"/readyz?verbose", "/v1/frames/most_viewed?n=5"} {
				began := time.Now()
				r, err := client.Get(url + path)
				w.asked++
				w.slowest = max(w.slowest, time.Since(began))
				if err != nil {
					w.refused = append(w.refused, err.Error())
					continue
				}
				body, _ := io.ReadAll(r.Body)
				r.Body.Close()
				if r.StatusCode != http.StatusOK || !json.Valid(body) {
					w.refused = append(w.refused, fmt.Sprintf("%s: %d %s", path, r.StatusCode, body))
				}
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	return w
}

// check fails unless every answer was 200.
func (w *watcher) check(t *testing.T) {
	t.Helper()
	w.done.Wait()
	if len(w.refused) > 0 {
		t.Errorf("%d of %d questions were not answered with 200, first: %s", len(w.refused), w.asked, w.refused[0])
	}
	t.Logf("%d times ready and a frame, the slowest after %s", w.asked/2, w.slowest.Round(time.Millisecond))
}

// oneSpeaks has three instances read the same log: scores and dead letters are written once, and go on when the instance that
// writes them is killed; committed offsets never go back.
func oneSpeaks(t *testing.T, c *cluster) {
	t.Helper()
	var list []*instance
	for range 3 {
		i := c.instance("speakers.", "--snapshot.every", "500ms", "--kafka.group", "speakers")
		i.launch()
		list = append(list, i)
	}
	for _, i := range list {
		i.ready()
	}
	speaker := func() (which int) {
		eventually(t, "one instance speaks", func() bool {
			which = -1
			for n, i := range list {
				if strings.Contains(i.text("/metrics"), "\norrery_speaks 1\n") {
					if which >= 0 {
						t.Fatalf("instances %d and %d speak", which, n)
					}
					which = n
				}
			}
			return which >= 0
		})
		return which
	}
	sent := 0
	send := func() {
		client := list[0].client()
		defer client.Close()
		for range 20 {
			sent++
			buy := fmt.Sprintf(`{"event":"purchase","id":"%[1]d","visitor":"v%[1]d","contact":"c%[1]d@example.com","order":"o%[1]d","value":5,"currency":"EUR"}`, sent)
			if status, body := list[0].post("/v1/events", []byte(buy)); status != http.StatusAccepted {
				t.Fatalf("status %d: %s", status, body)
			}
			broken := &kgo.Record{Topic: "speakers.pageviews", Key: []byte("k"), Value: []byte("broken")}
			if err := client.ProduceSync(context.Background(), broken).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func() {
		t.Helper()
		letters := map[string]int{}
		eventually(t, "all dead letters are written", func() bool {
			clear(letters)
			for _, r := range list[0].readTopic("deadletter") {
				source := ""
				for _, h := range r.Headers {
					if h.Key == "x-partition" || h.Key == "x-offset" {
						source += string(h.Value) + " "
					}
				}
				letters[source]++
			}
			return len(letters) == sent
		})
		told := map[string]score{}
		eventually(t, "all scores are written", func() bool {
			clear(told)
			for _, r := range list[0].readTopic("scores") {
				var s score
				decodeJSON(t, r.Value, &s)
				if before, known := told[s.Contact]; known && (before.Segment != s.SegmentBefore || before.Segment == s.Segment && fmt.Sprint(before.Band) == fmt.Sprint(s.Band)) {
					t.Fatalf("%s: told %q, then %s", s.Contact, before.Segment, r.Value)
				}
				told[s.Contact] = s
			}
			return len(told) == sent
		})
		twice := 0
		for _, n := range letters {
			twice += n - 1
		}
		t.Logf("%d dead letters, %d of them twice, scores of %d contacts", len(letters), twice, len(told))
	}
	asks := list[0].client()
	defer asks.Close()
	var w committed
	var over atomic.Bool
	followed := make(chan error, 1)
	go func() { followed <- w.follow(kadm.NewClient(asks), "speakers", over.Load) }()
	first := speaker()
	send()
	check()
	list[first].proc.kill()
	began := time.Now()
	list = append(list[:first], list[first+1:]...)
	speaker()
	t.Logf("another instance speaks %s after the first was killed", time.Since(began).Round(time.Millisecond))
	send()
	check()
	over.Store(true)
	if err := <-followed; err != nil {
		t.Error(err)
	}
	if len(w.back) > 0 {
		t.Errorf("committed offsets went back: %s", strings.Join(w.back, ", "))
	}
	t.Logf("looked at committed offsets %d times: they moved %d times", w.asked, w.moved)
	for _, i := range list {
		i.proc.kill()
	}
}
