// Package serve is Orrery's HTTP side: events in, frames out, profiles, social proof, the live stream, the dashboard,
// metrics and health. It computes nothing itself: what it answers comes from the small interfaces of deps.go, and all it
// knows of an event is the codec of models.
//
// A frame costs one pass: the query string is read in place, the engine fills a reused Frame, and the answer is appended
// to the response's own buffer from fragments that were escaped when the product entered the catalogue. Nothing is
// allocated per request in steady state; a test holds that.
package serve

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/serve/door"
)

// Server answers HTTP on one public and one admin listener. It is made by New, started by Start or Serve, ended by Stop.
type Server struct {
	cfg      Config
	deps     Deps
	keys     keyring
	networks *networks
	agents   agents
	// hosts are the names that the public listener answers to, adminHosts those of the admin one.
	hosts, adminHosts hosts
	addresses         *addresses

	public   *fasthttp.Server
	admin    *fasthttp.Server
	front    *door.Door   // before public
	side     *door.Door   // before admin
	bodies   *door.Bodies // under way, of public
	limits   limits
	hidden   hidden // visitors behind a proxy that nobody has named
	calls    freelist[call]
	gate     *gate
	exports  atomic.Int32 // being written
	patience patience     // with the log
	heavy    *gate        // before strangers' bodies of more than some KiB are worked on
	pages    *gate        // before bodies of POST /v1/frames are read
	// fallback answers what the gate turns away.
	fallback fallback
	ingests  freelist[ingest]
	bulks    freelist[ingest] // of heavy bodies: as many as are worked on at once

	metrics *routeMetrics
	ids     recommendationIDs
	live    *hub
	frame   *route // whose times are told live
	routes  *router
	inside  *router // of the admin listener

	stopping  atomic.Bool
	actors    sync.WaitGroup
	failed    chan error     // the first listener that failed; capacity for both, so that neither blocks
	mu        sync.Mutex     // guards the two below
	listeners []net.Listener // the public one, then the admin one
	stopped   bool
}

// New makes a server. It reports every missing dependency and every invalid option at once.
func New(cfg Config, deps Deps) (*Server, error) {
	cfg.setDefaults()
	if err := errors.Join(cfg.validate(), deps.validate()); err != nil {
		return nil, fmt.Errorf("cannot make the HTTP server: %w", err)
	}
	var seed [8]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return nil, fmt.Errorf("cannot seed recommendation ids: %w", err)
	}
	s := &Server{
		cfg:      cfg,
		deps:     deps,
		keys:     newKeyring(cfg.Keys),
		networks: newNetworks(cfg.Keys),
		failed:   make(chan error, 2),

		hosts: newHosts(cfg.Listen, cfg.Hosts), adminHosts: newHosts(cfg.Admin, cfg.AdminHosts),
		addresses: newAddresses(cfg.Parameters),
	}
	s.routes, s.inside = newRouter(table(&s.cfg)), newRouter(adminTable())
	s.metrics = newRouteMetrics(s.routes.routes)
	s.frame = s.metrics.route("frame")
	s.ids.seed = uint32(binary.LittleEndian.Uint64(seed[:]))
	s.gate = newGate(cfg.MaxFrames, cfg.MaxQueue, cfg.FrameBudget)
	s.live = newHub(s)
	s.openDoors()
	s.limits = newLimits(&s.cfg)
	s.hidden = newHidden()
	s.public = s.listener(s.handle, s.cfg.MaxConnections)
	s.public.HeaderReceived, s.public.ExpectHandler = s.headReceived, s.expect
	s.admin = s.listener(s.handleAdmin, maxAdmin)
	s.admin.HeaderReceived = bodiless
	s.admin.WriteTimeout = 0 // a CPU profile takes as long as it is told to
	return s, nil
}

