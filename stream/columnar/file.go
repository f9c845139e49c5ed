package columnar

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ManifestName is the file beside sealed ones that says what they are.
const ManifestName = "manifest.json"

// Sealed says what a whole file is.
type Sealed struct {
	Name    string `json:"name"` // within its folder
	Table   string `json:"table"`
	Version int    `json:"version"`
	Rows    int64  `json:"rows"`
	Bytes   int64  `json:"bytes"`
	CRC     string `json:"crc32c"` // of the bytes, 8 hexadecimal digits
}

// tempPrefix is how the names of files begin that are not whole. DuckDB's and polars' patterns (*.parquet) leave them out.
const tempPrefix = ".tmp-"

// File is a table that becomes a file when it is whole, and not before.
type File struct {
	*Writer
	path string
	file *os.File
	out  *bufio.Writer
	sum  summed
	t    *Table
}

// summed counts and sums what is written through it.
type summed struct {
	out   io.Writer
	bytes int64
	crc   uint32
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (s *summed) Write(b []byte) (int, error) {
	n, err := s.out.Write(b)
	s.bytes += int64(n)
	s.crc = crc32.Update(s.crc, castagnoli, b[:n])
	return n, err
}

// Create begins a file. Nothing stands under its name until Seal.
func Create(path string, t *Table, f Format, o Options) (*File, error) {
	file, err := os.OpenFile(filepath.Join(filepath.Dir(path), tempPrefix+filepath.Base(path)), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot create %q: %w", path, err)
	}
	out := &File{path: path, file: file, out: bufio.NewWriterSize(file, 256<<10), t: t}
	out.sum.out = out.out
	if out.Writer, err = NewWriter(&out.sum, t, f, o); err != nil {
		return nil, errors.Join(err, out.drop())
	}
	return out, nil
}

// Seal ends the file, syncs it and gives it its name. After an error nothing is left of it.
func (f *File) Seal() (Sealed, error) {
	err := f.Writer.Close()
	if err == nil {
		err = f.out.Flush()
	}
	if err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		return Sealed{}, errors.Join(fmt.Errorf("cannot seal %q: %w", f.path, err), f.drop())
	}
	if err := f.file.Close(); err != nil {
		return Sealed{}, errors.Join(fmt.Errorf("cannot seal %q: %w", f.path, err), os.Remove(f.file.Name()))
	}
	if err := rename(f.file.Name(), f.path); err != nil {
		return Sealed{}, err
	}
	return Sealed{Name: filepath.Base(f.path), Table: f.t.Name, Version: f.t.Version, Rows: f.Rows(), Bytes: f.sum.bytes, CRC: fmt.Sprintf("%08x", f.sum.crc)}, nil
}

// Drop ends the file and leaves nothing of it.
func (f *File) Drop() error {
	_ = f.Writer.Close() // what it says is of no use any more
	return f.drop()
}

func (f *File) drop() error {
	return errors.Join(f.file.Close(), os.Remove(f.file.Name()))
}

// rename moves a file, so that it is there after a loss of power too.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// WriteManifest says what the sealed files of a folder are, in place of what was said before.
func WriteManifest(dir string, files []Sealed) error {
	slices.SortFunc(files, func(a, b Sealed) int { return strings.Compare(a.Name, b.Name) })
	return WriteJSON(filepath.Join(dir, ManifestName), files)
}

// WriteJSON writes a value as a small file that is there whole or not at all.
func WriteJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write %q: %w", path, err)
	}
	temp := filepath.Join(filepath.Dir(path), tempPrefix+filepath.Base(path))
	file, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot write %q: %w", path, err)
	}
	_, err = file.Write(append(text, '\n'))
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = rename(temp, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("cannot write %q: %w", path, err), ignoreMissing(os.Remove(temp)))
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// ReadManifest returns what the sealed files of a folder are; nothing where it has no manifest.
func ReadManifest(dir string) (files []Sealed, err error) {
	text, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &files)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifest of %q: %w", dir, err)
	}
	return files, nil
}

// ErrDamaged says that a file is not what its manifest says.
var ErrDamaged = errors.New("the file is damaged")

// Verify compares a file with what was sealed.
func Verify(dir string, s Sealed) error {
	file, err := os.Open(filepath.Join(dir, s.Name))
	if err != nil {
		return err
	}
	defer file.Close() // read only
	sum := summed{out: io.Discard}
	if _, err := io.Copy(&sum, file); err != nil {
		return fmt.Errorf("cannot read %q: %w", s.Name, err)
	}
	if crc := fmt.Sprintf("%08x", sum.crc); sum.bytes != s.Bytes || crc != s.CRC {
		return fmt.Errorf("%w: %q has %d bytes with the sum %s, it was sealed with %d and %s", ErrDamaged, s.Name, sum.bytes, crc, s.Bytes, s.CRC)
	}
	return nil
}

// Clean removes what is left in a folder of files that never became whole.
func Clean(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, tempPrefix+"*"))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}
