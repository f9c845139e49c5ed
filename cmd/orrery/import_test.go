package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orrery/stream/snapshot"
)

// exported returns the lines of the newest snapshot of a data folder.
func exported(t *testing.T, dir string) string {
	t.Helper()
	text, stderr, code := output(t, "snapshot", "export", "--data-dir", dir)
	if code != 0 {
		t.Fatalf("snapshot export: exit code %d: %s", code, stderr)
	}
	return text
}

// What a node knows for good goes to an empty data folder and is all there: after the import, after more events and a restart,
// and after a rebuild.
func TestExportImport(t *testing.T) {
	old, dir := t.TempDir(), t.TempDir()
	events, err := os.ReadFile("../../engine/testdata/golden/events.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	n := startNode(t, old)
	post(t, n, events)
	within(t, "all events are applied", func() bool { return n.engine.Stats().Total >= uint64(bytes.Count(events, []byte("\n"))) })
	want, stats := lasting(n.engine), n.engine.Stats()
	n.end(t)
	text := exported(t, old)
	file := filepath.Join(t.TempDir(), "facts.ndjson")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(text, `{"fact":"order"`); uint64(got) < stats.Orders {
		t.Fatalf("%d orders are exported of %d", got, stats.Orders)
	}

	if _, stderr, code := output(t, "snapshot", "import", file, "--data-dir", dir, "--kafka.listen", "127.0.0.1:0"); code != 0 {
		t.Fatalf("snapshot import: exit code %d: %s", code, stderr)
	}
	if files, err := snapshot.List(filepath.Join(dir, "snapshots")); err != nil || len(files) != 1 {
		t.Fatalf("%d snapshots after an import: %v", len(files), err)
	}
	n = startNode(t, dir)
	if got := lasting(n.engine); got != want {
		t.Errorf("other facts after an import:\n%s\nnot\n%s", got, want)
	}
	later := `{"event":"purchase","id":"later","visitor":"v1","order":"O-later","value":7.5,"currency":"EUR","time":"2026-03-01T12:00:00Z"}
{"event":"refund","id":"later too","visitor":"v1","order":"O-1","value":0.01,"currency":"EUR","time":"2026-03-01T12:00:01Z"}`
	post(t, n, []byte(later))
	within(t, "what came later is applied", func() bool { return n.engine.Stats().Total == 2 })
	want = lasting(n.engine)
	n.end(t)
	if !strings.Contains(want, "O-later") {
		t.Errorf("an order after an import is missing:\n%s", want)
	}
	for _, args := range [][]string{nil, {"--snapshot.rebuild"}, {"--snapshot.rebuild"}} {
		n = startNode(t, dir, args...)
		if got := lasting(n.engine); got != want {
			t.Errorf("other facts after a restart with %v:\n%s\nnot\n%s", args, got, want)
		}
		n.end(t)
	}
}

// An import that cannot be is refused, leaves nothing behind, and says what is wrong.
func TestImportRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "facts.ndjson")
	refused := func(text, why string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, stderr, code := output(t, "snapshot", "import", file, "--data-dir", dir, "--kafka.listen", "127.0.0.1:0")
		if code == 0 || !strings.Contains(stderr, why) {
			t.Errorf("%.60q: exit code %d, which does not say %q: %s", text, code, why, stderr)
		}
	}
	const head = `{"fact":"export","format":1}` + "\n"
	const order = `{"fact":"order","order":"O","visitor":"00000000000000ff","value":"1.00","currency":"EUR","time":1767603600000}` + "\n"
	refused(head+order, "the end of the file is missing")
	refused(head+order+`{"fact":"totals","orders":2}`+"\n", "line 3: contacts, orders")
	refused(head+`{"fact":"order"}`+"\n", "line 2: order: it is missing")
	refused(head+"\nnonsense\n", "line 3: ")
	refused("", "line 1: it is not the first line of an export")
	refused(order, "line 1: it is not the first line of an export")
	for _, left := range []string{"imported", "imported.tmp"} {
		if _, err := os.Stat(filepath.Join(dir, left)); err == nil {
			t.Errorf("%s is left behind", left)
		}
	}
	whole := head + order + `{"fact":"totals","orders":1,"buyers":1,"revenue":{"EUR":"1.00"}}` + "\n"
	if err := os.WriteFile(file, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := output(t, "snapshot", "import", file, "--data-dir", dir, "--kafka.listen", "127.0.0.1:0"); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	refused(whole, "it holds snapshots")
}
