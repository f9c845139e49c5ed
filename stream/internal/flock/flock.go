// Package flock makes a directory belong to one process. The kernel lets go of the lock when the process dies, however
// it dies, so there is never a stale one.
package flock

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrTaken says that another process holds the directory.
var ErrTaken = errors.New("another process is using it")

// Lock is a held directory.
type Lock struct{ f *os.File }

// Take creates dir if it is not there and locks it, without waiting: ErrTaken when another process has it.
func Take(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot create directory %q: %w", dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the lock of %q: %w", dir, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrTaken
		}
		return nil, fmt.Errorf("cannot lock directory %q: %w", dir, err)
	}
	return &Lock{f: f}, nil
}

// Release gives the directory free.
func (l *Lock) Release() error { return l.f.Close() }
