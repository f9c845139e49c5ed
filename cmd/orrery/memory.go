package main

import (
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"orrery/models/slab"
)

// memoryShare is how much of the memory that the control group allows the process may take, in percent: the rest is stacks,
// the page cache of the log, and what the kernel keeps for sockets. Beyond it the collector works harder rather than the
// kernel killing the process.
//
// Below it the collector works at its default, GOGC=100, unless the environment says otherwise. Measured at 13,000 to 16,000 product
// frames and 20,000 events a second, driver and server on two cores that others kept busy, 210 to 240 MB alive: a collection about
// every 6 s, 10 to 34 ms of CPU time each (0.6 % of a core at most), pauses of 0.2 to 4 ms. The tail of latencies came from waiting
// for a core, not from collections, so there is little to win by a larger heap.
const memoryShare = 85

// ceiling leaves Go's heap what the models' arrays, which lie outside of it, do not take of the memory that the process may use.
type ceiling struct {
	memory int64 // of the process
	arrays int64 // of it, when the heap's limit was set
}

// ceilingEvery is how often the arrays are looked at.
const ceilingEvery = time.Second

// startCeiling keeps the process below GOMEMLIMIT, or else below what the control group allows, until the returned function
// is called.
func startCeiling(log *slog.Logger) (stop func()) {
	limit, from := allowed()
	if limit == 0 {
		return func() {}
	}
	log.Info("memory", "limit", limit, "of", from)
	c := &ceiling{memory: limit}
	debug.SetMemoryLimit(c.heap(slab.Mapped()))
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(ceilingEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if now := slab.Mapped(); c.stale(now) {
					debug.SetMemoryLimit(c.heap(now))
				}
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}

// heap returns the heap's limit beside so many bytes of arrays: at least a tenth, since a heap without any room collects
// all the time and saves nothing.
func (c *ceiling) heap(arrays int64) int64 {
	c.arrays = arrays
	return max(c.memory-arrays, c.memory/10)
}

// stale tells whether the heap's limit should be set anew: that stops the world for a moment.
func (c *ceiling) stale(arrays int64) bool {
	return max(arrays, c.arrays)-min(arrays, c.arrays) > c.memory/64
}

// allowed returns how much memory the process may take and who says so, 0 where nobody does.
func allowed() (limit int64, from string) {
	if os.Getenv("GOMEMLIMIT") != "" {
		if limit = debug.SetMemoryLimit(-1); limit == math.MaxInt64 {
			limit = 0 // "off"
		}
		return limit, "GOMEMLIMIT"
	}
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if text, err := os.ReadFile(file); err == nil {
			if limit = memoryLimit(string(text)); limit > 0 {
				return limit, file
			}
		}
	}
	return 0, ""
}

// memoryLimit returns the ceiling for a control group's limit as the kernel tells it, 0 where there is none.
func memoryLimit(text string) int64 {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 64)
	if err != nil || n == 0 || n > math.MaxInt64/2 { // "max", or the largest number, is no limit
		return 0
	}
	return int64(n / 100 * memoryShare)
}
