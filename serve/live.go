package serve

import (
	"bufio"
	"bytes"
	"maps"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/models"
	"orrery/serve/door"
)

const (
	livePeriod   = time.Second
	trendsPeriod = 3               // ticks between two looks at the trends
	historyTicks = 180             // samples that a new reader gets at once: three minutes
	latencyTicks = 10              // looks that latency quantiles are told over
	liveQueue    = 8               // messages a slow reader may be behind before it misses some
	liveWrite    = 20 * livePeriod // a reader that takes nothing for so long is dropped
)

// hub looks once a second at what the engine has taken, and hands the same encoded message to every live reader of a scope: of
// all shops together, or of one.
type hub struct {
	s      *Server
	ticker *time.Ticker
	ended  chan struct{} // closed by close, once
	once   sync.Once

	mu     sync.Mutex
	scopes map[string]*scope // by shop, "" for all; while somebody reads, and all for ever
	count  int               // readers
}

// scope is what readers of one shop, or of all, are told. The hub's goroutine owns it; readers meet it in the fields behind the hub's mu
// only.
type scope struct {
	h    *hub
	shop []byte // nil: all

	subs    map[chan []byte]struct{} // each with room for liveQueue messages; written by the hub only, never closed
	history []byte                   // the message a new reader begins with
	trends  []byte                   // the newest trends message

	last    sample
	samples []sample // the newest historyTicks, oldest first
	tick    int
	call    call // scratch for the trends
}

// sample is one look.
type sample struct {
	at       time.Time
	stats    models.Stats
	status   StreamStatus
	requests counts  // of frames
	events   float64 // a second, since the sample before
	frames   float64 // a second
	p50, p99 time.Duration
}

func newHub(s *Server) *hub {
	h := &hub{s: s, ticker: time.NewTicker(livePeriod), ended: make(chan struct{})}
	h.scopes = map[string]*scope{"": h.scope(nil)}
	return h
}

func (h *hub) scope(shop []byte) *scope {
	return &scope{h: h, shop: bytes.Clone(shop), subs: map[chan []byte]struct{}{}}
}

// run looks and sends until close.
func (h *hub) run() {
	defer h.ticker.Stop()
	for _, x := range h.each() {
		x.last = x.look(time.Now())
	}
	for {
		select {
		case <-h.ended:
			return
		case now := <-h.ticker.C:
			for _, x := range h.each() {
				x.beat(now)
			}
		}
	}
}

// each returns the scopes that are told of.
func (h *hub) each() []*scope {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Values(h.scopes))
}

// close ends run and every live stream.
func (h *hub) close() { h.once.Do(func() { close(h.ended) }) }

func (x *scope) look(now time.Time) sample {
	s := x.h.s
	m := sample{at: now, stats: s.stats(x.shop), status: s.deps.Stream.Status()}
	if seconds := s.frameTimes(x.shop); seconds != nil {
		seconds.load(&m.requests)
	}
	return m
}

// frameTimes returns how long frames have taken: those of a shop's keys, or of all.
func (s *Server) frameTimes(shop []byte) *histogram {
	if shop == nil {
		return &s.metrics.seconds[s.frame.number]
	}
	for _, g := range s.keys {
		if bytes.Equal(g.shop, shop) {
			return g.frames
		}
	}
	return nil
}

// beat is one tick: look, remember, send.
func (x *scope) beat(now time.Time) {
	m := x.look(now)
	if x.last.at.IsZero() {
		x.last = m // whoever has come to a new scope is told rates from the next tick on
	}
	if passed := now.Sub(x.last.at).Seconds(); passed > 0 {
		m.events = float64(m.stats.Total-min(x.last.stats.Total, m.stats.Total)) / passed
		m.frames = float64(m.requests.since(&x.last.requests).total()) / passed
		lately := m.requests.since(x.before())
		m.p50, m.p99 = lately.quantile(0.5), lately.quantile(0.99)
	}
	message := x.appendTick(nil, &m)
	x.remember(m)
	x.tick++
	if x.readers() > 0 && x.tick%trendsPeriod == 1 || x.trends == nil {
		x.setTrends(x.appendTrends(nil))
	}
	x.last = m
	x.send(message)
}

