package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"orrery/engine"
	"orrery/models"
	"orrery/models/facts"
	"orrery/stream"
	"orrery/stream/snapshot"
)

// maxFactLine bounds a line of an export: an order of a thousand lines with the longest ids is a twentieth of it.
const maxFactLine = 16 << 20

// The folder of what was imported, in the data folder: its lines, and the positions in the log that they were taken at.
const (
	importDir   = "imported"
	importFacts = "facts.ndjson"
	importAt    = "positions.json"
)

func (f *nodeFlags) importDir() string { return filepath.Join(f.DataDir, importDir) }

// readFacts hands all lines of an export to take. A file that does not end with its totals is an error: something is missing.
func readFacts(r io.Reader, take func(*models.Fact) error) (lines int, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var last string
	for {
		line, err := readLine(in)
		if err == io.EOF {
			break
		}
		lines++
		if err == nil && len(bytes.TrimSpace(line)) > 0 {
			var f models.Fact
			if err = json.Unmarshal(line, &f); err == nil {
				err = take(&f)
			}
			last = f.Fact
		}
		if err != nil {
			return lines, fmt.Errorf("line %d: %w", lines, err)
		}
	}
	if last != models.FactTotals {
		return lines, errors.New("the last line is no totals: the end of the file is missing")
	}
	return lines, nil
}

// readLine returns the next line; io.EOF after the last.
func readLine(in *bufio.Reader) (line []byte, err error) {
	for {
		piece, err := in.ReadSlice('\n')
		line = append(line, piece...)
		switch {
		case err == bufio.ErrBufferFull && len(line) <= maxFactLine:
		case err == bufio.ErrBufferFull:
			return nil, fmt.Errorf("it is longer than %d bytes", maxFactLine)
		case err == io.EOF && len(line) > 0:
			return line, nil
		default:
			return line, err
		}
	}
}

// base returns what was imported into the data folder, nil where nothing was.
func (n *node) base() (*stream.Base, error) { return n.baseIn(n.flags.importDir()) }

func (n *node) baseIn(dir string) (*stream.Base, error) {
	b, err := os.ReadFile(filepath.Join(dir, importAt))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var at []snapshot.Position
	facts := filepath.Join(dir, importFacts)
	if err == nil {
		err = json.Unmarshal(b, &at)
	}
	seed := uint64(0)
	if err == nil {
		seed, err = seedOf(facts)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read what was imported: %w", err)
	}
	return &stream.Base{Positions: at, Seed: seed, Fold: func() error { return n.foldFacts(facts) }}, nil
}

// seedOf returns what the keys of an export are made with.
func seedOf(path string) (uint64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close() // read only
	line, err := readLine(bufio.NewReader(file))
	var head models.Fact
	if err == nil {
		err = json.Unmarshal(line, &head)
	}
	if err != nil || head.Fact != models.FactExport {
		return 0, fmt.Errorf("%s: line 1: it is not the first line of an export (%w)", path, errors.Join(err, facts.ErrFact))
	}
	return uint64(head.Seed), nil
}

// foldFacts takes the facts of a file.
func (n *node) foldFacts(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close() // read only
	lines, err := readFacts(file, n.engine.TakeFact)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	n.log.Info("took what was imported", "file", path, "lines", lines)
	return nil
}

// exportFacts writes the facts that a snapshot holds. Nothing is written of one that is damaged.
func exportFacts(path string, dst io.Writer) error {
	e, err := engine.New(engine.Config{})
	if err != nil {
		return err
	}
	seed, err := restoreFacts(e, path)
	if err != nil {
		return fmt.Errorf("cannot export snapshot %q: %w", path, err)
	}
	out := bufio.NewWriterSize(dst, 64<<10)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	if err := e.EachFact(version, seed, func(f *models.Fact) error { return lines.Encode(f) }); err != nil {
		return err
	}
	return out.Flush()
}

// restoreFacts reads what facts are told of, and returns the seed of its keys.
func restoreFacts(e *engine.Engine, path string) (seed uint64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close() // read only
	r, err := snapshot.NewReader(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return 0, err
	}
	seed = r.Header().Seed
	e.Seed(seed)
	for {
		info, payload, err := r.Next()
		if err == io.EOF {
			return seed, nil
		}
		if err == nil {
			err = e.RestoreFacts(info.Name, info.Version, payload)
		}
		if err != nil {
			return 0, err
		}
	}
}
