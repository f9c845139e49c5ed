package snapshot

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// parts is a file whose sections are read at the same time, by way of its index. Every byte of it is covered by a crc32c
// but for the hash of the whole, which only a reading from end to end can check; Verify does that.
type parts struct {
	f        *os.File
	header   Header
	sections []Info
	ends     []int64 // where the sections end
}

// openParts reads header and index.
func openParts(path string) (*parts, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p := &parts{f: f}
	if err := p.index(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// index checks that the sections lie without gaps between header and footer.
func (p *parts) index() error {
	info, err := p.f.Stat()
	if err != nil {
		return fmt.Errorf("cannot tell the size of a snapshot: %w", err)
	}
	r, err := NewReader(io.NewSectionReader(p.f, 0, info.Size()))
	if err != nil {
		return err
	}
	sections, end, err := readIndex(p.f, info.Size())
	if err != nil {
		return err
	}
	p.header, p.sections, p.ends = r.Header(), sections, make([]int64, len(sections))
	for i := len(sections) - 1; i >= 0; i-- {
		p.ends[i], end = end, sections[i].Offset
	}
	if end != r.at {
		return damaged(r.at, "the first section does not begin here")
	}
	return nil
}

func (p *parts) close() { p.f.Close() } // read only

// check reads everything.
func (p *parts) check() error {
	return p.each(func(_ Info, payload io.Reader) error {
		_, err := io.Copy(io.Discard, payload)
		return err
	})
}

// each hands every section to f, which must read it to its end, as many at the same time as there are processors, the
// largest first. After an error it begins no other.
func (p *parts) each(f func(Info, io.Reader) error) error {
	order := make([]int, len(p.sections))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.sections[b].Size, p.sections[a].Size) })
	var (
		wg    sync.WaitGroup
		next  atomic.Int64
		once  sync.Once
		first error
	)
	for range min(runtime.GOMAXPROCS(0), len(order)) {
		wg.Go(func() {
			s := new(section) // its buffer serves all
			for i := next.Add(1) - 1; int(i) < len(order); i = next.Add(1) - 1 {
				if err := p.read(order[i], s, f); err != nil {
					once.Do(func() { first = err })
					next.Store(int64(len(order)))
				}
			}
		})
	}
	wg.Wait()
	return first
}

// read hands section i to f.
func (p *parts) read(i int, s *section, f func(Info, io.Reader) error) error {
	want := p.sections[i]
	r := &Reader{src: io.NewSectionReader(p.f, want.Offset, p.ends[i]-want.Offset), at: want.Offset, cur: s}
	s.r, s.ended = r, true // nothing to skip
	info, payload, err := r.Next()
	if err != nil {
		return err
	}
	if info.Name != want.Name || info.Version != want.Version {
		return damaged(want.Offset, "the index names another section")
	}
	if err := f(want, payload); err != nil {
		return fmt.Errorf("section %q: %w", want.Name, err)
	}
	n, err := io.Copy(io.Discard, payload)
	if err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("section %q: %d bytes were not read", want.Name, n)
	}
	if s.size != want.Size || r.at != p.ends[i] {
		return damaged(r.at, "the end of a section does not fit the index")
	}
	return nil
}