// before returns the counts of the oldest look that latency is told over.
func (x *scope) before() *counts {
	if len(x.samples) < latencyTicks {
		return new(counts)
	}
	return &x.samples[len(x.samples)-latencyTicks].requests
}

func (x *scope) remember(m sample) {
	if len(x.samples) == historyTicks {
		copy(x.samples, x.samples[1:])
		x.samples = x.samples[:historyTicks-1]
	}
	m.stats, m.status = models.Stats{}, StreamStatus{Lag: m.status.Lag}
	x.samples = append(x.samples, m)
	history := x.appendHistory(nil)
	x.h.mu.Lock()
	x.history = history
	x.h.mu.Unlock()
}

func (x *scope) setTrends(message []byte) {
	x.h.mu.Lock()
	x.trends = message
	x.h.mu.Unlock()
	x.send(message)
}

// send hands a message to every reader. One that is too slow misses it: the next one tells all that matters.
func (x *scope) send(message []byte) {
	x.h.mu.Lock()
	defer x.h.mu.Unlock()
	for ch := range x.subs {
		select {
		case ch <- message:
		default:
			x.h.s.metrics.dropped.Add(1)
		}
	}
}

func (x *scope) readers() int {
	x.h.mu.Lock()
	defer x.h.mu.Unlock()
	return len(x.subs)
}

func (h *hub) readers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

// join adds a reader of a shop, or of all where it is nil, unless there are too many.
func (h *hub) join(shop []byte) (x *scope, ch chan []byte, first [][]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count >= h.s.cfg.MaxStreams {
		return nil, nil, nil
	}
	if x = h.scopes[string(shop)]; x == nil {
		x = h.scope(shop)
		h.scopes[string(shop)] = x
	}
	ch = make(chan []byte, liveQueue)
	x.subs[ch] = struct{}{}
	h.count++
	return x, ch, [][]byte{[]byte("retry: 2000\n\n"), x.history, x.trends}
}

// leave takes a reader away, and a shop's scope with its last one.
func (h *hub) leave(x *scope, ch chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(x.subs, ch)
	h.count--
	if len(x.subs) == 0 && x.shop != nil {
		delete(h.scopes, string(x.shop))
	}
}

// answerLive answers GET /v1/live with server-sent events.
func (s *Server) answerLive(c *call) *fault {
	if s.stopping.Load() {
		return &fault{fasthttp.StatusServiceUnavailable, "stopping", "the server is shutting down", ""}
	}
	shop, f := readScope(c)
	if f != nil {
		return f
	}
	x, ch, first := s.live.join(shop)
	if ch == nil {
		return &fault{fasthttp.StatusServiceUnavailable, "too_many_streams", "there are too many live streams", ""}
	}
	header := &c.ctx.Response.Header
	header.SetContentType("text/event-stream")
	header.Set("X-Accel-Buffering", "no")
	if c.ctx.IsHead() {
		s.live.leave(x, ch)
		return nil
	}
	conn := door.Inner(c.ctx.Conn())
	c.ctx.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer s.live.leave(x, ch)
		s.live.stream(w, conn, ch, first)
	})
	return nil
}

// stream writes messages until the reader goes away or the hub ends. A reader's absence shows in a failing flush; there
// is a message every second, so no other heartbeat is needed.
func (h *hub) stream(w *bufio.Writer, conn net.Conn, ch chan []byte, first [][]byte) {
	put := func(message []byte) bool {
		// The server's own write timeout began with the answer; a stream's begins anew with each message.
		conn.SetWriteDeadline(time.Now().Add(liveWrite))
		_, err := w.Write(message)
		return err == nil && w.Flush() == nil
	}
	for _, message := range first {
		if len(message) > 0 && !put(message) {
			return
		}
	}
	for {
		select {
		case <-h.ended:
			return
		case message := <-ch:
			if !put(message) {
				return
			}
		}
	}
}

