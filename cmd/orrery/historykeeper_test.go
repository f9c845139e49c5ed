package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orrery/models"
	"orrery/stream/columnar"
	past "orrery/stream/history"
)

// keptRows reads the events of a history's files: how many there are by name, repeats left out, and everything that they say.
func keptRows(t *testing.T, dir string) (byName map[string]uint64, text string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "history", "*", "events-*.parquet"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	byName = map[string]uint64{}
	at := map[string]int{}
	for i, c := range past.Events.Columns {
		at[c.Name] = i
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := columnar.Rows(f, &past.Events, func(row []columnar.Value) error {
			if row[at["repeat"]].Number() == 0 {
				byName[string(row[at["event"]].Bytes())]++
			}
			for i := range row {
				if string(row[at["shop"]].Bytes()) != models.DefaultShop {
					break // others have contacts of the same names
				}
				text += string(row[i].Bytes()) + " "
			}
			return nil
		}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		f.Close()
	}
	return byName, text
}

// What the engine has taken is in the files of the history, over restarts once; and who is erased is in none of them.
func TestHistoryOfANode(t *testing.T) {
	dir := t.TempDir()
	events, err := os.ReadFile("../../engine/testdata/golden/events.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(events, []byte("\n"))
	half := len(lines) / 2
	var n *testNode
	for _, part := range [][][]byte{lines[:half], lines[half:]} {
		n = startNode(t, dir, "--history.days", "3")
		before := n.engine.Stats().Total
		post(t, n, bytes.Join(part, nil))
		within(t, "all events are applied", func() bool {
			return n.engine.Stats().Total+n.pipeline.Status().Duplicates >= before+uint64(len(part))-1
		})
		within(t, "the history has read them", func() bool { r := n.keeper.reader.Load(); return r != nil && r.Taken() > 0 && r.Lag() == 0 })
		n.end(t)
	}
	byName, text := keptRows(t, dir)
	for name, want := range n.engine.Stats().Events {
		if !strings.HasPrefix(name, "product_") && byName[name] != want {
			t.Errorf("the history has %d events %s, the engine %d", byName[name], name, want)
		}
	}
	const who = "c1@example.com"
	if !strings.Contains(text, who) {
		t.Fatalf("the history does not name %s", who)
	}
	n = startNode(t, dir, "--history.days", "3")
	req, err := http.NewRequest(http.MethodDelete, "http://"+n.server.Addr().String()+"/v1/contacts/"+who, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	within(t, "the erasure is carried out", func() bool { return n.eraser.done.Load() > 0 })
	n.end(t)
	if _, text := keptRows(t, dir); strings.Contains(text, who) {
		t.Errorf("the history still names %s", who)
	}
}
