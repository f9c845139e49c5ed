package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemoFolder: an invented shop and a real one never share a folder, whoever comes first.
func TestDemoFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	for range 2 { // it goes on where it ended
		if err := keepApart(dir, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := keepApart(dir, false); err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("a demo's folder is served: %v", err)
	}
	real := t.TempDir()
	if err := os.WriteFile(filepath.Join(real, "snapshot"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := keepApart(real, false); err != nil {
		t.Error(err)
	}
	if err := keepApart(real, true); err == nil || !strings.Contains(err.Error(), "--data-dir") {
		t.Errorf("a demo runs in a shop's folder: %v", err)
	}
	if err := keepApart(filepath.Join(real, "not-there"), false); err != nil {
		t.Error(err)
	}
}
