// Package load drives an HTTP server and tells how it answers: in an open loop, as visitors come, or in a closed one, as
// fast as it can.
//
// In an open loop requests are due at moments that the server has no say in. Latency counts from the moment a request
// was due, not from when a connection was free to send it: a stalled server does not slow its own exam down (coordinated
// omission; G. Tene, wrk2). The time from sending is reported beside it.
//
// One thread does everything, on non-blocking sockets and epoll: Go's own poller wakes goroutines up to a millisecond
// late, and a driver that sleeps in it measures itself. What lies between the moment that a request is due and the one
// at which it is sent over a free connection is reported as the wake-up error. The thread sleeps to the microsecond and
// spins only through the last ones: driver and server share the machine, and a core that spins is a core the server
// does not have.
package load

import (
	"errors"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Source makes requests.
type Source interface {
	// Next appends the bytes of one HTTP/1.1 request to dst and returns them, and the request's kind, from 0 on. at is
	// the moment that the request is due.
	Next(dst []byte, at time.Time) ([]byte, int)
}

// Config says what to send. Source and Addr are required.
type Config struct {
	Addr        string // IPv4 host and port
	Connections int    // default 16
	Source      Source
	Kinds       int // how many kinds of requests there are, at least 1

	Rate    float64       // requests a second; 0 is a closed loop
	Poisson bool          // requests come at random, Rate on the average, in place of at equal distances
	Seed    uint64        // of the random moments
	For     time.Duration // how long requests are sent; default 2 s
	Warmup  time.Duration // sent before, at the same rate, and not measured

	// Empty is what the body of an answer with nothing in it holds; such answers are counted. Nil counts none.
	Empty []byte
}

func (c Config) withDefaults() Config {
	if c.Connections <= 0 {
		c.Connections = 16
	}
	if c.For <= 0 {
		c.For = 2 * time.Second
	}
	c.Kinds = max(c.Kinds, 1)
	return c
}

// ErrPlatform says that the driver does not run here: it is written for Linux.
var ErrPlatform = errors.New("the load driver needs Linux")

// drain is how long answers are waited for after the last request was due. What is not sent by then counts as unsent,
// and what is not answered as an error.
const drain = 2 * time.Second

// Bounds of the histograms: 1 us to 60 s, three digits.
const (
	shortest = 1_000
	longest  = 60_000_000_000
	digits   = 3
)

// Result is what came of a run.
type Result struct {
	Target   float64       `json:"target_per_s"` // 0: closed loop
	Rate     float64       `json:"answered_per_s"`
	Requests uint64        `json:"requests"` // answered with a 2xx
	Errors   uint64        `json:"errors"`   // other answers, broken connections, no answer
	Unsent   uint64        `json:"unsent"`   // due, and no connection was free until long after the end
	Empty    uint64        `json:"empty"`
	Bytes    uint64        `json:"bytes"` // of answers
	Elapsed  time.Duration `json:"-"`

	Latency Quantiles   `json:"latency_us"` // from the moment a request was due
	Service Quantiles   `json:"service_us"` // from its sending
	Wakeup  Quantiles   `json:"wakeup_us"`  // from the moment it was due to its sending, where a connection was free
	Kinds   []Quantiles `json:"kinds_latency_us,omitempty"`

	latency *hdrhistogram.Histogram
}

// Quantiles of a time, in microseconds.
type Quantiles struct {
	N    int64   `json:"n"`
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// quantiles reads a histogram of nanoseconds.
func quantiles(h *hdrhistogram.Histogram) Quantiles {
	if h.TotalCount() == 0 {
		return Quantiles{}
	}
	at := func(q float64) float64 { return float64(h.ValueAtQuantile(q)) / 1e3 }
	return Quantiles{
		N: h.TotalCount(), Mean: h.Mean() / 1e3, P50: at(50), P90: at(90), P99: at(99), P999: at(99.9), Max: float64(h.Max()) / 1e3,
	}
}

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(shortest, longest, digits) }

func record(h *hdrhistogram.Histogram, d int64) { h.RecordValue(min(max(d, shortest), longest)) }
