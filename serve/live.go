package serve

import (
	"bufio"
	"net"
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

// hub looks once a second at what the engine has taken, and hands the same encoded message to every live reader. It owns
// its state; readers meet it in the fields behind mu only.
type hub struct {
	s      *Server
	ticker *time.Ticker
	ended  chan struct{} // closed by close, once
	once   sync.Once

	mu      sync.Mutex
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
	return &hub{s: s, ticker: time.NewTicker(livePeriod), ended: make(chan struct{}), subs: map[chan []byte]struct{}{}}
}

// run looks and sends until close.
func (h *hub) run() {
	defer h.ticker.Stop()
	h.last = h.look(time.Now())
	for {
		select {
		case <-h.ended:
			return
		case now := <-h.ticker.C:
			h.beat(now)
		}
	}
}

// close ends run and every live stream.
func (h *hub) close() { h.once.Do(func() { close(h.ended) }) }

func (h *hub) look(now time.Time) sample {
	x := sample{at: now, stats: h.s.deps.Statistics.Stats(), status: h.s.deps.Stream.Status()}
	h.s.metrics.of("frame").load(&x.requests)
	return x
}

// beat is one tick: look, remember, send.
func (h *hub) beat(now time.Time) {
	x := h.look(now)
	if passed := now.Sub(h.last.at).Seconds(); passed > 0 {
		x.events = float64(x.stats.Total-min(h.last.stats.Total, x.stats.Total)) / passed
		x.frames = float64(x.requests.since(&h.last.requests).total()) / passed
		lately := x.requests.since(h.before())
		x.p50, x.p99 = lately.quantile(0.5), lately.quantile(0.99)
	}
	message := h.appendTick(nil, &x)
	h.remember(x)
	h.tick++
	if h.readers() > 0 && h.tick%trendsPeriod == 1 || h.trends == nil {
		h.setTrends(h.appendTrends(nil))
	}
	h.last = x
	h.send(message)
}

// before returns the counts of the oldest look that latency is told over.
func (h *hub) before() *counts {
	if len(h.samples) < latencyTicks {
		return new(counts)
	}
	return &h.samples[len(h.samples)-latencyTicks].requests
}

func (h *hub) remember(x sample) {
	if len(h.samples) == historyTicks {
		copy(h.samples, h.samples[1:])
		h.samples = h.samples[:historyTicks-1]
	}
	x.stats, x.status = models.Stats{}, StreamStatus{Lag: x.status.Lag}
	h.samples = append(h.samples, x)
	history := h.appendHistory(nil)
	h.mu.Lock()
	h.history = history
	h.mu.Unlock()
}

func (h *hub) setTrends(message []byte) {
	h.mu.Lock()
	h.trends = message
	h.mu.Unlock()
	h.send(message)
}

// send hands a message to every reader. One that is too slow misses it: the next one tells all that matters.
func (h *hub) send(message []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.subs {
		select {
		case ch <- message:
		default:
			h.s.metrics.dropped.Add(1)
		}
	}
}

func (h *hub) readers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs)
}

// join adds a reader, unless there are too many.
func (h *hub) join() (ch chan []byte, first [][]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.subs) >= h.s.cfg.MaxStreams {
		return nil, nil
	}
	ch = make(chan []byte, liveQueue)
	h.subs[ch] = struct{}{}
	return ch, [][]byte{[]byte("retry: 2000\n\n"), h.history, h.trends}
}

func (h *hub) leave(ch chan []byte) {
	h.mu.Lock()
	delete(h.subs, ch)
	h.mu.Unlock()
}

