package files

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"orrery/stream/columnar"
)

// windowSize bounds the memory that unpacking zstd takes: what its --long=27 writes.
const windowSize = 128 << 20

// openAll opens a file or standard input and gives take what is in it: itself, unpacked, or the files of a zip one after the
// other, or a workbook's sheet as text. Packing is known by the first bytes and not by the name, because standard input has
// none. read is advanced by every byte taken from the input.
func openAll(cfg *Config, name string, read *int64, take func(*source) error) error {
	if name == Stdin {
		return unpack(&source{name: name}, &meter{cfg.Stdin, read}, take)
	}
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("cannot open %q: %w", name, err)
	}
	defer f.Close()
	var magic [4]byte
	if n, _ := f.ReadAt(magic[:], 0); string(magic[:n]) == zipMagic {
		info, err := f.Stat()
		if err != nil {
			return fmt.Errorf("cannot open %q: %w", name, err)
		}
		return unzip(cfg, name, &meterAt{f, read}, info.Size(), take)
	} else if _, columns := columnar.FormatOf(magic[:n]); columns {
		return openColumnar(name, f, read, take)
	}
	return unpack(&source{name: name}, &meter{f, read}, take)
}

const zipMagic = "PK\x03\x04"

// unpack takes off gzip and zstd.
func unpack(s *source, in io.Reader, take func(*source) error) error {
	s.head = bufio.NewReaderSize(in, sniffed)
	magic, _ := s.head.Peek(4)
	switch {
	case len(magic) > 1 && magic[0] == 0x1f && magic[1] == 0x8b:
		z, err := gzip.NewReader(s.head)
		if err != nil {
			return fmt.Errorf("cannot unpack %q: %w", s.name, err)
		}
		s.head = bufio.NewReaderSize(z, sniffed)
	case string(magic) == "\x28\xb5\x2f\xfd":
		z, err := zstd.NewReader(s.head, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowSize))
		if err != nil {
			return fmt.Errorf("cannot unpack %q: %w", s.name, err)
		}
		defer z.Close()
		s.head = bufio.NewReaderSize(z, sniffed)
	case string(magic) == zipMagic:
		return fmt.Errorf("cannot unpack %q: a zip or a spreadsheet is read from a file, and not within another or from standard input: unzip it (unzip -p FILE | ...)", s.name)
	}
	s.Reader = s.head
	return take(s)
}

// unzip gives the files of a zip, in its order.
func unzip(cfg *Config, name string, in io.ReaderAt, size int64, take func(*source) error) error {
	z, err := zip.NewReader(in, size)
	if err != nil {
		return fmt.Errorf("cannot unpack %q: %w", name, err)
	}
	if slices.ContainsFunc(z.File, func(f *zip.File) bool { return f.Name == workbookFile }) {
		sheet, err := openWorkbook(z, cfg.Sheet)
		if err != nil {
			return fmt.Errorf("cannot read %q: %w", name, err)
		}
		defer sheet.close()
		s := &source{name: name, sheet: true, head: bufio.NewReaderSize(sheet, sniffed)}
		s.Reader = s.head
		return take(s)
	}
	some := false
	for _, f := range z.File {
		if base := path.Base(f.Name); f.FileInfo().IsDir() || strings.HasPrefix(f.Name, "__MACOSX/") || strings.HasPrefix(base, ".") {
			continue
		}
		some = true
		if err := unzipOne(name, f, take); err != nil {
			return err
		}
	}
	if !some {
		return fmt.Errorf("cannot unpack %q: %w", name, errors.New("no file is in it"))
	}
	return nil
}

func unzipOne(name string, f *zip.File, take func(*source) error) error {
	name += "/" + f.Name
	in, err := f.Open()
	if err != nil {
		return fmt.Errorf("cannot unpack %q: %w", name, err)
	}
	defer in.Close()
	return unpack(&source{name: name}, in, take)
}

// meterAt counts what is read through it.
type meterAt struct {
	r io.ReaderAt
	n *int64
}

func (m *meterAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := m.r.ReadAt(p, off)
	*m.n += int64(n)
	return n, err
}
