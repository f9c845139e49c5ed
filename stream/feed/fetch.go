package feed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// FetchConfig bounds what a Fetcher does.
type FetchConfig struct {
	// Private lets feeds lie at private addresses and at this machine's own: otherwise whoever may name a feed could have the server
	// ask what only it can reach.
	Private bool
	// Timeout is how long a feed may take; default 15 minutes.
	Timeout time.Duration
	// MaxBytes is how long it may be as it is sent; default 4 GiB.
	MaxBytes int64
	Agent    string // User-Agent
}

// Fetcher fetches feeds over HTTP.
type Fetcher struct {
	cfg    FetchConfig
	client *http.Client
}

// Fetched is what the server said of the feed that was fetched last: what it is asked by next time.
type Fetched struct {
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"last_modified,omitempty"`
}

// maxRedirects bounds how often a feed may be elsewhere.
const maxRedirects = 5

// ErrPrivate says that an address leads to a network of the server's own.
var ErrPrivate = errors.New("the address leads into a private network or to this machine: set feeds.private if it shall")

// NewFetcher returns a fetcher.
func NewFetcher(cfg FetchConfig) *Fetcher {
	if cfg.Timeout == 0 {
		cfg.Timeout = 15 * time.Minute
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 4 << 30
	}
	f := &Fetcher{cfg: cfg}
	dial := &net.Dialer{Timeout: 10 * time.Second, Control: f.control}
	f.client = &http.Client{
		Timeout: cfg.Timeout,
		Transport: &http.Transport{ // no proxy of the environment: what it may reach is not known here
			DialContext: dial.DialContext, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: time.Minute,
			MaxResponseHeaderBytes: 64 << 10, DisableCompression: true, IdleConnTimeout: 10 * time.Second,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			return CheckURL(r.URL.String())
		},
	}
	return f
}

// CheckURL reports what is wrong with the address of a feed.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return fmt.Errorf("cannot read the address of a feed: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("the address of a feed begins with https:// or http://, not %q", u.Scheme)
	}
	return nil
}

// control looks at each address that is about to be dialled, after names are resolved: so no name leads elsewhere.
func (f *Fetcher) control(network, address string, _ syscall.RawConn) error {
	if f.cfg.Private {
		return nil
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if !public(at.Addr().Unmap()) {
		return fmt.Errorf("%s: %w", at.Addr(), ErrPrivate)
	}
	return nil
}

// inner are networks that are private in one way or another, beside those that netip knows.
var inner = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("2002::/16"),
}

func public(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range inner {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// Fetch asks for a feed. Where it has not changed since last, body is nil. Whoever gets a body closes it.
func (f *Fetcher) Fetch(ctx context.Context, address string, last Fetched) (body io.ReadCloser, now Fetched, err error) {
	if err := CheckURL(address); err != nil {
		return nil, last, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, last, err
	}
	req.Header.Set("User-Agent", f.cfg.Agent)
	req.Header.Set("Accept-Encoding", "gzip")
	if last.ETag != "" {
		req.Header.Set("If-None-Match", last.ETag)
	}
	if last.Modified != "" {
		req.Header.Set("If-Modified-Since", last.Modified)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		var u *url.Error // it tells the whole address, and tokens stand in that
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, last, err
	}
	switch {
	case resp.StatusCode == http.StatusNotModified:
		return nil, last, resp.Body.Close()
	case resp.StatusCode != http.StatusOK:
		return nil, last, errors.Join(fmt.Errorf("the feed's server says %s", resp.Status), resp.Body.Close())
	case resp.ContentLength > f.cfg.MaxBytes:
		return nil, last, errors.Join(ErrTooLong, resp.Body.Close())
	}
	now = Fetched{ETag: resp.Header.Get("ETag"), Modified: resp.Header.Get("Last-Modified")}
	return &wholeBody{limit: limit{resp.Body, f.cfg.MaxBytes}, body: resp.Body}, now, nil
}

// wholeBody is a body of bounded length.
type wholeBody struct {
	limit
	body io.Closer
}

// Close implements io.Closer.
func (w *wholeBody) Close() error { return w.body.Close() }

// withoutQuery returns an address as logs may show it: tokens stand in queries.
func withoutQuery(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "?"
	}
	u.RawQuery, u.User, u.Fragment = "", nil, ""
	return u.String()
}
