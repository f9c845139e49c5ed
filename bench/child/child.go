// Package child runs the real binary as a server in a process of its own, so that its CPU time and memory can be told
// from those of whoever measures it. What it starts ends with the measuring process, at the latest.
package child

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"orrery/bench/machine"
)

// patience bounds how long a process may take to start or to stop.
const patience = 60 * time.Second

// Process is a running server.
type Process struct {
	Addr  string // of its public HTTP listener
	Admin string // of its metrics; empty where it has none
	Kafka string // of its broker; empty where it has none
	Token string // of its profiles

	name  string
	path  string // of the binary; empty: this very one
	cmd   *exec.Cmd
	stdin io.Closer
	log   string
	done  chan struct{}
	err   error
}

// Node starts "serve" with a data folder below dir and waits until it is ready.
func Node(ctx context.Context, dir string, flags ...string) (*Process, error) {
	return NodeOf(ctx, "", dir, flags...)
}

// NodeOf does the same with another binary, which may be older; this very one where none is named.
func NodeOf(ctx context.Context, binary, dir string, flags ...string) (*Process, error) {
	ports, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	p := &Process{Addr: ports[0], Admin: ports[1], Kafka: ports[2], Token: rand.Text(), name: "serve", path: binary}
	args := append([]string{"serve", "--data-dir", filepath.Join(dir, "data"),
		"--http.listen", p.Addr, "--admin.listen", p.Admin, "--kafka.listen", p.Kafka}, flags...)
	return p, p.start(ctx, dir, "/readyz", nil, args...)
}

// Bare starts "bench bare", a fasthttp server that does nothing but answer requests whose path begins with a key of
// bodies with its value.
func Bare(ctx context.Context, dir string, bodies []Body) (*Process, error) {
	ports, err := freePorts(1)
	if err != nil {
		return nil, err
	}
	p := &Process{Addr: ports[0], name: "bare"}
	var in bytes.Buffer
	for _, b := range bodies {
		fmt.Fprintf(&in, "%s %d\n%s", b.Prefix, len(b.Bytes), b.Bytes)
	}
	in.WriteByte('\n')
	return p, p.start(ctx, dir, bodies[0].Prefix, &in, "bench", "bare", "--listen", p.Addr)
}

// Command returns a command of this very binary, which reads no settings and ends with this process, at the latest.
func Command(args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("cannot start %q: %w", args, err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), "ORRERY_CONFIG=")
	together(cmd)
	return cmd, nil
}

// start runs the binary.
func (p *Process) start(ctx context.Context, dir, ready string, in *bytes.Buffer, args ...string) error {
	p.log = filepath.Join(dir, p.name+".log")
	log, err := os.Create(p.log)
	if err != nil {
		return fmt.Errorf("cannot start %s: %w", p.name, err)
	}
	defer log.Close()
	if p.cmd, err = Command(args...); err != nil {
		return err
	}
	if p.path != "" {
		p.cmd.Path = p.path
	}
	p.done = make(chan struct{})
	p.cmd.Env = append(p.cmd.Env, "ORRERY_ADMIN_TOKEN="+p.Token)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("cannot start %s: %w", p.name, err)
	}
	p.stdin = stdin
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("cannot start %s: %w", p.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	if in != nil {
		if _, err := in.WriteTo(stdin); err != nil {
			return errors.Join(fmt.Errorf("cannot tell %s what to answer: %w", p.name, err), p.Stop())
		}
	}
	if err := p.wait(ctx, ready); err != nil {
		return errors.Join(err, p.Stop())
	}
	return nil
}

// wait returns when the server answers a path with 200.
func (p *Process) wait(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if _, err := Get(ctx, p.Addr, path); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cannot wait for %s: %w\n%s", p.name, ctx.Err(), p.tail())
		case <-p.done:
			return fmt.Errorf("cannot wait for %s: it ended: %w\n%s", p.name, p.err, p.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// tail returns the end of what the process has logged.
func (p *Process) tail() string {
	text, _ := os.ReadFile(p.log)
	return string(text[max(0, len(text)-2000):])
}

// Stop ends the process: with a signal, and by force if it takes too long.
func (p *Process) Stop() error {
	if p == nil || p.done == nil {
		return nil
	}
	p.stdin.Close()
	p.cmd.Process.Signal(syscall.SIGTERM) // fails only when it has ended
	select {
	case <-p.done:
		return nil
	case <-time.After(patience):
	}
	p.cmd.Process.Kill()
	<-p.done
	return fmt.Errorf("%s did not stop within %s and was killed", p.name, patience)
}

// PID returns the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// CPU returns the CPU time that the process has used.
func (p *Process) CPU() (time.Duration, error) { return machine.Process(p.PID()) }

// Resident returns its memory in RAM.
func (p *Process) Resident() uint64 { return machine.Resident(p.PID()) }

// Files returns how many file handles it has open, 0 where the system does not tell.
func (p *Process) Files() int {
	open, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.PID()))
	return len(open)
}

// Metric returns the value of a metric, the sum over its labels, and false where there is none.
func (p *Process) Metric(ctx context.Context, name string) (sum float64, ok bool) {
	body, err := Get(ctx, p.Admin, "/metrics")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(body)) {
		rest, found := strings.CutPrefix(line, name)
		if !found || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' ')+1:]), 64)
		if err != nil {
			return 0, false
		}
		sum, ok = sum+v, true
	}
	return sum, ok
}

// Taken returns how many events the server's models have taken.
func (p *Process) Taken(ctx context.Context) (n int, err error) {
	body, err := Get(ctx, p.Addr, "/v1/stats")
	if err != nil {
		return 0, err
	}
	var stats struct {
		Events map[string]int `json:"events"`
	}
	if err := json.Unmarshal(body, &stats); err != nil {
		return 0, fmt.Errorf("cannot read the statistics of %s: %w", p.name, err)
	}
	for _, k := range stats.Events {
		n += k
	}
	return n, nil
}

// Reach waits until the server's models have taken n events.
func (p *Process) Reach(ctx context.Context, n int) error {
	for {
		taken, err := p.Taken(ctx)
		if err != nil || taken >= n {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cannot wait until %s has taken %d events, it has %d: %w", p.name, n, taken, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Body is what the bare server answers.
type Body struct {
	Prefix string // of the path
	Bytes  []byte
}

// client keeps no connections: it is for single requests around a measurement.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}

// getPatience is how long Get waits where its context sets no deadline.
const getPatience = 10 * time.Second

// Get returns the body that a server answers a path with; anything but a 200 is an error.
func Get(ctx context.Context, addr, path string) ([]byte, error) {
	if _, set := ctx.Deadline(); !set {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, getPatience)
		defer cancel()
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("cannot get %s: %s: %.200s", path, answer.Status, body)
	}
	return body, err
}

// freePorts returns loopback addresses that nobody listens on.
func freePorts(n int) ([]string, error) {
	var addrs []string
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("cannot find a free port: %w", err)
		}
		defer l.Close() // after all are found: none twice
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}
