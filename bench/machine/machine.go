// Package machine says on what a figure was measured, and what a process has used of it: every benchmark prints the first
// and divides by the second. CPU time is the steadiest figure on a machine that does other things as well: it does not
// count the time in which somebody else ran.
package machine

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Info is what a measurement ran on.
type Info struct {
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"`
	Memory uint64  `json:"memory_bytes"`
	Kernel string  `json:"kernel"`
	OS     string  `json:"platform"`
	Go     string  `json:"go"`
	Procs  int     `json:"gomaxprocs"`
	Load   float64 `json:"load_1m"` // runnable processes over the last minute when the measurement began
}

// Read looks at the machine. What the system does not tell stays empty.
func Read() Info {
	i := Info{OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Cores: runtime.NumCPU(), Procs: runtime.GOMAXPROCS(0)}
	i.CPU = field("/proc/cpuinfo", "model name")
	if kib, ok := strings.CutSuffix(field("/proc/meminfo", "MemTotal"), " kB"); ok {
		n, _ := strconv.ParseUint(kib, 10, 64)
		i.Memory = n << 10
	}
	i.Kernel = first("/proc/sys/kernel/osrelease")
	i.Load, _ = strconv.ParseFloat(first("/proc/loadavg"), 64)
	return i
}

// String is the machine in one line.
func (i Info) String() string {
	return fmt.Sprintf("%s, %d cores, %.0f GB, %s, kernel %s, %s, GOMAXPROCS %d, load %.1f when it began",
		i.CPU, i.Cores, float64(i.Memory)/1e9, i.OS, i.Kernel, i.Go, i.Procs, i.Load)
}

// field returns the value of a "name : value" line of a file.
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// first returns the first word of a file.
func first(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if words := strings.Fields(string(text)); len(words) > 0 {
		return words[0]
	}
	return ""
}

// Head stands at the beginning of every benchmark's result.
type Head struct {
	Command string  `json:"command"`
	Version string  `json:"version"`
	Machine Info    `json:"machine"`
	Began   string  `json:"began"` // RFC 3339
	Seconds float64 `json:"seconds"`

	began time.Time
}

// NewHead begins a result.
func NewHead(command, version string) Head {
	now := time.Now()
	return Head{Command: command, Version: version, Machine: Read(), Began: now.UTC().Format(time.RFC3339), began: now}
}

// End notes how long the measurement took.
func (h *Head) End() { h.Seconds = time.Since(h.began).Seconds() }

// String is the head for people, some lines.
func (h *Head) String() string {
	return fmt.Sprintf("%s\nversion %s, %s, took %.0f s\n%s\n", h.Command, h.Version, h.Began, h.Seconds, h.Machine)
}
