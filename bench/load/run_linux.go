package load

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// spin is how long before a request is due the driver stops sleeping. The kernel wakes a thread up some ten
// microseconds late.
const spin = 15 * time.Microsecond

// nap bounds a sleep, so that the end of the context is seen.
const nap = 20 * time.Millisecond

// driver is one run, on one thread.
type driver struct {
	cfg       Config
	poll      int
	conns     []conn
	free      []int32 // stack of connections without a request
	freeSince int64   // when it was empty the last time
	begin     time.Time

	plan    *schedule
	from    int64 // measured are requests due from here on
	end     int64 // no request is due after this
	open    int   // requests on their way
	last    int64 // when the newest answer came
	events  [64]syscall.EpollEvent
	request []byte

	latency, service, wakeup *hdrhistogram.Histogram
	kinds                    []*hdrhistogram.Histogram
	out                      Result
}

// conn is one connection and the request on it.
type conn struct {
	fd    int
	index int32
	busy  bool
	due   int64
	sent  int64
	ready int64 // when it could have been sent: when it was due, or later the first connection came free
	kind  int
	in    []byte
	n     int // bytes of in
}

// Run sends requests until the time is over and returns what came of them.
func Run(ctx context.Context, cfg Config) (Result, error) {
	cfg = cfg.withDefaults()
	d := &driver{cfg: cfg, plan: newSchedule(cfg), latency: newHistogram(), service: newHistogram(), wakeup: newHistogram()}
	for range cfg.Kinds {
		d.kinds = append(d.kinds, newHistogram())
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Timers of this thread are not rounded up by the usual 50 us. The thread may serve other goroutines afterwards.
	syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, 1, 0)
	defer syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_TIMERSLACK, 0, 0)
	defer d.close()
	if err := d.connect(); err != nil {
		return Result{}, fmt.Errorf("cannot drive %s: %w", cfg.Addr, err)
	}
	d.begin = time.Now()
	d.from, d.end = int64(cfg.Warmup), int64(cfg.Warmup+cfg.For)
	if err := d.run(ctx); err != nil {
		return Result{}, fmt.Errorf("cannot drive %s: %w", cfg.Addr, err)
	}
	return d.result(), nil
}

func (d *driver) now() int64 { return int64(time.Since(d.begin)) }

func (d *driver) run(ctx context.Context) error {
	for {
		now := d.now()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		over := now >= d.end
		if err := d.send(now); err != nil {
			return err
		}
		if over && (d.open == 0 && d.nothingDue() || now >= d.end+int64(drain)) {
			return nil
		}
		if err := d.wait(); err != nil {
			return err
		}
	}
}

func (d *driver) nothingDue() bool { return d.plan == nil || d.plan.due() >= d.end }

// send sends what is due as far as connections are free.
func (d *driver) send(now int64) error {
	for len(d.free) > 0 {
		due := now
		if d.plan != nil {
			if due = d.plan.due(); due > now || due >= d.end {
				return nil
			}
			d.plan.pass()
		} else if now >= d.end {
			return nil
		}
		at := len(d.free) - 1
		c := &d.conns[d.free[at]]
		d.free = d.free[:at]
		if err := d.ask(c, due); err != nil {
			return err
		}
		now = d.now()
	}
	return nil
}

// ask sends one request.
func (d *driver) ask(c *conn, due int64) error {
	d.request, c.kind = d.cfg.Source.Next(d.request[:0], d.begin.Add(time.Duration(due)))
	c.due, c.ready, c.sent, c.busy, c.n = due, max(due, d.freeSince), d.now(), true, 0
	for rest := d.request; len(rest) > 0; {
		n, err := syscall.Write(c.fd, rest)
		switch {
		case err == syscall.EAGAIN || err == syscall.EINTR:
			runtime.Gosched() // the request is larger than the socket's buffer: rare and short
		case err != nil:
			d.open++
			return d.lost(c)
		default:
			rest = rest[n:]
		}
	}
	d.open++
	return nil
}

// wait sleeps until answers come or the next request is due, and takes the answers.
func (d *driver) wait() error {
	sleep := int64(nap)
	if d.plan != nil && len(d.free) > 0 && !d.nothingDue() {
		sleep = max(0, min(sleep, d.plan.due()-d.now()-int64(spin)))
	}
	n, err := d.poll2(time.Duration(sleep))
	if err != nil {
		return err
	}
	for i := range n {
		c := &d.conns[d.events[i].Fd]
		if err := d.read(c); err != nil {
			return err
		}
	}
	return nil
}

// epollPwait2 is epoll_pwait2 on every architecture: a wait to the nanosecond.
const epollPwait2 = 441

