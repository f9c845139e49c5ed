package main

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

// keepPrivate has everything that the process writes belong to its user alone, and takes from others what they may read of
// the data folder so far: events and snapshots name people. Where it may not, because the folder is a volume of somebody
// else's, it says so and goes on.
func keepPrivate(dir string, log *slog.Logger) {
	syscall.Umask(0o077) // for the files of the embedded broker's library too
	if err := tighten(dir); err != nil {
		log.Warn("others may read the data folder", "data", dir, "error", err)
	}
}

// tighten takes the rights of group and others from a folder and from what lies in it.
func tighten(dir string) error {
	uid, refused := os.Getuid(), error(nil)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // before the first start, or removed meanwhile
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !d.IsDir() && !info.Mode().IsRegular() {
			return nil
		}
		if err != nil {
			return err
		}
		open := info.Mode().Perm() & 0o077
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && path == dir && int(stat.Uid) != uid {
			return nil // a mounted volume: whoever mounts it says who may look into it
		}
		if open == 0 {
			return nil
		}
		if err := os.Chmod(path, info.Mode().Perm()&^0o077); err != nil {
			refused = err
		}
		return nil
	})
	return errors.Join(err, refused)
}
