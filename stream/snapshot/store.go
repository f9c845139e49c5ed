package snapshot

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"orrery/stream/internal/flock"
)

const (
	prefix = "orrery-"
	suffix = ".snap"
	temp   = ".tmp"

	// Keep is how many snapshots a Store keeps: the newest, and two more in case it cannot be read.
	Keep = 3

	// syncEvery is how many bytes are written before they are synced: in pieces, so that the broker's own syncs on the
	// same disk never wait behind a gigabyte.
	syncEvery = 32 << 20
)

// Store is a directory of snapshots that belongs to one process.
type Store struct {
	dir  string
	lock *flock.Lock
	last uint64 // newest sequence number seen or given
	mu   sync.Mutex
}

// OpenStore takes a directory, creating it if need be, and removes what a crash left half written.
func OpenStore(dir string) (*Store, error) {
	lock, err := flock.Take(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot open the snapshots: %w", err)
	}
	s := &Store{dir: dir, lock: lock}
	if err := s.clean(); err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	files, err := List(dir)
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	if len(files) > 0 {
		s.last = files[0].Sequence
	}
	return s, nil
}

// Close gives the directory free.
func (s *Store) Close() error { return s.lock.Release() }

func (s *Store) clean() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("cannot look for unfinished snapshots: %w", err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && strings.HasSuffix(e.Name(), suffix+temp) {
			if err := os.Remove(filepath.Join(s.dir, e.Name())); err != nil {
				return fmt.Errorf("cannot remove an unfinished snapshot: %w", err)
			}
		}
	}
	return nil
}

// File is a snapshot on disk.
type File struct {
	Path     string `json:"path"`
	Sequence uint64 `json:"sequence"`
	Size     int64  `json:"size"`
}

// List returns the snapshots in dir, newest first.
func List(dir string) ([]File, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot list the snapshots: %w", err)
	}
	var files []File
	for _, e := range entries {
		var f File
		if n, _ := fmt.Sscanf(e.Name(), prefix+"%d"+suffix, &f.Sequence); n != 1 || e.Name() != name(f.Sequence) {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, os.ErrNotExist) {
			continue // the server whose directory it is has just removed it
		}
		if err != nil {
			return nil, fmt.Errorf("cannot list the snapshots: %w", err)
		}
		f.Path, f.Size = filepath.Join(dir, e.Name()), info.Size()
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(b.Path, a.Path) })
	return files, nil
}

func name(sequence uint64) string { return fmt.Sprintf("%s%012d%s", prefix, sequence, suffix) }

// Save writes a snapshot, durable when it returns, and removes those that are older than the newest Keep, but not before it
// has read the new one back. It sets the header's sequence number. After an error all older ones are there. rest is called
// all along, see Write.
func (s *Store) Save(h Header, sections []Section, rest func()) (File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	older, err := List(s.dir)
	if err != nil {
		return File{}, err
	}
	s.last++
	h.Sequence = s.last
	f := File{Path: filepath.Join(s.dir, name(h.Sequence)), Sequence: h.Sequence}
	f.Size, err = writeFile(f.Path+temp, h, sections, rest)
	if err == nil && len(older) >= Keep {
		_, err = verify(f.Path+temp, resting(rest))
	}
	if err == nil {
		err = os.Rename(f.Path+temp, f.Path)
	}
	if err != nil {
		return File{}, errors.Join(fmt.Errorf("cannot write snapshot %q: %w", f.Path, err), os.Remove(f.Path+temp))
	}
	if err := syncDir(s.dir); err != nil {
		return File{}, fmt.Errorf("cannot sync the directory of snapshot %q: %w", f.Path, err)
	}
	for len(older) >= Keep {
		last := len(older) - 1
		if err := os.Remove(older[last].Path); err != nil {
			return File{}, fmt.Errorf("cannot remove an old snapshot: %w", err)
		}
		older = older[:last]
	}
	return f, nil
}

// Prune removes all snapshots but the newest, which it reads to its end first, and returns how many. Whoever was erased is in the others.
func (s *Store) Prune() (removed int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	files, err := List(s.dir)
	if err != nil || len(files) < 2 {
		return 0, err
	}
	if _, err := Verify(files[0].Path); err != nil {
		return 0, fmt.Errorf("cannot remove older snapshots: %w", err)
	}
	for _, f := range files[1:] {
		if err := os.Remove(f.Path); err != nil {
			return removed, fmt.Errorf("cannot remove an old snapshot: %w", err)
		}
		removed++
	}
	return removed, syncDir(s.dir)
}

func writeFile(path string, h Header, sections []Section, rest func()) (size int64, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if size, err = Write(&syncing{f: f}, h, sections, rest); err != nil {
		return size, err
	}
	return size, f.Sync()
}

// syncing syncs its file every now and then.
type syncing struct {
	f *os.File
	n int
}

func (s *syncing) Write(b []byte) (int, error) {
	n, err := s.f.Write(b)
	if s.n += n; err == nil && s.n >= syncEvery {
		s.n = 0
		err = s.f.Sync()
	}
	return n, err
}

// resting calls itself for every piece that is written to it.
type resting func()

func (r resting) Write(b []byte) (int, error) {
	if r != nil {
		r()
	}
	return len(b), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Load hands the newest snapshot that is whole to accept and then its sections to restore, several at the same time, and
// returns its file; ok is false when there is none. A damaged file is passed over and reported to skipped. An error of
// accept or restore ends the search.
func (s *Store) Load(accept func(Header) error, restore func(Info, io.Reader) error, skipped func(File, error)) (f File, ok bool, err error) {
	return Load(s.dir, accept, restore, skipped)
}

// Load is Store.Load of a directory that need not be this process's, nor be one to write to.
func Load(dir string, accept func(Header) error, restore func(Info, io.Reader) error, skipped func(File, error)) (f File, ok bool, err error) {
	files, err := List(dir)
	if err != nil {
		return File{}, false, err
	}
	for _, f := range files {
		p, err := openParts(f.Path)
		if err == nil {
			if err = p.check(); err != nil {
				p.close()
			}
		}
		if err != nil {
			skipped(f, err)
			continue
		}
		if err = accept(p.header); err == nil {
			err = p.each(restore)
		}
		p.close()
		if err != nil {
			return File{}, false, fmt.Errorf("cannot restore snapshot %q: %w", f.Path, err)
		}
		return f, true, nil
	}
	return File{}, false, nil
}

// each hands every section to f, which must read it to its end.
func each(r *Reader, f func(Info, io.Reader) error) error {
	for {
		info, payload, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(info, payload); err != nil {
			return fmt.Errorf("section %q: %w", info.Name, err)
		}
		if n, _ := io.Copy(io.Discard, payload); n > 0 {
			return fmt.Errorf("section %q: %d bytes were not read", info.Name, n)
		}
	}
}

func open(path string, f func(*Reader) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() // read only
	r, err := NewReader(bufio.NewReaderSize(file, 64<<10))
	if err != nil {
		return err
	}
	return f(r)
}