// answerLive answers GET /v1/live with server-sent events.
func (s *Server) answerLive(c *call) *fault {
	if s.stopping.Load() {
		return &fault{fasthttp.StatusServiceUnavailable, "stopping", "the server is shutting down", ""}
	}
	ch, first := s.live.join()
	if ch == nil {
		return &fault{fasthttp.StatusServiceUnavailable, "too_many_streams", "there are too many live streams", ""}
	}
	header := &c.ctx.Response.Header
	header.SetContentType("text/event-stream")
	header.Set("X-Accel-Buffering", "no")
	if c.ctx.IsHead() {
		s.live.leave(ch)
		return nil
	}
	conn := door.Inner(c.ctx.Conn())
	c.ctx.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer s.live.leave(ch)
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
func (h *hub) appendTick(dst []byte, x *sample) []byte {
	dst = append(dst, "event: tick\ndata: {\"time\":"...)
	dst = strconv.AppendInt(dst, x.at.UnixMilli(), 10)
	dst = appendDecimal(appendMember(dst, "events_per_second"), x.events, 1)
	dst = append(appendMember(dst, "by_kind"), '{')
	passed := x.at.Sub(h.last.at).Seconds()
	for name, n := range x.stats.Events {
		if more := n - min(h.last.stats.Events[name], n); more > 0 && passed > 0 {
			dst = appendDecimal(appendMember(dst, name), float64(more)/passed, 1)
		}
	}
	dst = append(dst, '}')
	dst = strconv.AppendInt(appendMember(dst, "lag"), x.status.Lag, 10)
	dst = strconv.AppendInt(appendMember(dst, "delay_ms"), x.status.Delay.Milliseconds(), 10)
	dst = strconv.AppendBool(appendMember(dst, "ready"), x.status.Ready && !h.s.stopping.Load())
	dst = appendFailing(appendMember(dst, "failing"), h.s.checks())
	dst = appendMember(dst, "snapshot_age")
	if age := x.status.SnapshotAge; age < 0 {
		dst = append(dst, "null"...)
	} else {
		dst = appendDecimal(dst, age.Seconds(), 0)
	}
	dst = appendDecimal(appendMember(dst, "frames_per_second"), x.frames, 1)
	dst = appendDecimal(appendMember(dst, "p50_us"), float64(x.p50)/1e3, 1)
	dst = appendDecimal(appendMember(dst, "p99_us"), float64(x.p99)/1e3, 1)
	dst = models.AppendString(appendMember(dst, "version"), h.s.cfg.Version)
	dst = h.appendVisitors(dst)
	dst = appendStats(appendMember(dst, "totals"), &x.stats, &x.status)
	return append(dst, "}\n\n"...)
}

// appendVisitors appends who is on the site now, where the engine can tell.
func (h *hub) appendVisitors(dst []byte) []byte {
	recent := h.s.deps.Recent
	if recent == nil {
		return dst
	}
	dst = append(appendMember(dst, "recent_visitors"), '[')
	for i, v := range recent.RecentVisitors(8) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = models.AppendString(dst, v)
	}
	return append(dst, ']')
}

// appendHistory appends the message that a new reader begins with: one row for each look, so that the curves are there
// at once.
func (h *hub) appendHistory(dst []byte) []byte {
	dst = append(dst, "event: history\ndata: {\"columns\":[\"time\",\"events\",\"frames\",\"lag\",\"p50_us\",\"p99_us\"],\"rows\":["...)
	for i := range h.samples {
		x := &h.samples[i]
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, '['), x.at.UnixMilli(), 10)
		dst = appendDecimal(append(dst, ','), x.events, 1)
		dst = appendDecimal(append(dst, ','), x.frames, 1)
		dst = strconv.AppendInt(append(dst, ','), x.status.Lag, 10)
		dst = appendDecimal(append(dst, ','), float64(x.p50)/1e3, 1)
		dst = appendDecimal(append(dst, ','), float64(x.p99)/1e3, 1)
		dst = append(dst, ']')
	}
	return append(dst, "]}\n\n"...)
}

// appendTrends appends the message with what is trending.
func (h *hub) appendTrends(dst []byte) []byte {
	c := &h.call
	c.query = models.FrameQuery{Shop: []byte(h.s.cfg.shop()), Frame: []byte(h.s.cfg.TrendFrame), N: 8, Now: h.s.deps.Clock()}
	if h.s.deps.Recommender.Frame(&c.query, &c.frame) != nil {
		c.frame.Items = c.frame.Items[:0]
	}
	dst = append(dst, "event: trends\ndata: "...)
	dst = h.s.appendFrame(dst, c, time.Now())
	return append(dst, "\n\n"...)
}
