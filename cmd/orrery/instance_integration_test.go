//go:build integration

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// instance is a server under test: its place on disk and on the network, which outlive the process.
type instance struct {
	t       *testing.T
	dir     string
	http    string // base URL
	brokers string // with commas between; Kafka that the instance reads: its own, unless the test has another one
	prefix  string // of its topics
	args    []string
	proc    *process
	starts  int
}

// exact makes the engine count as one counts by hand: nothing fades, and no list of neighbours or of viewed products is
// ever full.
var exact = []string{"--clock", "stream", "--decay.off", "--neighbours.bound", "4096", "--history.items", "1024"}

// newInstance prepares a server with an embedded broker and does not start it.
func newInstance(t *testing.T, args ...string) *instance {
	t.Helper()
	listen, kafka := freePort(t), freePort(t)
	return &instance{
		t: t, dir: workDir(t), http: "http://" + listen, brokers: kafka, prefix: "orrery.",
		args: append([]string{"--http.listen", listen, "--kafka.listen", kafka, "--admin.listen", "-"}, args...),
	}
}

// newKafkaInstance prepares a server that reads Apache Kafka, under topics of its own, which go when the test ends.
func newKafkaInstance(t *testing.T, args ...string) *instance {
	t.Helper()
	brokers := os.Getenv("ORRERY_KAFKA")
	if brokers == "" {
		t.Fatal("ORRERY_KAFKA is not set: run make test-integration")
	}
	listen := freePort(t)
	i := &instance{
		t: t, dir: workDir(t), http: "http://" + listen, brokers: brokers,
		prefix: fmt.Sprintf("test-%d.", time.Now().UnixNano()),
	}
	i.args = append([]string{"--http.listen", listen, "--admin.listen", "-", "--kafka.brokers", brokers, "--kafka.prefix", i.prefix}, args...)
	t.Cleanup(i.removeTopics)
	return i
}

func (i *instance) removeTopics() {
	adm := kadm.NewClient(i.client())
	defer adm.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	topics, err := adm.ListTopics(ctx)
	if err != nil {
		i.t.Errorf("cannot list topics: %v", err)
		return
	}
	for _, name := range topics.Names() {
		if strings.HasPrefix(name, i.prefix) {
			if _, err := adm.DeleteTopics(ctx, name); err != nil {
				i.t.Errorf("cannot delete topic %q: %v", name, err)
			}
		}
	}
}

// client returns a Kafka client of the instance's broker. The caller closes it.
func (i *instance) client(opts ...kgo.Opt) *kgo.Client {
	i.t.Helper()
	client, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(strings.Split(i.brokers, ",")...)}, opts...)...)
	if err != nil {
		i.t.Fatal(err)
	}
	return client
}

// launch starts the process and does not wait for it.
func (i *instance) launch(more ...string) {
	i.t.Helper()
	i.starts++
	args := append([]string{"serve", "--data-dir", i.dir + "/data"}, i.args...)
	i.proc = launch(i.t, i.dir, fmt.Sprintf("serve-%02d", i.starts), nil, append(args, more...)...)
}

// start starts the process and returns how long it took until it was ready.
func (i *instance) start(more ...string) time.Duration {
	i.t.Helper()
	i.launch(more...)
	return i.ready()
}

