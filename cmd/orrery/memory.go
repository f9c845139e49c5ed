package main

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"orrery/engine"
	"orrery/models/slab"
)

// memoryShare is how much of the memory that the control group allows the process may take, in percent: the rest is stacks,
// the page cache of the log, and what the kernel keeps for sockets. Beyond it the collector works harder rather than the
// kernel killing the process.
const memoryShare = 85

// collector tells Go's garbage collector of the models' arrays, which lie outside of its heap.
//
// Below the ceiling, garbage may come to as much as all that is alive, arrays included, up to mostGarbage, unless GOGC says
// otherwise. Counted without the arrays, as the collector does by itself, it would collect several times as often, and each
// collection takes half of a machine of two cores for some 20 ms. Measured at 25,000 product frames and 20,000 events a second,
// driver and server on two cores: a collection every 2 s and a p99 of 81 ms by the heap alone, one every 6 s and 15 ms by three
// times the heap.
type collector struct {
	memory  int64 // that the process may use, 0 if nobody says
	arrays  int64 // of it, when the heap's limit was set
	stretch bool  // nobody has set GOGC
	percent int   // of the heap alive, that garbage may come to
	done    chan struct{}

	taken atomic.Int64 // by arrays and by what the last collection found alive
	full  atomic.Bool
}

const (
	// collectorEvery is how often the bound of garbage is looked at.
	collectorEvery = time.Second
	// measureEvery is how often the memory taken is noted, and the heap's limit follows the arrays: made-up names can add 30 MB
	// of arrays a second, which the heap's garbage must not take as well.
	measureEvery = 100 * time.Millisecond
	// mostGarbage is some seconds' worth at 20,000 events a second. More of it would be memory for nothing: what a collection
	// costs depends on the heap alone.
	mostGarbage = 256 << 20
	// garbageShare is how much of the memory that the process may use garbage may come to, one part in so many: while a log is read
	// at full speed the arrays grow faster than the heap can give back what it has taken.
	garbageShare = 8
	// firstTicks is for how many looks at the memory the garbage is bounded with every one of them: until a log has been caught up.
	firstTicks = 100
)

// startCollector keeps the process below GOMEMLIMIT, or else below what the control group allows, and collections as rare
// as the arrays allow, until stop.
func startCollector(log *slog.Logger) *collector {
	limit, from := allowed()
	c := &collector{memory: limit, stretch: os.Getenv("GOGC") == "", percent: 100, done: make(chan struct{})}
	if limit > 0 {
		log.Info("memory", "limit", limit, "of", from)
		debug.SetMemoryLimit(c.heap(slab.Mapped()))
		c.look(slab.Mapped(), limit/4)
	}
	go func() {
		tick := time.NewTicker(measureEvery)
		defer tick.Stop()
		for n := 1; ; n++ {
			select {
			case <-tick.C:
				arrays, live := slab.Mapped(), liveHeap()
				c.measure(arrays, live)
				c.limit(arrays)
				if n < firstTicks && limit > 0 || n%int(collectorEvery/measureEvery) == 0 {
					c.look(arrays, live)
				}
			case <-c.done:
				return
			}
		}
	}()
	return c
}

func (c *collector) stop() { close(c.done) }

// From which share of the memory that the process may use there is no room for new names, and below which there is again,
// in percent. The tenth that is left is for requests, garbage, snapshots, and what the shop's own servers add.
const (
	fullFrom  = 90
	fullBelow = 88
)

// measure notes what is taken.
func (c *collector) measure(arrays, live int64) {
	c.taken.Store(arrays + live)
	switch share := float64(arrays+live) / float64(max(c.memory, 1)) * 100; {
	case c.memory <= 0:
	case share >= fullFrom:
		c.full.Store(true)
	case share < fullBelow:
		c.full.Store(false)
	}
}

// check is the condition that there is room for new names.
func (c *collector) check() (ok bool, reason string) {
	if c.memory <= 0 {
		return true, "no limit is set"
	}
	if !c.full.Load() {
		return true, fmt.Sprintf("%d of %d bytes taken", c.taken.Load(), c.memory)
	}
	return false, fmt.Sprintf("%d of %d bytes taken: of the public key only events of visitors and products that are known are taken; "+
		"give the process more memory, or lower --visitors.max", c.taken.Load(), c.memory)
}

// room is what the server asks before it takes a new name.
type room struct {
	memory *collector
	*engine.Engine
}

// Full implements serve.Room.
func (r room) Full() bool { return r.memory.full.Load() }

// visitorBytes is about what a visitor takes who has viewed some products: 570 B in a shop of 10,000 products, measured, and 16 to 60 B for
// his network.
const visitorBytes = 640

// productBytes is about what a product takes with a category of its own of two levels, and a brand: 1.3 kB with one of eight, measured.
const productBytes = 1500

// invented returns how many products there may be that only the public key has named: a quarter of the memory, as above.
func invented(limit int64) int {
	if limit <= 0 {
		limit = machineMemory()
	}
	return int(min(max(limit/4/productBytes, 10_000), 1<<27))
}

// strangers returns how many visitors there may be of whom only the public key has spoken: a quarter of the memory, that of
// the machine where nobody says how much of it the process may use.
func strangers(limit int64) int {
	if limit <= 0 {
		limit = machineMemory()
	}
	return int(min(max(limit/4/visitorBytes, 10_000), 1<<27))
}

// machineMemory returns the machine's memory, 4 GiB where it is not known.
func machineMemory() int64 {
	text, _ := os.ReadFile("/proc/meminfo")
	var kib int64
	if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kib); err != nil || kib <= 0 {
		return 4 << 30
	}
	return kib << 10
}

// metrics writes what the process may use, 0 where nobody says, and what the arrays take of it: Go's own figures, its limit
// included, are of the heap alone.
func (c *collector) metrics(w io.Writer) {
	fmt.Fprintf(w, "orrery_memory_limit_bytes %d\n", c.memory)
	fmt.Fprintf(w, "orrery_memory_arrays_bytes %d\n", slab.Mapped())
}

// limit sets the heap's limit anew where the arrays have outgrown it: that stops the world for a moment.
func (c *collector) limit(arrays int64) {
	if c.memory > 0 && c.stale(arrays) {
		debug.SetMemoryLimit(c.heap(arrays))
	}
}

// look sets anew how much garbage there may be: that stops the world for a moment.
func (c *collector) look(arrays, live int64) {
	if p := garbage(live, arrays, c.memory); c.stretch && (p > c.percent*5/4 || p < c.percent*4/5) {
		c.percent = p
		debug.SetGCPercent(p)
	}
}

// liveHeap returns the bytes that the last collection found alive.
func liveHeap() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(sample[0].Value.Uint64())
}

// garbage returns how much garbage there may be, in percent of the heap alive, where the process may use so much memory, or 0 where
// nobody says.
func garbage(live, arrays, memory int64) int {
	most, least := int64(mostGarbage), int64(100)
	if memory > 0 && memory/garbageShare < most {
		most, least = memory/garbageShare, 25
	}
	if live <= 0 {
		return 100
	}
	return int(max(least, 100*min(live+arrays, most)/live))
}

// heap returns the heap's limit beside so many bytes of arrays: at least a tenth, since a heap without any room collects
// all the time and saves nothing.
func (c *collector) heap(arrays int64) int64 {
	c.arrays = arrays
	return max(c.memory-arrays, c.memory/10)
}

// stale tells whether the heap's limit should be set anew: that stops the world for a moment.
func (c *collector) stale(arrays int64) bool {
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
