package serve

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"time"
)

// NoListener as an address turns a listener off.
const NoListener = "-"

// Config holds the server's options. The zero value serves on loopback, in development mode.
type Config struct {
	// Listen is the public address; default 127.0.0.1:8080.
	Listen string
	// Admin is the address of profiles and metrics; default 127.0.0.1:8081. NoListener turns it off.
	Admin string

	// Hosts are the names, beside those of loopback and of the listen address, that the public listener answers to; "*" is
	// any, "*.example" is whatever ends so. Health, readiness and metrics answer under any. AdminHosts are the admin
	// listener's.
	Hosts, AdminHosts []string
	// AdminToken opens the profiles of the admin listener, which are off without it: a profile slows the process, and a
	// dump of its memory holds all it knows.
	AdminToken string

	// Keys are the keys that clients present. None at all is development mode: every request is allowed that no stranger's
	// page has a browser send, and the server refuses to listen elsewhere than on loopback.
	Keys []Key
	// Webhooks are the secrets that other platforms sign with what they send.
	Webhooks []Webhook
	// Open lets development mode listen on any address: for a container whose port is not published.
	Open bool
	// Origins are the web origins ("https://shop.example") whose pages may call the public endpoints; "*" is any.
	// In development mode those of the server's own host may, on any port. Default: none.
	Origins []string

	// AllowHeadless takes browsers without a window, which tests are run in, for visitors: for development.
	AllowHeadless bool

	// MaxBody is the largest request body in bytes, before and after decompression; default 5 MiB.
	MaxBody int
	// MaxEvents is the largest number of events in one request; default 20,000.
	MaxEvents int
	// MaxItems is the largest n of a frame; default 100.
	MaxItems int
	// MaxStreams is the largest number of live streams at once; default 64.
	MaxStreams int
	// MaxConnections is the largest number of connections at once; default 16,384, and never more than the process may have
	// files open, less what it needs itself.
	MaxConnections int
	// MaxPerAddress is how many of them one address may hold (a /64 of IPv6 is one): not this machine's, a private one or a
	// trusted proxy's. Default 1,024.
	MaxPerAddress int
	// MaxBodies is how many bytes of request bodies may be under way, all together; default 256 MiB.
	MaxBodies int
	// KeyRate is how many requests a second a key may send, and AddressRate how many an address (a /64 of IPv6 is one) may send
	// with the public key; both for ten seconds ahead. Default 25,000 a core, and 200; negative ones are no bound.
	KeyRate, AddressRate int
	// TrustedProxies are the proxies whose word on a client's address is taken: Forwarded, X-Forwarded-For, and the PROXY
	// protocol.
	TrustedProxies []netip.Prefix

	// MaxFrames is how many frames are worked on at once; default four a core.
	MaxFrames int
	// MaxQueue is how many requests may wait for one of them to end; default sixteen a core. Further ones, and those that
	// waited for FrameBudget, get a frame that is for nobody in particular, marked as degraded, or 503 where there is none.
	MaxQueue int
	// FrameBudget is how long a frame may take: what it has then is answered, marked as degraded; default 50 ms.
	FrameBudget time.Duration
	// DegradedItems is the number of items of a degraded frame where the request does not say; default 8.
	DegradedItems int

	// AppendTimeout is how long POST /v1/events waits for the log's acknowledgement; default 10 s.
	AppendTimeout time.Duration
	// ReadTimeout is how long a client may take to send a request; default 75 s, as IdleTimeout: equal ones cost nothing
	// (see door.Conn).
	ReadTimeout time.Duration
	// WriteTimeout is how long a client may take to receive an answer; default 30 s. Live streams are exempt.
	WriteTimeout time.Duration
	// IdleTimeout is how long an idle connection is kept; default 75 s, above the 60 s of common load balancers.
	IdleTimeout time.Duration
	// StopTimeout is how long Stop waits, after DrainDelay, for answers to be ready and taken; default 10 s.
	StopTimeout time.Duration
	// DrainDelay is how long Stop keeps serving after readiness turned false; default 0.
	DrainDelay time.Duration
	// MaxLag is the number of records behind the log's end from which the server is not ready; default 0, no limit.
	MaxLag int64

	// Parameters of page addresses that are stored with an event; others are cut off, because tokens stand there. "utm_*" is
	// whatever begins so, "*" keeps all. Default DefaultParameters.
	Parameters []string

	// Demo adds a small shop under /demo/: pages for the products of a simulated one, with the tracker and live frames.
	Demo bool

	// MailFrame is the frame of a contact's products where the request names none; default "for_you".
	MailFrame string
	// TrendFrame is the frame that the dashboard shows as trends; default "trending".
	TrendFrame string

	// Version is what orrery_build_info and the dashboard show; default "development".
	Version string
	// Logger gets panics and failures of the log; default slog.Default().
	Logger *slog.Logger
}

