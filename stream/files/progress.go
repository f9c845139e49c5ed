package files

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Progress is told how a replay goes, from the goroutine that called Run.
type Progress interface {
	Status(Status) // some ten times a second, and once at the end
	Bad(BadRow)    // a row that could not be understood
}

// Status is how far a replay is.
type Status struct {
	File    string
	Rows    int64
	Events  int64
	Bad     int64
	Read    int64 // compressed bytes taken from the files
	Size    int64 // of all files; 0 where it is not known
	Elapsed time.Duration
	Done    bool
}

// Share returns the part of the input that is read, 0 where its size is not known.
func (s Status) Share() float64 {
	if s.Size == 0 {
		return 0
	}
	return min(float64(s.Read)/float64(s.Size), 1)
}

// Remaining estimates the time left from the compressed bytes read so far, 0 where that says nothing yet.
func (s Status) Remaining() time.Duration {
	share := s.Share()
	if share < 0.01 || s.Done {
		return 0
	}
	return time.Duration(float64(s.Elapsed) * (1 - share) / share)
}

type silent struct{}

func (silent) Status(Status) {}
func (silent) Bad(BadRow)    {}

// Printer shows progress to a person: on a terminal a bar in one line that is redrawn, elsewhere a plain line every five
// seconds. Bad rows are named, the first hundred of them.
type Printer struct {
	w        io.Writer
	terminal bool
	drawn    bool
	bad      int
	next     time.Duration
}

// NewPrinter writes to w, usually standard error. terminal says whether that is one.
func NewPrinter(w io.Writer, terminal bool) *Printer {
	return &Printer{w: w, terminal: terminal, next: plainEvery}
}

const (
	plainEvery = 5 * time.Second
	barWidth   = 24
	badShown   = 100
)

// Status shows how far the replay is.
func (p *Printer) Status(s Status) {
	switch {
	case p.terminal:
		fmt.Fprintf(p.w, "\r\x1b[K%s%s", bar(s), figures(s))
		if p.drawn = !s.Done; s.Done {
			fmt.Fprintln(p.w)
		}
	case s.Elapsed >= p.next:
		p.next = s.Elapsed + plainEvery
		fmt.Fprintln(p.w, figures(s))
	}
}

// Bad names a row that could not be understood.
func (p *Printer) Bad(b BadRow) {
	p.bad++
	if p.bad > badShown+1 {
		return
	}
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	if p.bad > badShown {
		fmt.Fprintln(p.w, "more bad rows follow; the summary counts them all")
		return
	}
	fmt.Fprintln(p.w, b)
}

func bar(s Status) string {
	if s.Size == 0 {
		return ""
	}
	full := int(s.Share()*barWidth + 0.5)
	return "[" + strings.Repeat("=", full) + strings.Repeat(" ", barWidth-full) + "] "
}

func figures(s Status) string {
	var b strings.Builder
	if s.Size > 0 {
		fmt.Fprintf(&b, "%3.0f %%  ", 100*s.Share())
	}
	fmt.Fprintf(&b, "%d rows  %d events  %.0f/s", s.Rows, s.Events, float64(s.Events)/max(s.Elapsed.Seconds(), 1e-3))
	if s.Bad > 0 {
		fmt.Fprintf(&b, "  %d bad rows", s.Bad)
	}
	if left := s.Remaining(); left > 0 {
		fmt.Fprintf(&b, "  %s left", left.Round(time.Second))
	}
	return b.String()
}
