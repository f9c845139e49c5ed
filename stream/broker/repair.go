package broker

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// repair undoes what a crash in the middle of upkeep, or a bad disk, left behind. kfake must not run yet.
func repair(dir string, log *slog.Logger) ([]Damage, error) {
	if err := undoCompaction(dir, log); err != nil {
		return nil, fmt.Errorf("cannot undo a compaction that was cut off: %w", err)
	}
	topics, err := readTopics(dir)
	if err != nil {
		return nil, err
	}
	found, err := heal(dir, topics, log)
	if err != nil {
		return nil, err
	}
	if err := raiseFloors(dir, topics, log); err != nil {
		return nil, err
	}
	quicken(dir, topics, log)
	return found, nil
}

// undoCompaction puts the old files of compacted partitions back, if their second names are there.
func undoCompaction(dir string, log *slog.Logger) error {
	links := filepath.Join(dir, linksDir)
	partitions, err := os.ReadDir(links)
	if errors.Is(err, os.ErrNotExist) {
		return os.RemoveAll(links + temp)
	}
	if err != nil {
		return err
	}
	log.Warn("broker: undoing a compaction that was cut off", "partitions", len(partitions))
	for _, p := range partitions {
		cur := filepath.Join(dir, "partitions", p.Name())
		if err := removeSegments(cur); err != nil {
			return err
		}
		if err := linkFiles(filepath.Join(links, p.Name()), cur); err != nil {
			return err
		}
	}
	return unlink(dir)
}

// removeSegments removes all segment files of a partition, those included that have lost their counterpart.
func removeSegments(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext == ".dat" || ext == ".idx" {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// raiseFloors gives partitions of which everything has expired a batch without records, so that their offsets go on
// where they were.
func raiseFloors(dir string, topics []topic, log *slog.Logger) error {
	text, err := os.ReadFile(filepath.Join(dir, floorsFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var at floors
	if err := json.Unmarshal(text, &at); err != nil {
		return fmt.Errorf("cannot read %q: %w", floorsFile, err)
	}
	for _, t := range topics {
		for i, floor := range at[t.ID] {
			if floor == 0 || i >= t.Partitions {
				continue
			}
			if err := raiseFloor(partitionDir(dir, t.Name, i), floor, log); err != nil {
				return fmt.Errorf("cannot restore the end of partition %d of topic %q: %w", i, t.Name, err)
			}
		}
	}
	return nil
}

func raiseFloor(dir string, floor int64, log *slog.Logger) error {
	some, err := holdsBatch(dir)
	if err != nil || some {
		return err
	}
	log.Info("broker: everything in a partition has expired", "partition", filepath.Base(dir), "end", floor)
	if err := removeSegments(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	s := segment{dir, floor - 1}
	if err := os.WriteFile(filepath.Join(dir, s.data()), emptyBatch(floor), 0o600); err != nil {
		return err
	}
	return syncDir(dir)
}

// forgetCleanEnd removes the files by which kfake starts quickly after a clean end. They are of no use once it has
// started, and must not be taken for true after a crash.
func forgetCleanEnd(dir string) error {
	parts := filepath.Join(dir, "partitions")
	entries, err := os.ReadDir(parts)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		err := os.Remove(filepath.Join(parts, e.Name(), snapshotName))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
