package attack

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"orrery/bench/child"
	"orrery/bench/machine"
)

// report is what the attackers' process says at its end.
type report struct {
	Attempts map[string]int `json:"attempts"`
	CPU      float64        `json:"cpu_s"`
}

// ready is the line that says that everything is made which takes long to make.
const ready = "ready\n"

// preparations make what takes long to make, by kind.
var preparations = map[string]func(){
	"crafted ids": func() { crafted() }, "dear requests": func() { crafted() }, "no JSON": func() { broken() },
	"bomb of frames": func() { bombs.frames() }, "bomb of events": func() { bombs.events() },
}

// Attackers is what "bench attackers" does: it makes what it will send, says that it is ready, attacks the server at addr until in
// ends, and reports.
func Attackers(addr string, names []string, in io.Reader, out io.Writer) error {
	for name, prepare := range preparations {
		if slices.Contains(names, name) {
			prepare()
		}
	}
	if _, err := io.WriteString(out, ready); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	began := machine.Self()
	var all []*attacker
	var under sync.WaitGroup
	for i := range kinds {
		if !slices.Contains(names, kinds[i].name) {
			continue
		}
		for k := range kinds[i].attackers {
			a := &attacker{kind: &kinds[i], addr: addr, i: k}
			all = append(all, a)
			under.Go(func() { a.run(ctx) })
		}
	}
	io.Copy(io.Discard, in)
	cancel()
	under.Wait()
	r := report{Attempts: map[string]int{}, CPU: (machine.Self() - began).Seconds()}
	for _, a := range all {
		r.Attempts[a.kind.name] += int(a.n.Load())
	}
	return json.NewEncoder(out).Encode(r)
}

// attackers is the process of those under way, nil where there are none.
type attackers struct {
	cmd *exec.Cmd
	in  io.Closer
	out *bufio.Reader
}

// attack starts the attackers of some kinds.
func (x *run) attack(ctx context.Context, names []string) (*attackers, error) {
	if len(names) == 0 {
		return nil, nil
	}
	cmd, err := child.Command("bench", "attackers", "--addr", x.node.Addr, "--kinds", strings.Join(names, ","))
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start the attackers: %w", err)
	}
	a := &attackers{cmd, in, bufio.NewReader(out)}
	if line, err := a.out.ReadString('\n'); err != nil || line != ready {
		in.Close()
		return nil, errors.Join(fmt.Errorf("cannot start the attackers: they say %q", line), cmd.Wait(), ctx.Err())
	}
	return a, nil
}

// stop ends them and notes what they did.
func (a *attackers) stop(p *Phase) error {
	if a == nil {
		return nil
	}
	a.in.Close()
	var r report
	err := json.NewDecoder(a.out).Decode(&r)
	p.Attack, p.Own = r.Attempts, r.CPU
	if err = errors.Join(err, a.cmd.Wait()); err != nil {
		return fmt.Errorf("cannot end the attackers: %w", err)
	}
	return nil
}