func (d *driver) poll2(sleep time.Duration) (int, error) {
	at := syscall.NsecToTimespec(int64(sleep))
	var n uintptr
	var e syscall.Errno
	if sleep == 0 { // does not block: the scheduler need not know
		n, _, e = syscall.RawSyscall6(epollPwait2, uintptr(d.poll), uintptr(unsafe.Pointer(&d.events[0])), uintptr(len(d.events)), uintptr(unsafe.Pointer(&at)), 0, 0)
	} else {
		n, _, e = syscall.Syscall6(epollPwait2, uintptr(d.poll), uintptr(unsafe.Pointer(&d.events[0])), uintptr(len(d.events)), uintptr(unsafe.Pointer(&at)), 0, 0)
	}
	switch e {
	case 0:
		return int(n), nil
	case syscall.EINTR:
		return 0, nil
	}
	return 0, fmt.Errorf("cannot wait for answers: %w", e)
}

// read takes what has come on a connection.
func (d *driver) read(c *conn) error {
	if c.n == len(c.in) {
		c.in = append(c.in, make([]byte, max(len(c.in), 16<<10))...)
	}
	n, err := syscall.Read(c.fd, c.in[c.n:])
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return nil
	case err != nil || n <= 0 || !c.busy:
		return d.lost(c)
	}
	c.n += n
	a, ok, err := readAnswer(c.in[:c.n])
	if err != nil {
		return d.lost(c)
	}
	if ok {
		d.take(c, a)
	}
	return nil
}

// take counts an answer.
func (d *driver) take(c *conn, a answer) {
	now := d.now()
	c.busy, d.last = false, now
	d.open--
	d.release(c, now)
	if c.due < d.from {
		return
	}
	if a.status/100 != 2 {
		d.out.Errors++
		return
	}
	d.out.Requests++
	d.out.Bytes += uint64(a.size)
	if d.cfg.Empty != nil && bytes.Contains(a.body, d.cfg.Empty) {
		d.out.Empty++
	}
	record(d.latency, now-c.due)
	record(d.service, now-c.sent)
	record(d.kinds[c.kind], now-c.due)
	record(d.wakeup, c.sent-c.ready)
}

func (d *driver) release(c *conn, now int64) {
	if len(d.free) == 0 {
		d.freeSince = now
	}
	d.free = append(d.free, c.index)
}

// lost counts a broken connection's request as an error and opens the connection anew.
func (d *driver) lost(c *conn) error {
	if c.busy {
		c.busy = false
		d.open--
		if c.due >= d.from {
			d.out.Errors++
		}
		d.release(c, d.now())
	}
	syscall.Close(c.fd)
	return d.dial(c)
}

func (d *driver) connect() (err error) {
	if d.poll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return err
	}
	d.conns = make([]conn, d.cfg.Connections)
	for i := range d.conns {
		c := &d.conns[i]
		c.index, c.in = int32(i), make([]byte, 16<<10)
		if err := d.dial(c); err != nil {
			return err
		}
		d.free = append(d.free, c.index)
	}
	return nil
}

func (d *driver) dial(c *conn) error {
	to, err := netip.ParseAddrPort(d.cfg.Addr)
	if err != nil || !to.Addr().Is4() {
		return fmt.Errorf("cannot read %q as an IPv4 address and port", d.cfg.Addr)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("cannot open a socket: %w", err)
	}
	c.fd = fd
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		return fmt.Errorf("cannot connect: %w", err)
	}
	syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	if err := syscall.SetNonblock(fd, true); err != nil {
		return fmt.Errorf("cannot set a socket up: %w", err)
	}
	e := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: c.index}
	if err := syscall.EpollCtl(d.poll, syscall.EPOLL_CTL_ADD, fd, &e); err != nil {
		return fmt.Errorf("cannot watch a socket: %w", err)
	}
	return nil
}

func (d *driver) close() {
	for i := range d.conns {
		if d.conns[i].fd > 0 {
			syscall.Close(d.conns[i].fd)
		}
	}
	if d.poll > 0 {
		syscall.Close(d.poll)
	}
}

// result sums the run up. What is still unanswered or unsent is told, not forgotten.
func (d *driver) result() Result {
	r := d.out
	for i := range d.conns {
		if d.conns[i].busy && d.conns[i].due >= d.from {
			r.Errors++
		}
	}
	if d.plan != nil {
		for ; d.plan.due() < d.end; d.plan.pass() {
			r.Unsent++
		}
	}
	r.Target, r.Elapsed = d.cfg.Rate, time.Duration(max(d.now(), d.end)-d.from)
	if d.nothingDue() && r.Errors == 0 {
		r.Elapsed = max(d.cfg.For, min(r.Elapsed, time.Duration(d.last-d.from)))
	}
	r.Rate = float64(r.Requests) / r.Elapsed.Seconds()
	r.Latency, r.Service, r.Wakeup, r.latency = quantiles(d.latency), quantiles(d.service), quantiles(d.wakeup), d.latency
	if d.cfg.Kinds > 1 {
		for _, h := range d.kinds {
			r.Kinds = append(r.Kinds, quantiles(h))
		}
	}
	return r
}
