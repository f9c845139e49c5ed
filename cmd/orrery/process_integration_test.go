//go:build integration

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of these tests. A machine that does other things as well is slow; one that hangs is found
// out all the same.
const patience = 90 * time.Second

// program returns the path of the binary under test.
func program(t *testing.T) string {
	t.Helper()
	path := os.Getenv("ORRERY_BINARY")
	if path == "" {
		t.Fatal("ORRERY_BINARY is not set: run make test-integration")
	}
	return path
}

// dataFile returns a file of the public data sets.
func dataFile(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("ORRERY_DATA")
	if dir == "" {
		t.Skip("ORRERY_DATA is not set: the folder of the public data sets that this test counts")
	}
	return filepath.Join(dir, name)
}

// workDir returns a folder that stays when the test fails, for whoever has to find out why.
func workDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "orrery-integration-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("kept: %s", dir)
			return
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("cannot clean up: %v", err)
		}
	})
	return dir
}

// freePort returns a port that nobody listens on. It lies below the range that the kernel takes the ports of outgoing
// connections from: a client that asks for a port of that range while the server is down may be given that very port
// as its own, connect to itself, and keep the server from starting again.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20_000 + rand.IntN(12_000))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			l.Close()
			return "127.0.0.1:" + port
		}
	}
	t.Fatal("cannot find a free port")
	return ""
}

// process is one run of the binary. Standard output and error go to files.
type process struct {
	name   string
	cmd    *exec.Cmd
	dir    string // of the files
	exited chan struct{}
	err    error // of Wait, once exited is closed
}

// launch starts the binary. Whatever still runs when the test ends is killed.
func launch(t *testing.T, dir, name string, stdin io.Reader, args ...string) *process {
	t.Helper()
	return launchProgram(t, program(t), dir, name, stdin, args...)
}

// launchProgram starts another program than the binary.
func launchProgram(t *testing.T, path, dir, name string, stdin io.Reader, args ...string) *process {
	t.Helper()
	p := &process{name: name, cmd: exec.Command(path, args...), dir: dir, exited: make(chan struct{})}
	p.cmd.Stdin = stdin
	p.cmd.Env = append(os.Environ(), "ORRERY_CONFIG=")
	p.cmd.WaitDelay = 5 * time.Second // for a stdin that is not read to its end
	out, err := os.Create(p.file("out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	log, err := os.Create(p.file("log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.cmd.Stdout, p.cmd.Stderr = out, log
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("cannot start %s: %v", name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s (%s) said:\n%s", name, strings.Join(args, " "), tail(p.file("log"), 25))
		}
	})
	return p
}

func (p *process) file(kind string) string { return filepath.Join(p.dir, p.name+"."+kind) }

// kill ends the process with SIGKILL and waits until it is gone.
func (p *process) kill() {
	if p.alive() {
		p.cmd.Process.Kill() // fails only when it has just exited
	}
	<-p.exited
}

func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// wait returns the exit code of a process that is expected to end.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Fatalf("%s did not end within %s", p.name, patience)
	}
	var exit *exec.ExitError
	if errors.As(p.err, &exit) {
		return exit.ExitCode()
	}
	if p.err != nil {
		t.Fatalf("cannot wait for %s: %v", p.name, p.err)
	}
	return 0
}

// terminate asks the process to stop and returns its exit code.
func (p *process) terminate(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("cannot stop %s: %v", p.name, err)
	}
	return p.wait(t)
}

// output returns what the process has written to standard output.
func (p *process) output(t *testing.T) []byte {
	t.Helper()
	out, err := os.ReadFile(p.file("out"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// execute runs the binary to its end, which has to be a good one, and returns its standard output.
func execute(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	p := launch(t, dir, name, nil, args...)
	if code := p.wait(t); code != 0 {
		t.Fatalf("%s ended with %d:\n%s", name, code, tail(p.file("log"), 25))
	}
	return p.output(t)
}

// tail returns the last lines of a file.
func tail(file string, lines int) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	all := bytes.Split(bytes.TrimRight(data, "\n"), []byte{'\n'})
	from := max(0, len(all)-lines)
	if from > 0 {
		return fmt.Sprintf("... (%d lines before)\n%s", from, bytes.Join(all[from:], []byte{'\n'}))
	}
	return string(bytes.Join(all, []byte{'\n'}))
}

// eventually waits until ok returns true.
func eventually(t *testing.T, what string, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > patience {
			t.Fatalf("waited %s in vain: %s", patience, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(began)
}