// appendTick appends the message of one look: rates, latency, readiness, and the totals of /v1/stats.
func (x *scope) appendTick(dst []byte, m *sample) []byte {
	dst = append(dst, "event: tick\ndata: {\"time\":"...)
	dst = strconv.AppendInt(dst, m.at.UnixMilli(), 10)
	dst = appendDecimal(appendMember(dst, "events_per_second"), m.events, 1)
	dst = append(appendMember(dst, "by_kind"), '{')
	passed := m.at.Sub(x.last.at).Seconds()
	for name, n := range m.stats.Events {
		if more := n - min(x.last.stats.Events[name], n); more > 0 && passed > 0 {
			dst = appendDecimal(appendMember(dst, name), float64(more)/passed, 1)
		}
	}
	dst = append(dst, '}')
	dst = strconv.AppendInt(appendMember(dst, "lag"), m.status.Lag, 10)
	dst = strconv.AppendInt(appendMember(dst, "delay_ms"), m.status.Delay.Milliseconds(), 10)
	dst = strconv.AppendBool(appendMember(dst, "ready"), m.status.Ready && !x.h.s.stopping.Load())
	dst = appendFailing(appendMember(dst, "failing"), x.h.s.checks())
	dst = appendMember(dst, "snapshot_age")
	if age := m.status.SnapshotAge; age < 0 {
		dst = append(dst, "null"...)
	} else {
		dst = appendDecimal(dst, age.Seconds(), 0)
	}
	dst = appendDecimal(appendMember(dst, "frames_per_second"), m.frames, 1)
	dst = appendDecimal(appendMember(dst, "p50_us"), float64(m.p50)/1e3, 1)
	dst = appendDecimal(appendMember(dst, "p99_us"), float64(m.p99)/1e3, 1)
	dst = models.AppendString(appendMember(dst, "version"), x.h.s.cfg.Version)
	dst = x.appendVisitors(dst)
	dst = appendStats(appendMember(dst, "totals"), x.shop, &m.stats, &m.status)
	return append(dst, "}\n\n"...)
}

// appendVisitors appends who is on the site now, where the engine can tell.
func (x *scope) appendVisitors(dst []byte) []byte {
	recent := x.h.s.deps.Recent
	if recent == nil {
		return dst
	}
	dst = append(appendMember(dst, "recent_visitors"), '[')
	for i, v := range recent.RecentVisitors(x.named(), 8) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = models.AppendString(dst, v)
	}
	return append(dst, ']')
}

// appendHistory appends the message that a new reader begins with: one row for each look, so that the curves are there
// at once.
func (x *scope) appendHistory(dst []byte) []byte {
	dst = append(dst, "event: history\ndata: {\"columns\":[\"time\",\"events\",\"frames\",\"lag\",\"p50_us\",\"p99_us\"],\"rows\":["...)
	for i := range x.samples {
		m := &x.samples[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, '['), m.at.UnixMilli(), 10)
		dst = appendDecimal(append(dst, ','), m.events, 1)
		dst = appendDecimal(append(dst, ','), m.frames, 1)
		dst = strconv.AppendInt(append(dst, ','), m.status.Lag, 10)
		dst = appendDecimal(append(dst, ','), float64(m.p50)/1e3, 1)
		dst = appendDecimal(append(dst, ','), float64(m.p99)/1e3, 1)
		dst = append(dst, ']')
	}
	return append(dst, "]}\n\n"...)
}

// appendTrends appends the message with what is trending.
func (x *scope) appendTrends(dst []byte) []byte {
	c, s := &x.call, x.h.s
	c.query = models.FrameQuery{Shop: x.named(), Frame: []byte(s.cfg.TrendFrame), N: 8, Now: s.deps.Clock()}
	if s.deps.Recommender.Frame(&c.query, &c.frame) != nil {
		c.frame.Items = c.frame.Items[:0]
	}
	dst = append(dst, "event: trends\ndata: "...)
	dst = s.appendFrame(dst, c, time.Now())
	return append(dst, "\n\n"...)
}

// named returns the shop whose trends and visitors are told: of all, that of the keys.
func (x *scope) named() []byte {
	if x.shop != nil {
		return x.shop
	}
	return []byte(x.h.s.cfg.shop())
}