func (s *Server) listener(h fasthttp.RequestHandler, connections int) *fasthttp.Server {
	return &fasthttp.Server{
		Handler:                      h,
		ErrorHandler:                 s.handleError,
		Name:                         "",
		ReadTimeout:                  s.cfg.ReadTimeout,
		WriteTimeout:                 s.cfg.WriteTimeout,
		IdleTimeout:                  s.cfg.IdleTimeout,
		ConnState:                    answered,
		Concurrency:                  connections + 1, // the door refuses, before this does
		StreamRequestBody:            true,            // a body is read when its request is known to be wanted
		MaxRequestBodySize:           1,               // of it is read before
		ReadBufferSize:               16 << 10,        // the largest request head: cookies of shops are long
		NoDefaultServerHeader:        true,
		NoDefaultDate:                true,
		NoDefaultContentType:         true,
		DisablePreParseMultipartForm: true,
		CloseOnShutdown:              true,
		Logger:                       quiet{},
	}
}

// answered notes that a connection's request has been answered.
func answered(c net.Conn, state fasthttp.ConnState) {
	if conn, ok := c.(*door.Conn); ok && state == fasthttp.StateIdle {
		conn.End()
	}
}

// quiet swallows fasthttp's log lines about single connections: clients that vanish are not news.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// Start listens on the configured addresses and serves until Stop. It returns once both listeners accept.
func (s *Server) Start() error {
	if err := s.cfg.mayListen(s.cfg.Listen); err != nil {
		return err
	}
	public, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("cannot listen for HTTP on %q (another address: --http.listen): %w", s.cfg.Listen, err)
	}
	var admin net.Listener
	if s.cfg.Admin != NoListener {
		if admin, err = net.Listen("tcp", s.cfg.Admin); err != nil {
			return errors.Join(fmt.Errorf("cannot listen for admin HTTP on %q (another address: --admin.listen; - is none): %w", s.cfg.Admin, err), public.Close())
		}
		if !OnLoopback(s.cfg.Admin) {
			s.cfg.Logger.Warn("the admin listener is open to the network: metrics ask for no key, profiles for the token only", "admin.listen", s.cfg.Admin)
		}
	}
	return s.Serve(public, admin)
}

// Serve answers on listeners that the caller opened; admin may be nil. It returns at once, and the server owns both.
func (s *Server) Serve(public, admin net.Listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listeners != nil || s.stopped {
		return errors.New("cannot serve twice")
	}
	s.fitDoors()
	// A listener that fasthttp has not begun to serve is not known to its Shutdown: Stop closes these itself.
	front := s.front.Listen(public)
	s.listeners = append(s.listeners, front)
	s.run(func() error { return s.public.Serve(front) })
	if admin != nil {
		side := s.side.Listen(admin)
		s.listeners = append(s.listeners, side)
		s.run(func() error { return s.admin.Serve(side) })
	}
	s.run(func() error { s.live.run(); return nil })
	return nil
}

func (s *Server) run(actor func() error) {
	s.actors.Add(1)
	go func() {
		defer s.actors.Done()
		if err := actor(); err != nil {
			s.failed <- fmt.Errorf("cannot go on serving HTTP: %w", err)
		}
	}()
}

// Failed delivers the error of a listener that broke down while the server was not stopping.
func (s *Server) Failed() <-chan error { return s.failed }

// Addr returns the public address once the server has started, nil before.
func (s *Server) Addr() net.Addr { return s.address(0) }

// AdminAddr returns the admin address once the server has started, nil before and without an admin listener.
func (s *Server) AdminAddr() net.Addr { return s.address(1) }

func (s *Server) address(i int) net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i >= len(s.listeners) {
		return nil
	}
	return s.listeners[i].Addr()
}

// Stop ends the server in the order that loses no request: readiness turns false, Config.DrainDelay passes so that load
// balancers notice, the live streams end, the listeners close, and requests that have come finish. Connections that send
// nothing, or half a request, are ended within halfOpen, whoever takes nothing of an answer soon after, and all that is left
// after Config.StopTimeout. An error says that requests are still worked on: they are left to the process's own end.
func (s *Server) Stop(ctx context.Context) error {
	if s.stopping.Swap(true) {
		return nil
	}
	s.mu.Lock()
	s.stopped = true
	listeners := s.listeners
	s.mu.Unlock()
	if listeners == nil {
		return nil
	}
	select {
	case <-time.After(s.cfg.DrainDelay):
	case <-ctx.Done():
	}
	s.live.close()
	for _, l := range listeners {
		l.Close()
	}
	err := s.drain(ctx)
	if err != nil {
		return fmt.Errorf("cannot finish all HTTP requests in time: %w", err)
	}
	s.actors.Wait()
	return nil
}
