//go:build integration

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// C14: a process in a control group of 200 MB is told made-up names by the public key for as long as it takes them. It stays within
// its memory, says that it is full, goes on with what it knows and with what the shop's servers say, answers frames, and is
// the same after a SIGKILL.
func TestC14Ceiling(t *testing.T) {
	const group = 200 << 20
	const limit = group * memoryShare / 100 // what the process allows itself there
	const write, secret, operator = "write-key-of-the-pages", "secret-key-of-the-shop", "key-of-who-runs-the-server"
	t.Setenv("GOMEMLIMIT", strconv.Itoa(limit))
	// Ceilings that lie above what the memory holds: what is tested is the last line.
	i := newInstance(t, "--http.write-key", write, "--http.secret-key", secret, "--http.operator-key", operator, "--visitors.max", "100000000", "--products.max", "100000000",
		"--snapshot.every", "5s", "--http.trusted-proxies", "127.0.0.1/32")
	i.start()
	asked := 0
	ask := func(method, path, key string, body []byte) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, i.http+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+key)
		req.Header.Set("X-Forwarded-For", fmt.Sprintf("100.%d.%d.1", 64+asked>>8, asked&255)) // another network: what one makes is bounded
		asked++
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(text)
	}
	honest := func() {
		t.Helper()
		if status, body := ask("POST", "/v1/events", write, []byte(`{"event":"view_item","visitor":"honest","items":[{"item_id":"kettle"}]}`)); status != 202 {
			t.Errorf("an event of a known visitor: %d %s", status, body)
		}
		order := fmt.Appendf(nil, `{"event":"purchase","visitor":"buyer","contact":"anna","order":"o","value":5,"items":[{"item_id":"kettle"}]}`)
		if status, body := ask("POST", "/v1/events", secret, order); status != 202 {
			t.Errorf("an order of the shop: %d %s", status, body)
		}
		if status, body := ask("GET", "/v1/frames/trending?visitor=honest", write, nil); status != 200 || strings.Contains(body, `"degraded"`) {
			t.Errorf("a frame: %d %.200s", status, body)
		}
		if status, body := ask("GET", "/readyz?verbose", secret, nil); status != 200 {
			t.Errorf("not ready: %d %s", status, body)
		}
	}
	full := func() bool {
		_, body := ask("GET", "/metrics", operator, nil)
		return strings.Contains(body, `orrery_check{name="memory"} 0`)
	}
	honest()
	sent := 0
	for round := 0; !full(); round++ {
		if round == 2_000 {
			t.Fatalf("after %d made-up visitors the memory is not full: %d bytes", sent, highest(t, i.proc))
		}
		var events []string
		for range 2_000 {
			events = append(events, fmt.Sprintf(`{"event":"view_item","visitor":"made up %d","items":[{"item_id":"p%d","item_category":"a%d > b > c > d > e > f > g > h"}]}`, sent, sent, sent))
			sent++
		}
		status, body := ask("POST", "/v1/events", write, []byte(strings.Join(events, "\n")))
		if status != 202 && status != 503 && status != 429 {
			t.Fatalf("after %d made-up visitors: %d %.200s", sent, status, body)
		}
	}
	status, body := ask("POST", "/v1/events", write, []byte(`{"event":"view_item","visitor":"one more","items":[{"item_id":"kettle"}]}`))
	if status != 503 || !strings.Contains(body, `"ceiling"`) {
		t.Errorf("one more name: %d %s", status, body)
	}
	honest()
	before := highest(t, i.proc)
	i.proc.kill()
	took := i.start()
	eventually(t, "the memory is found full again", full)
	honest()
	after := highest(t, i.proc)
	t.Logf("%d made-up visitors; at most %d MB of %d, after a restart in %s %d MB", sent, before>>20, group>>20, took, after>>20)
	if before > group || after > group {
		t.Errorf("%d bytes before, %d after the restart: the kernel kills at %d", before, after, group)
	}
	i.proc.terminate(t)
}

var (
	highestLine = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)
	fileLine    = regexp.MustCompile(`RssFile:\s+(\d+) kB`)
)

// highest returns the most memory that a process has had, without the pages of its program: the kernel lets go of these before it
// kills.
func highest(t *testing.T, p *process) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	number := func(line *regexp.Regexp) int64 {
		m := line.FindSubmatch(text)
		if m == nil {
			t.Skipf("this system does not tell %s", line)
		}
		kib, err := strconv.ParseInt(string(m[1]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return kib << 10
	}
	return number(highestLine) - number(fileLine)
}
