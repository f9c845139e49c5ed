package stream

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"orrery/models"
	"orrery/stream/broker"
)

// Environment of a child: it runs an embedded broker and a pipeline on it.
const (
	childDir    = "ORRERY_TEST_STREAM_DIR"
	childListen = "ORRERY_TEST_STREAM_LISTEN"
)

// child runs until it is killed, or its standard input ends.
func child(dir string) {
	if err := shop(dir, os.Getenv(childListen)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func shop(dir, listen string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b, err := broker.Start(broker.Config{Dir: filepath.Join(dir, "kafka"), Listen: listen, Upkeep: 40 * time.Millisecond})
	if err != nil {
		return err
	}
	defer b.Close()
	c := Cluster{Brokers: []string{b.Addr()}}
	if _, err := EnsureTopics(ctx, c, Topics{Partitions: 3}); err != nil {
		return err
	}
	p, err := Open(ctx, Config{Cluster: c, Machine: newLedger(), Dir: filepath.Join(dir, "state"), SnapshotEvery: 30 * time.Millisecond})
	if err != nil {
		return err
	}
	defer p.Close()
	fmt.Println(b.Addr())
	go func() { io.Copy(io.Discard, os.Stdin); cancel() }()
	return p.Run(ctx)
}

type process struct {
	cmd  *exec.Cmd
	addr string
}

func spawn(t testing.TB, dir, listen string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childListen+"="+listen)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // ends with this process, however it ends
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
		t.Fatalf("the child did not start: %v", err)
	}
	return &process{cmd, strings.TrimSpace(line)}
}

func (p *process) kill() {
	p.cmd.Process.Signal(syscall.SIGKILL)
	p.cmd.Wait()
}

// Broker, pipeline and snapshots in one process, killed at random moments while events come in over the wire: at the end
// nothing that was acknowledged is missing and nothing counts twice.
func TestKillLoop(t *testing.T) {
	t.Parallel()
	kills, senders := 8, 3
	if os.Getenv("ORRERY_LONG") != "" {
		kills = 150
	}
	dir := t.TempDir()
	p := spawn(t, dir, "127.0.0.1:0")
	addr := p.addr
	w, err := NewWriter(WriterConfig{Cluster: Cluster{Brokers: []string{addr}}, Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var wg sync.WaitGroup
	sent := make([][]models.Record, senders)
	for i := range senders {
		wg.Go(func() { sent[i] = insist(ctx, w, uint64(100+i)) })
	}
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 3))
	for range kills {
		time.Sleep(time.Duration(rng.IntN(500)) * time.Millisecond)
		p.kill()
		p = spawn(t, dir, addr)
	}
	cancel()
	wg.Wait()
	p.kill()
	var all []models.Record
	for _, s := range sent {
		all = append(all, s...)
	}
	broken := 0
	for _, r := range all {
		if strings.HasPrefix(string(r.Value), "broken") {
			broken++
		}
	}
	checkSurvivors(t, dir, all, broken)
}

// insist sends events in small calls, each until it is acknowledged, one in a hundred of them broken.
func insist(ctx context.Context, w *Writer, seed uint64) (sent []models.Record) {
	var call []models.Record
	for i, r := range events(seed, 100_000) {
		switch {
		case i%50 == 49:
			r = models.Record{Topic: models.Pageviews, Key: r.Key, Value: fmt.Appendf(nil, "broken %d %d", seed, i)}
		case r.Topic == models.Catalogue: // of which the log forgets on purpose
			continue
		}
		if call = append(call, r); len(call) < 1+i%5 {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		for w.Append(context.Background(), call) != nil { // once begun it is seen to its end: a part may be written
		}
		sent, call = append(sent, call...), nil
	}
	return sent
}

func checkSurvivors(t *testing.T, dir string, sent []models.Record, broken int) {
	b, err := broker.Start(broker.Config{Dir: filepath.Join(dir, "kafka"), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	c := Cluster{Brokers: []string{b.Addr()}}
	m := newLedger()
	live := run(t, Config{Cluster: c, Machine: m, Dir: filepath.Join(dir, "state")})
	got := settle(t, live, m)
	if err := live.stop(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d records sent, taken %d, duplicates %d, letters %v, restored from snapshot %d",
		len(sent), got.Taken, got.Duplicates, got.Letters, live.Status().Snapshot.Sequence)
	if want := oracle(sent); !reflect.DeepEqual(got.State, want) {
		t.Errorf("got %v, want %v", got.State, want)
	}
	if got.Taken != uint64(len(sent)-broken) {
		t.Errorf("got %d events, want %d", got.Taken, len(sent)-broken)
	}
	letters := make(map[string]bool)
	for _, d := range lettersOf(t, c, LetterFilter{}) {
		letters[string(d.Value)] = true
	}
	if len(letters) != broken {
		t.Errorf("got dead letters of %d records, want %d", len(letters), broken)
	}
	// A replay of the whole log without snapshots comes to the same.
	again := newLedger()
	fresh := run(t, Config{Cluster: c, Machine: again})
	same(t, "a replay of the log", settle(t, fresh, again), got)
}