func (i *instance) ready() time.Duration {
	i.t.Helper()
	return eventually(i.t, "the server is ready", func() bool {
		if !i.proc.alive() {
			i.t.Fatalf("the server has ended: %v\n%s", i.proc.err, tail(i.proc.file("log"), 10))
		}
		r, err := http.Get(i.http + "/readyz")
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
}

// replay sends a file of the public data sets into the instance's log and returns what the command says of it.
func (i *instance) replay(preset, file string, more ...string) replaySummary {
	i.t.Helper()
	args := append(i.replayArgs(preset), more...)
	var s replaySummary
	decodeJSON(i.t, execute(i.t, i.dir, "replay-"+preset, append(args, file)...), &s)
	return s
}

func (i *instance) replayArgs(preset string) []string {
	return []string{"--json", "replay", "--quiet", "--preset", preset, "--kafka.brokers", i.brokers, "--kafka.prefix", i.prefix}
}

// replaySummary is what replay --json prints, as far as these tests look at it.
type replaySummary struct {
	Rows  int `json:"rows"`
	Total int `json:"total"`
	Bad   int `json:"bad_rows"`
}

// stats is the answer of GET /v1/stats.
type stats struct {
	Events            map[string]int    `json:"events"`
	Total             int               `json:"total"`
	Orders            int               `json:"orders"`
	Refunds           int               `json:"refunds"`
	Cancels           int               `json:"cancels"`
	Buyers            int               `json:"buyers"`
	Visitors          int               `json:"visitors"`
	Contacts          int               `json:"contacts"`
	Sessions          int               `json:"sessions"`
	Bots              int               `json:"bots"`
	Items             int               `json:"items"`
	Revenue           map[string]string `json:"revenue"`
	Duplicates        int               `json:"duplicates"`
	DeadLetters       int               `json:"deadletters"`
	DeadLettersByCode map[string]int    `json:"deadletters_by_code"`
	Lag               int               `json:"lag"`
}

func (i *instance) stats() (s stats) {
	i.t.Helper()
	i.get("/v1/stats", &s)
	return s
}

// get asks for JSON and expects 200.
func (i *instance) get(path string, into any) {
	i.t.Helper()
	r, err := http.Get(i.http + path)
	if err != nil {
		i.t.Fatal(err)
	}
	decodeJSON(i.t, i.read(r, http.StatusOK), into)
}

// post sends JSON and returns the answer's status and body.
func (i *instance) post(path string, body []byte) (int, []byte) {
	i.t.Helper()
	r, err := http.Post(i.http+path, "application/json", bytes.NewReader(body))
	if err != nil {
		i.t.Fatal(err)
	}
	return r.StatusCode, i.read(r, r.StatusCode)
}

func (i *instance) read(r *http.Response, want int) []byte {
	i.t.Helper()
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		i.t.Fatal(err)
	}
	if r.StatusCode != want {
		i.t.Fatalf("%s %s: status %d, want %d: %s", r.Request.Method, r.Request.URL, r.StatusCode, want, body)
	}
	return body
}

// text asks for a page.
func (i *instance) text(path string) string {
	i.t.Helper()
	r, err := http.Get(i.http + path)
	if err != nil {
		i.t.Fatal(err)
	}
	return string(i.read(r, http.StatusOK))
}

var positionLine = regexp.MustCompile(`(?m)^orrery_stream_position\{topic="(\w+)",partition="(\d+)"\} (\d+)`)

// settle waits until the models hold everything that is in the log at this moment, by the broker's own account of its
// ends.
func (i *instance) settle() {
	i.t.Helper()
	adm := kadm.NewClient(i.client())
	defer adm.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ends, err := adm.ListEndOffsets(ctx)
	if err != nil {
		i.t.Fatalf("cannot ask for the log's ends: %v", err)
	}
	eventually(i.t, "everything in the log is applied", func() bool {
		positions := positionLine.FindAllStringSubmatch(i.text("/metrics"), -1)
		for _, p := range positions {
			partition, _ := strconv.ParseInt(p[2], 10, 32)
			at, _ := strconv.ParseInt(p[3], 10, 64)
			end, ok := ends.Lookup(i.prefix+p[1], int32(partition))
			if !ok {
				i.t.Fatalf("the broker knows nothing of %s", p[0])
			}
			if at < end.Offset {
				return false
			}
		}
		return len(positions) > 0
	})
}

// readTopic reads a topic to its present end; each partition in its order.
func (i *instance) readTopic(name string) (records []*kgo.Record) {
	i.t.Helper()
	topic := i.prefix + name
	client := i.client(kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ends, err := kadm.NewClient(client).ListEndOffsets(ctx, topic)
	if err != nil {
		i.t.Fatal(err)
	}
	left := int64(0)
	ends.Each(func(o kadm.ListedOffset) { left += o.Offset })
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			i.t.Fatalf("cannot read topic %q: %v", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { records = append(records, r) })
		left -= int64(fetches.NumRecords())
	}
	return records
}

// evidence asks for all neighbours of a product by one recipe and returns their counts, and the products in the order
// of the frame. A frame holds 100 products at most; several frames of one page that leave out each other's products
// hold all of them.
func (i *instance) evidence(recipe, product string) (counts map[string]float64, order []string) {
	i.t.Helper()
	frame := fmt.Sprintf(`{"frame":%q,"n":100}`, recipe)
	body := fmt.Sprintf(`{"product":%q,"dedupe":true,"frames":[%s]}`, product, strings.TrimSuffix(strings.Repeat(frame+",", 20), ","))
	status, answer := i.post("/v1/frames", []byte(body))
	if status != http.StatusOK {
		i.t.Fatalf("%s of %s: status %d: %s", recipe, product, status, answer)
	}
	var page struct{ Frames []frameAnswer }
	decodeJSON(i.t, answer, &page)
	counts = map[string]float64{}
	for _, f := range page.Frames {
		for _, item := range f.Items {
			if item.Recipe != recipe || item.Because.ID != product {
				i.t.Fatalf("%s of %s: a slot by %s because of %q", recipe, product, item.Recipe, item.Because.ID)
			}
			if _, twice := counts[item.ID]; twice {
				i.t.Fatalf("%s of %s: %s is there twice", recipe, product, item.ID)
			}
			counts[item.ID] = item.Because.Count
			order = append(order, item.ID)
		}
	}
	return counts, order
}

// frameAnswer is a recommendation frame.
type frameAnswer struct {
	Frame string
	Items []struct {
		ID      string `json:"item_id"`
		Recipe  string
		Score   float64
		Because struct {
			ID    string `json:"item_id"`
			Count float64
			Score float64
		}
	}
}

func decodeJSON(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("cannot read %.300q: %v", data, err)
	}
}