func (c *Config) setDefaults() {
	set(&c.Listen, "127.0.0.1:8080")
	set(&c.Admin, "127.0.0.1:8081")
	set(&c.MaxBody, 5<<20)
	set(&c.MaxEvents, 20_000)
	set(&c.MaxItems, 100)
	set(&c.MaxStreams, 64)
	set(&c.MaxConnections, 16<<10)
	set(&c.MaxPerAddress, 1<<10)
	set(&c.MaxBodies, 256<<20)
	set(&c.KeyRate, 25_000*runtime.GOMAXPROCS(0))
	set(&c.AddressRate, 200)
	set(&c.MaxFrames, 4*runtime.GOMAXPROCS(0))
	set(&c.MaxQueue, 16*runtime.GOMAXPROCS(0))
	set(&c.FrameBudget, 50*time.Millisecond)
	set(&c.DegradedItems, 8)
	set(&c.AppendTimeout, 10*time.Second)
	set(&c.ReadTimeout, 75*time.Second)
	set(&c.WriteTimeout, 30*time.Second)
	set(&c.IdleTimeout, 75*time.Second)
	if c.Parameters == nil {
		c.Parameters = DefaultParameters
	}
	set(&c.StopTimeout, 10*time.Second)
	set(&c.MailFrame, "for_you")
	set(&c.TrendFrame, "trending")
	set(&c.Version, "development")
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c *Config) validate() error {
	var errs []error
	for name, n := range map[string]int{
		"MaxBody": c.MaxBody, "MaxEvents": c.MaxEvents, "MaxItems": c.MaxItems, "MaxStreams": c.MaxStreams, "MaxConnections": c.MaxConnections,
		"MaxFrames": c.MaxFrames, "MaxQueue": c.MaxQueue, "MaxPerAddress": c.MaxPerAddress, "MaxBodies": c.MaxBodies,
	} {
		if n < 0 {
			errs = append(errs, fmt.Errorf("%s is negative: %d", name, n))
		}
	}
	seen, named := map[string]bool{}, map[string]bool{}
	for i, k := range c.Keys {
		if k.Name != "" && named[k.Name] {
			errs = append(errs, fmt.Errorf("two keys have the name %q", k.Name))
		}
		named[k.Name] = true
		if k.Operator != "" && (k.Shop != "" || k.Write != "" || k.Secret != "") {
			errs = append(errs, fmt.Errorf("key %d is the operator's, which is of no shop and nothing else", i))
		}
		if k.Write == "" && k.Secret == "" && k.Operator == "" {
			errs = append(errs, fmt.Errorf("key %d of shop %q is empty", i, k.Shop))
		}
		for _, word := range []string{k.Write, k.Secret, k.Operator} {
			if word != "" && seen[word] { // a write key would open what the secret one does
				errs = append(errs, fmt.Errorf("key %d of shop %q is used twice", i, k.Shop))
			}
			seen[word] = true
		}
	}
	return errors.Join(errs...)
}

// development says that no key is set: everything is allowed, from this machine.
func (c *Config) development() bool { return len(c.Keys) == 0 }

// shop returns the shop that all keys speak for, "" where they do not agree.
func (c *Config) shop() string {
	shop, seen := "", false
	for _, k := range c.Keys {
		if k.Operator != "" {
			continue
		}
		if seen && k.Shop != shop {
			return ""
		}
		shop, seen = k.Shop, true
	}
	return shop
}

// mayListen refuses to open a keyless server to the network.
func (c *Config) mayListen(address string) error {
	if !c.development() || c.Open {
		return nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return fmt.Errorf("cannot read listen address %q: %w", address, err)
	}
	if OnLoopback(address) {
		return nil
	}
	return fmt.Errorf("cannot listen on %q without keys: set keys (--http.write-key and --http.secret-key, or --http.keys), listen on loopback (--http.listen), or open development mode on purpose (--http.open)", address)
}

// OnLoopback tells whether only this machine reaches an address that is listened on.
func OnLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && loopbackName([]byte(host))
}
