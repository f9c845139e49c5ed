//go:build integration

package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// browser is a headless Chromium with one page, driven by the DevTools protocol over a pair of pipes: messages are JSON
// with a NUL behind each.
type browser struct {
	t       *testing.T
	to      *os.File
	from    *bufio.Reader
	session string
	calls   int
	faults  []string // uncaught exceptions of the page
}

// message is an answer or an event.
type message struct {
	ID     int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct{ Message string }
}

// newBrowser starts Chromium, which ends with the test.
func newBrowser(t *testing.T, more ...string) *browser {
	t.Helper()
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Fatalf("chromium is missing, which this test needs (Debian: apt-get install chromium): %v", err)
	}
	theirIn, ourOut := pipe(t)
	ourIn, theirOut := pipe(t)
	cmd := exec.Command("chromium", append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1400,1500",
		"--no-first-run", "--user-data-dir=" + workDir(t), "--remote-debugging-pipe"}, more...)...)
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatalf("cannot start chromium: %v", err)
	}
	theirIn.Close()
	theirOut.Close()
	b := &browser{t: t, to: ourOut, from: bufio.NewReaderSize(ourIn, 1<<20)}
	t.Cleanup(func() {
		ourOut.Close() // Chromium ends when nobody can tell it anything any more
		ended := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		ended.Stop()
		ourIn.Close()
	})
	ourIn.SetReadDeadline(time.Now().Add(2 * patience))
	var target struct{ TargetID string }
	b.call(&target, "Target.createTarget", map[string]any{"url": "about:blank"})
	var attached struct{ SessionID string }
	b.call(&attached, "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true})
	b.session = attached.SessionID
	b.call(nil, "Runtime.enable", nil)
	return b
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return r, w
}

// call sends a command and reads its result.
func (b *browser) call(result any, method string, params any) {
	b.t.Helper()
	b.calls++
	request := map[string]any{"id": b.calls, "method": method}
	if params != nil {
		request["params"] = params
	}
	if b.session != "" {
		request["sessionId"] = b.session
	}
	data, err := json.Marshal(request)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.to.Write(append(data, 0)); err != nil {
		b.t.Fatalf("cannot tell the browser %s: %v", method, err)
	}
	for {
		m := b.read(method)
		if m.ID != b.calls {
			b.note(m)
			continue
		}
		if m.Error != nil {
			b.t.Fatalf("the browser refuses %s: %s", method, m.Error.Message)
		}
		if result != nil {
			decodeJSON(b.t, m.Result, result)
		}
		return
	}
}

func (b *browser) read(during string) (m message) {
	b.t.Helper()
	data, err := b.from.ReadBytes(0)
	if err != nil {
		b.t.Fatalf("the browser ended during %s: %v", during, err)
	}
	decodeJSON(b.t, bytes.TrimSuffix(data, []byte{0}), &m)
	return m
}

// note keeps what the page did wrong.
func (b *browser) note(m message) {
	if m.Method == "Runtime.exceptionThrown" {
		b.faults = append(b.faults, fmt.Sprintf("%.500s", m.Params))
	}
}

// open goes to an address.
func (b *browser) open(url string) {
	b.t.Helper()
	b.call(nil, "Page.navigate", map[string]any{"url": url})
}

// ask evaluates a JavaScript expression whose value is JSON.
func (b *browser) ask(into any, expression string) {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call(&answer, "Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true})
	if answer.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, answer.ExceptionDetails)
	}
	if into != nil {
		decodeJSON(b.t, answer.Result.Value, into)
	}
}

// until waits for a condition of the page.
func (b *browser) until(condition string) {
	b.t.Helper()
	eventually(b.t, condition, func() bool {
		var holds bool
		b.ask(&holds, "!!("+condition+")")
		return holds
	})
}

// screenshot returns the page as a PNG.
func (b *browser) screenshot() []byte {
	b.t.Helper()
	var shot struct{ Data string }
	b.call(&shot, "Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true})
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}
