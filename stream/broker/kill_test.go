package broker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"
)

// Environment of a child: it runs a broker and nothing else.
const (
	childDir    = "ORRERY_TEST_BROKER_DIR"
	childListen = "ORRERY_TEST_BROKER_LISTEN"
	childUpkeep = "ORRERY_TEST_BROKER_UPKEEP"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// child runs a broker until it is killed, or its standard input ends.
func child(dir string) {
	upkeep, err := time.ParseDuration(os.Getenv(childUpkeep))
	if err != nil {
		upkeep = -1
	}
	b, err := Start(Config{Dir: dir, Listen: os.Getenv(childListen), Upkeep: upkeep, Unsynced: os.Getenv("ORRERY_TEST_UNSYNCED") != ""})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(b.Addr())
	io.Copy(io.Discard, os.Stdin)
	if err := b.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// process is a child that runs.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	addr  string
}

func spawn(t testing.TB, dir, listen string, upkeep time.Duration, env ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childListen+"="+listen, childUpkeep+"="+upkeep.String())
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the broker did not start: %v", err)
	}
	return &process{cmd: cmd, stdin: stdin, addr: strings.TrimSpace(line)}
}

func (p *process) kill() {
	p.cmd.Process.Signal(syscall.SIGKILL)
	p.cmd.Wait()
}

func (p *process) close(t testing.TB) {
	t.Helper()
	p.stdin.Close()
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("the broker did not close: %v", err)
	}
}

func long() bool { return os.Getenv("ORRERY_LONG") != "" }

// A broker that is killed again and again while it is written to loses no record that it acknowledged, keeps the order
// of each partition, and ends without repeats other than those of a retry across a kill.
func TestKilledBrokerKeepsWhatItAcknowledged(t *testing.T) {
	kills := 6
	if long() {
		kills = 60
	}
	dir := t.TempDir()
	p := spawn(t, dir, "127.0.0.1:0", 20*time.Millisecond)
	addr := p.addr
	client := newClient(t, addr)
	create(t, client, map[string]string{"cleanup.policy": "delete", "segment.bytes": "20000"}, 2, "plain")
	create(t, client, map[string]string{"cleanup.policy": "compact", "retention.ms": "-1", "segment.bytes": "20000"}, 1, "compacted")

	var mu sync.Mutex
	acked := map[string]int{} // topic/key -> newest number acknowledged
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for _, topic := range []string{"plain", "compacted"} {
		wg.Go(func() {
			for n := 1; ctx.Err() == nil; n++ {
				key := fmt.Sprint("k", n%50)
				r := &kgo.Record{Topic: topic, Key: []byte(key), Value: fmt.Append(nil, n, " ", strings.Repeat("x", 200))}
				if client.ProduceSync(context.Background(), r).FirstErr() == nil {
					mu.Lock()
					acked[topic+"/"+key] = n
					mu.Unlock()
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	for range kills {
		time.Sleep(time.Duration(50+rng.IntN(400)) * time.Millisecond)
		p.kill()
		tear(t, dir, rng)
		p = spawn(t, dir, addr, time.Duration(5+rng.IntN(30))*time.Millisecond)
	}
	cancel()
	wg.Wait()
	p.kill()
	p = spawn(t, dir, addr, -1)
	defer p.close(t)
	got := readAll(t, client, "plain", "compacted")
	repeats := 0
	for at, n := range acked {
		numbers := got[at]
		found := false
		last := 0
		for _, k := range numbers {
			// Of a compacted key a later record may be there that was written and not acknowledged.
			found = found || k == n || k > n && strings.HasPrefix(at, "compacted/")
			if k == last {
				repeats++
			} else if k < last {
				t.Errorf("%s: %d comes after %d", at, k, last)
			}
			last = k
		}
		if !found {
			t.Errorf("%s: %d was acknowledged and is not there: %v", at, n, numbers)
		}
	}
	plain := 0
	for at, numbers := range got {
		if strings.HasPrefix(at, "plain/") {
			plain += len(numbers)
		}
	}
	t.Logf("%d kills, %d plain records, %d repeats", kills, plain, repeats)
	if repeats > 4*kills {
		t.Errorf("got %d repeats in %d kills", repeats, kills)
	}
}

// tear puts the beginning of a batch behind the last segment of every other partition, as a write that was cut off.
func tear(t testing.TB, dir string, rng *rand.Rand) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(dir, "partitions", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		segments, err := segmentsOf(d)
		if err != nil {
			t.Fatal(err)
		}
		if len(segments) == 0 || rng.IntN(2) == 0 {
			continue
		}
		name := filepath.Join(d, segments[len(segments)-1].data())
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, text[:min(rng.IntN(batchFixed), len(text))]...)
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func newClient(t testing.TB, addr string) *kgo.Client {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(addr), kgo.ProducerLinger(0), kgo.DisableClientMetrics(),
		kgo.RetryBackoffFn(func(int) time.Duration { return 20 * time.Millisecond }), kgo.MetadataMinAge(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func create(t testing.TB, client *kgo.Client, configs map[string]string, partitions int32, topic string) {
	t.Helper()
	ptrs := make(map[string]*string)
	for k, v := range configs {
		ptrs[k] = kadm.StringPtr(v)
	}
	if _, err := kadm.NewClient(client).CreateTopic(context.Background(), partitions, 1, ptrs, topic); err != nil {
		t.Fatal(err)
	}
}

// readAll returns the numbers of all records by topic and key.
func readAll(t testing.TB, client *kgo.Client, topics ...string) map[string][]int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	adm := kadm.NewClient(client)
	starts, err := adm.ListStartOffsets(ctx, topics...)
	if err != nil {
		t.Fatal(err)
	}
	ends, err := adm.ListEndOffsets(ctx, topics...)
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := kgo.NewClient(kgo.SeedBrokers(client.OptValue(kgo.SeedBrokers).([]string)...),
		kgo.ConsumePartitions(starts.KOffsets()), kgo.DisableClientMetrics())
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	left := 0
	ends.Each(func(o kadm.ListedOffset) {
		if s, _ := starts.Lookup(o.Topic, o.Partition); s.Offset < o.Offset {
			left++
		}
	})
	got := make(map[string][]int)
	for left > 0 {
		fetches := consumer.PollFetches(ctx)
		if err := fetches.Err(); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			var n int
			fmt.Sscan(string(r.Value), &n)
			at := r.Topic + "/" + string(r.Key)
			got[at] = append(got[at], n)
			if end, _ := ends.Lookup(r.Topic, r.Partition); r.Offset+1 == end.Offset {
				left--
			}
		})
	}
	return got
}
