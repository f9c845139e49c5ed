package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	// demoFolder is where the demo keeps its data unless it is told otherwise.
	demoFolder = "data-demo"
	// demoMark is the file that tells that a data folder holds an invented shop.
	demoMark = "DEMO"
)

// keepApart sees to it that a simulated shop and a real one never share a data folder: neither's figures would be true.
func keepApart(dir string, demo bool) error {
	mark := filepath.Join(dir, demoMark)
	_, err := os.Stat(mark)
	marked := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot look into the data folder: %w", err)
	}
	switch {
	case marked && !demo:
		return fmt.Errorf("cannot serve %s: it holds the simulated shop of orrery demo, whose customers are invented; name another folder by --data-dir", absolute(dir))
	case marked || !demo:
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot look into the data folder: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("cannot run the demo in %s: it holds data that are not the demo's, and invented customers would be mixed into them; name another folder by --data-dir", absolute(dir))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the data folder: %w", err)
	}
	if err := os.WriteFile(mark, []byte("This folder belongs to orrery demo: the shop in it is invented.\n"), 0o600); err != nil {
		return fmt.Errorf("cannot mark the data folder as the demo's: %w", err)
	}
	return nil
}
