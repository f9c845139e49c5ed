package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"orrery/stream/snapshot"
)

// A snapshot that a running server removes between the look at the folder and the look into the file is passed over; one that is damaged
// is not.
func TestProofWhileSnapshotsGo(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir)
	post(t, n, []byte(`{"event":"identify","id":"1","visitor":"v-of-anna","contact":"anna@example.org","name":"Anna"}`))
	within(t, "a contact", func() bool { return n.engine.Stats().Contacts == 1 })
	n.end(t)
	files, err := snapshot.List(filepath.Join(dir, "snapshots"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v %v", files, err)
	}
	gone := filepath.Join(dir, "snapshots", "orrery-000000000009.snap")
	if err := os.Symlink(filepath.Join(dir, "removed"), gone); err != nil { // it is listed, and cannot be opened
		t.Fatal(err)
	}
	c := &proveCmd{IDs: []string{"anna@example.org"}, DataDir: dir, Offline: true}
	p := &prover{texts: map[string][]byte{}, keys: map[string][]byte{}}
	p.add("anna@example.org")
	if err := p.snapshots(c); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(p.out, func(f *searched) bool { return strings.HasSuffix(f.Where, "section people") && len(f.Found) > 0 }) {
		t.Error("the other snapshot was not looked into")
	}
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(gone, []byte("no snapshot"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Run(context.Background(), &cli{}); err == nil || !strings.Contains(err.Error(), "nothing is proved") {
		t.Errorf("with a damaged snapshot: %v", err)
	}
}
