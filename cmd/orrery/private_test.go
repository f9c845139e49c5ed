package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// What is in the data folder is its owner's, what an older version has left there too, and links lead nowhere.
func TestDataIsPrivate(t *testing.T) {
	elsewhere := filepath.Join(t.TempDir(), "not-ours")
	dir := filepath.Join(t.TempDir(), "data")
	if err := tighten(dir); err != nil {
		t.Errorf("before the first start: %v", err)
	}
	for _, sub := range []string{"snapshots", "broker/partitions/orrery.pageviews-0"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{elsewhere, filepath.Join(dir, "snapshots/lock"), filepath.Join(dir, "broker/partitions/orrery.pageviews-0/0.dat")} {
		if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		os.Chmod(name, 0o664)
	}
	if err := os.Symlink(elsewhere, filepath.Join(dir, "snapshots/link")); err != nil {
		t.Fatal(err)
	}
	if err := tighten(dir); err != nil {
		t.Fatal(err)
	}
	checkPrivate(t, dir)
	if info, err := os.Stat(elsewhere); err != nil || info.Mode().Perm() != 0o664 {
		t.Errorf("a file outside of the folder: %v, %v", info.Mode(), err)
	}
}

// checkPrivate looks at everything below a folder.
func checkPrivate(t *testing.T, dir string) (files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		switch {
		case d.IsDir():
			want = 0o700
		case !info.Mode().IsRegular():
			return nil
		default:
			files++
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s: mode %o, want %o", path, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
