package serve

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"orrery/models"
)

// codes are the status codes that are counted by themselves; index 0 is any other.
var codes = [...]int{0, 200, 202, 204, 304, 400, 401, 403, 404, 405, 408, 413, 415, 421, 429, 431, 500, 503}

// kindCount is enough for every models.Kind.
const kindCount = 32

// routeMetrics counts what the server does. All of it is written without locks.
type routeMetrics struct {
	routes      []*route // by number, as the two below
	requests    [][len(codes)]atomic.Uint64
	seconds     []histogram
	accepted    [kindCount]atomic.Uint64 // events, by kind
	rejected    atomic.Uint64
	full        atomic.Uint64 // requests refused because the log was full
	logFailures atomic.Uint64
	degraded    atomic.Uint64 // frames that the gate or the budget cut short
	refused     atomic.Uint64 // requests that got no frame at all
	panics      atomic.Uint64
	warnings    models.WarningCounts // fields of events that were not taken as they are
	dropped     atomic.Uint64        // live messages that a slow reader missed
	skipped     skips                // of other platforms' messages
	crowded     atomic.Uint64        // events of names that nobody knew, while there was no room
	suppressed  atomic.Uint64        // contacts of imports that were erased before

	heavyRefused                  atomic.Uint64 // heavy bodies for which there was no place
	limitedKeys, limitedAddresses atomic.Uint64 // requests refused because of a rate
}

func newRouteMetrics(routes []*route) *routeMetrics {
	return &routeMetrics{routes: routes, requests: make([][len(codes)]atomic.Uint64, len(routes)), seconds: make([]histogram, len(routes))}
}

// route returns the route of a name.
func (m *routeMetrics) route(name string) *route {
	for _, r := range m.routes {
		if r.name == name {
			return r
		}
	}
	panic("no route " + name) // the name is part of the program: a test would have met this
}

func (m *routeMetrics) observe(r *route, status int, d time.Duration) {
	code := 0
	for i := 1; i < len(codes); i++ {
		if codes[i] == status {
			code = i
			break
		}
	}
	m.requests[r.number][code].Add(1)
	m.seconds[r.number].observe(d)
}

func (m *routeMetrics) countEvents(in *ingest) {
	for _, k := range in.kinds {
		m.accepted[k%kindCount].Add(1)
	}
	m.rejected.Add(uint64(len(in.rejected)))
	for _, r := range in.rejected {
		if r.reason == noRoom {
			m.crowded.Add(1)
		}
	}
}

// answerMetrics answers GET /metrics in Prometheus' text format.
func (s *Server) answerMetrics(c *call) *fault {
	c.ctx.Response.Header.SetContentType("text/plain; version=0.0.4; charset=utf-8")
	s.writeMetrics(c.ctx)
	return nil
}

func (s *Server) writeMetrics(w io.Writer) {
	s.metrics.write(w)
	metrics.WriteCounterUint64(w, "orrery_http_frames_queued_total", s.gate.waited.Load())
	s.writeDoors(w)
	s.writeStream(w)
	s.writeState(w)
	s.writeQuality(w)
	writeChecks(w, s.checks())
	s.writeKeys(w)
	metrics.WriteGaugeUint64(w, "orrery_live_streams", uint64(s.live.readers()))
	metrics.WriteGaugeUint64(w, fmt.Sprintf("orrery_build_info{version=%q,go=%q}", s.cfg.Version, runtime.Version()), 1)
	metrics.WriteProcessMetrics(w)
	metrics.WriteFDMetrics(w)
	for _, write := range s.deps.Metrics {
		write(w)
	}
}

func (m *routeMetrics) write(w io.Writer) {
	for _, r := range m.routes {
		for i := range codes {
			if n := m.requests[r.number][i].Load(); n > 0 {
				metrics.WriteCounterUint64(w, fmt.Sprintf("orrery_http_requests_total{route=%q,code=%q}", r.name, codeLabel(i)), n)
			}
		}
	}
	for _, r := range m.routes {
		m.seconds[r.number].write(w, "orrery_http_request_seconds", r.name)
	}
	for k := range m.accepted {
		if n := m.accepted[k].Load(); n > 0 {
			metrics.WriteCounterUint64(w, fmt.Sprintf("orrery_http_events_total{type=%q,outcome=\"accepted\"}", models.Kind(k)), n)
		}
	}
	metrics.WriteCounterUint64(w, `orrery_http_events_total{type="",outcome="rejected"}`, m.rejected.Load())
	writeWarnings(w, "http", m.warnings.Each())
	metrics.WriteCounterUint64(w, "orrery_http_log_full_total", m.full.Load())
	metrics.WriteCounterUint64(w, "orrery_http_log_failures_total", m.logFailures.Load())
	metrics.WriteCounterUint64(w, "orrery_http_frames_degraded_total", m.degraded.Load())
	metrics.WriteCounterUint64(w, "orrery_http_frames_refused_total", m.refused.Load())
	metrics.WriteCounterUint64(w, "orrery_http_panics_total", m.panics.Load())
	metrics.WriteCounterUint64(w, `orrery_dropped_total{what="live",why="slow_reader"}`, m.dropped.Load())
	metrics.WriteCounterUint64(w, `orrery_dropped_total{what="event",why="ceiling"}`, m.crowded.Load())
	metrics.WriteCounterUint64(w, `orrery_dropped_total{what="contact",why="erased"}`, m.suppressed.Load())
	m.skipped.write(w)
}

