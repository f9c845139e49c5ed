package files

import (
	"bufio"
	"io"
	"os"
	"strings"

	"golang.org/x/text/transform"
)

// Stdin is the file name that stands for standard input.
const Stdin = "-"

// source is one open input. Bytes are counted below the decompression: a file's size is known, its content's is not.
type source struct {
	io.Reader
	head  *bufio.Reader // the same, to look ahead in
	name  string
	sheet bool // it is the text that a workbook was made
}

// begin returns the first bytes of the content and whether they are all of it. Of a pipe it waits for no more than it takes to
// tell what is in it.
func (s *source) begin() (head []byte, whole bool) {
	enough := sniffed
	if s.name == Stdin {
		enough = 4 << 10
	}
	_, err := s.head.Peek(enough)
	head, _ = s.head.Peek(s.head.Buffered())
	return head, err == io.EOF
}

// decode turns the content into UTF-8.
func (s *source) decode(name string) {
	if e, ok := encodings[name]; ok {
		s.Reader = transform.NewReader(s.Reader, e.NewDecoder())
	}
}

// totalBytes returns the size of all inputs together, 0 where one of them has none.
func totalBytes(files []string) int64 {
	var total int64
	for _, name := range files {
		info, err := os.Stat(name)
		if name == Stdin || err != nil || !info.Mode().IsRegular() {
			return 0
		}
		total += info.Size()
	}
	return total
}

// formatOf guesses the format from a file's name, empty where it says nothing.
func formatOf(name string) Format {
	name = strings.ToLower(name)
	for _, packed := range []string{".gz", ".zst", ".zip"} {
		name = strings.TrimSuffix(name, packed)
	}
	switch {
	case strings.HasSuffix(name, ".csv"):
		return CSV
	case strings.HasSuffix(name, ".tsv"), strings.HasSuffix(name, ".tab"):
		return TSV
	case strings.HasSuffix(name, ".jsonl"), strings.HasSuffix(name, ".ndjson"), strings.HasSuffix(name, ".json"),
		strings.HasSuffix(name, ".parquet"), strings.HasSuffix(name, ".arrow"), strings.HasSuffix(name, ".feather"):
		return JSONL
	}
	return ""
}

// meter counts what is read through it.
type meter struct {
	r io.Reader
	n *int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	*m.n += int64(n)
	return n, err
}