// writeWarnings writes what was left out of events, or read as something else: as they came over HTTP, and as the log was read.
func writeWarnings(w io.Writer, where string, counts map[models.WarningCount]uint64) {
	for _, c := range slices.SortedFunc(maps.Keys(counts), func(a, b models.WarningCount) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Word, b.Word))
	}) {
		metrics.WriteCounterUint64(w, fmt.Sprintf("orrery_warnings_total{where=%q,field=%q,code=%q,word=%q}", where, c.Field, c.Code, c.Word), counts[c])
	}
}

func codeLabel(i int) string {
	if i == 0 {
		return "other"
	}
	return strconv.Itoa(codes[i])
}

// write writes the histogram with one bucket for each doubling from 16 us on, so that histogram_quantile works.
func (h *histogram) write(w io.Writer, name, route string) {
	var c counts
	h.load(&c)
	n := c.total()
	if n == 0 {
		return
	}
	var seen uint64
	const first, last = 11, octaves - 1 // upper edges 2^14 ns and 2^34 ns
	for i, k := range c {
		seen += k
		if octave := i / steps; i%steps == steps-1 && octave >= first && octave < last {
			metrics.WriteCounterUint64(w, fmt.Sprintf("%s_bucket{route=%q,le=\"%g\"}", name, route, float64(upper(i))/1e9), seen)
		}
	}
	metrics.WriteCounterUint64(w, fmt.Sprintf("%s_bucket{route=%q,le=\"+Inf\"}", name, route), n)
	metrics.WriteCounterFloat64(w, fmt.Sprintf("%s_sum{route=%q}", name, route), float64(h.sum.Load())/1e9)
	metrics.WriteCounterUint64(w, fmt.Sprintf("%s_count{route=%q}", name, route), n)
}

func (s *Server) writeStream(w io.Writer) {
	status := s.deps.Stream.Status()
	for _, p := range status.Partitions {
		metrics.WriteGaugeFloat64(w, fmt.Sprintf("orrery_stream_lag_records{topic=%q,partition=\"%d\"}", p.Topic, p.Partition), float64(p.End-p.Position))
		metrics.WriteGaugeFloat64(w, fmt.Sprintf("orrery_stream_position{topic=%q,partition=\"%d\"}", p.Topic, p.Partition), float64(p.Position))
	}
	metrics.WriteGaugeUint64(w, "orrery_lag_held_records", uint64(status.Held))
	metrics.WriteGaugeFloat64(w, "orrery_stream_lag_seconds", status.Delay.Seconds())
	metrics.WriteCounterUint64(w, "orrery_stream_records_total", status.Records)
	writeWarnings(w, "log", status.Warnings)
	metrics.WriteCounterUint64(w, "orrery_duplicates_total", status.Duplicates)
	for _, code := range slices.Sorted(maps.Keys(status.DeadLetters)) {
		metrics.WriteCounterUint64(w, fmt.Sprintf("orrery_dead_letters_total{class=%q}", code), status.DeadLetters[code])
	}
	if status.SnapshotAge >= 0 {
		metrics.WriteGaugeFloat64(w, "orrery_snapshot_age_seconds", status.SnapshotAge.Seconds())
	}
}

// knownEvents returns counts by name, those of names that anybody has made up put together: a name is no label unless there
// are few of them, and one may be an address.
func knownEvents(counts map[string]uint64) map[string]uint64 {
	known := make(map[string]uint64, len(models.KnownNames))
	for name, n := range counts {
		if !models.KnownName(name) {
			name = models.Other.String()
		}
		known[name] += n
	}
	return known
}

func (s *Server) writeState(w io.Writer) {
	stats := s.deps.Statistics.Stats()
	events := knownEvents(stats.Events)
	for _, name := range slices.Sorted(maps.Keys(events)) {
		metrics.WriteCounterUint64(w, fmt.Sprintf("orrery_events_total{type=%q}", name), events[name])
	}
	for _, model := range slices.Sorted(maps.Keys(stats.Bytes)) {
		metrics.WriteGaugeUint64(w, fmt.Sprintf("orrery_state_bytes{model=%q}", model), stats.Bytes[model])
	}
	for _, currency := range slices.Sorted(maps.Keys(stats.Revenue)) {
		metrics.WriteGaugeFloat64(w, fmt.Sprintf("orrery_revenue{currency=%q}", currency), stats.Revenue[currency].Float())
	}
	for _, d := range stats.Dropped {
		metrics.WriteCounterUint64(w, fmt.Sprintf("orrery_dropped_total{what=%q,why=%q}", d.What, d.Why), d.N)
	}
	metrics.WriteCounterUint64(w, "orrery_orders_total", stats.Orders)
	metrics.WriteGaugeUint64(w, "orrery_visitors", stats.Visitors)
	metrics.WriteGaugeUint64(w, "orrery_contacts", stats.Contacts)
	metrics.WriteGaugeUint64(w, "orrery_leads", stats.Leads)
	metrics.WriteCounterUint64(w, `orrery_dropped_total{what="join",why="too_many"}`, stats.JoinsCut)
	metrics.WriteCounterUint64(w, "orrery_forgotten_returned_total", stats.ForgottenReturned)
	metrics.WriteGaugeUint64(w, "orrery_claims_open", stats.Claims.Open)
	metrics.WriteCounterUint64(w, "orrery_sessions_total", stats.Sessions)
	metrics.WriteGaugeUint64(w, "orrery_products", stats.Products)
}
