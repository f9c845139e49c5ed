package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"orrery/stream"
)

// doctorCmd looks at everything that keeps a shop from being seen, and says what to do.
type doctorCmd struct {
	nodeFlags
	Page string `name:"page" placeholder:"URL" help:"A page of the shop: is the tracker on it, with the right key?"`
}

// finding is what the doctor says of one thing.
type finding struct {
	Check string `json:"check"`
	State string `json:"state"` // ok, note, bad
	Says  string `json:"says"`
	Do    string `json:"do,omitempty"`
}

const (
	fine = "ok"
	note = "note"
	bad  = "bad"
)

// doctor collects findings.
type doctor struct {
	flags *nodeFlags
	list  []finding
	http  http.Client
	base  string // of a server that runs, empty without
}

func (d *doctor) say(check, state, says, do string) {
	d.list = append(d.list, finding{check, state, says, do})
}

// Run prints the findings. It starts nothing and changes nothing; its exit status is not 0 where something is bad.
func (c *doctorCmd) Run(ctx context.Context, all *cli) error {
	d := &doctor{flags: &c.nodeFlags, http: http.Client{Timeout: 5 * time.Second}}
	d.config()
	d.folder()
	d.ports(ctx)
	d.broker(ctx)
	d.running(ctx)
	d.page(ctx, c.Page)
	if all.JSON {
		if err := json.NewEncoder(os.Stdout).Encode(d.list); err != nil {
			return err
		}
	} else {
		d.print(os.Stdout)
	}
	for _, f := range d.list {
		if f.State == bad {
			return errors.New("something is wrong: see what is marked as bad above")
		}
	}
	return nil
}

func (d *doctor) print(w io.Writer) {
	for _, f := range d.list {
		fmt.Fprintf(w, "%-5s %-8s %s\n", f.State, f.Check, f.Says)
		if f.Do != "" {
			fmt.Fprintf(w, "               -> %s\n", f.Do)
		}
	}
}

func (d *doctor) config() {
	err := d.flags.validate()
	if err == nil {
		d.say("config", fine, "every setting is valid", "")
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		d.say("config", bad, line, "orrery config print shows where each value comes from")
	}
}

// folder looks at the data folder.
func (d *doctor) folder() {
	dir := absolute(d.flags.DataDir)
	if err := keepApart(dir, false); err != nil {
		d.say("data", bad, err.Error(), "")
		return
	}
	at := dir
	for {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		at = filepath.Dir(at)
	}
	f, err := os.CreateTemp(at, ".doctor-")
	if err != nil {
		d.say("data", bad, "cannot write to "+at+": "+err.Error(), "name a folder that this user may write to by --data-dir")
		return
	}
	f.Close()
	os.Remove(f.Name())
	if at != dir {
		d.say("data", fine, dir+" will be made", "")
		return
	}
	d.say("data", fine, dir+" can be written to", "")
}

// ports looks whether the addresses are free, or a server is there already.
func (d *doctor) ports(ctx context.Context) {
	addresses := []struct{ flag, address string }{{"http.listen", d.flags.Listen}, {"admin.listen", d.flags.Admin}}
	if len(d.flags.Cluster.Brokers) == 0 {
		addresses = append(addresses, struct{ flag, address string }{"kafka.listen", d.flags.Kafka})
	}
	for _, a := range addresses {
		if a.address == "-" || a.address == "" {
			continue
		}
		l, err := net.Listen("tcp", a.address)
		if err == nil {
			l.Close()
			d.say("ports", fine, a.address+" is free ("+a.flag+")", "")
			continue
		}
		if a.flag == "http.listen" && d.healthy(ctx, "http://"+dialable(a.address)) {
			d.base = "http://" + dialable(a.address)
			d.say("ports", fine, "a server of Orrery answers at "+d.base, "")
			continue
		}
		if d.base != "" {
			d.say("ports", fine, a.address+" is in use, by that server as it seems ("+a.flag+")", "")
			continue
		}
		d.say("ports", bad, "cannot listen on "+a.address+": "+err.Error(), "stop what listens there, or choose another by --"+a.flag)
	}
}

// dialable returns an address that a listen address is reached at.
func dialable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

func (d *doctor) healthy(ctx context.Context, base string) bool {
	answer, _, err := d.get(ctx, base+"/healthz", "")
	return err == nil && answer.StatusCode == http.StatusOK
}

// get fetches an address; of a body it reads a MiB.
func (d *doctor) get(ctx context.Context, url, key string) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := d.http.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	return answer, body, err
}

// broker asks a cluster for the ends of the topics.
func (d *doctor) broker(ctx context.Context) {
	if len(d.flags.Cluster.Brokers) == 0 {
		d.say("broker", fine, "the embedded one; it starts with orrery serve", "")
		return
	}
	where := strings.Join(d.flags.Cluster.Brokers, ", ")
	cluster, err := d.flags.Cluster.cluster()
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		_, err = stream.Ends(ctx, cluster)
	}
	if err != nil {
		d.say("broker", bad, "cannot reach "+where+": "+err.Error(), "check --kafka.brokers, and --kafka.tls and --kafka.sasl where the brokers ask for them; topics that are missing are made by orrery serve")
		return
	}
	d.say("broker", fine, where+" answers", "")
}

// figures are what is read of /v1/stats.
type figures struct {
	Events   map[string]uint64 `json:"events"`
	Total    uint64            `json:"total"`
	Visitors uint64            `json:"visitors"`
	Bots     uint64            `json:"bots"`
	Products uint64            `json:"products"`
	Items    uint64            `json:"items"`
	Orders   uint64            `json:"orders"`
	Dead     map[string]uint64 `json:"deadletters_by_code"`
	Claims   struct {
		Open uint64 `json:"open"`
	} `json:"claims"`
	StreamTime string `json:"stream_time"`
}

// checks tells what the server knows is wrong, frames or not.
func (d *doctor) checks(ctx context.Context) {
	_, body, err := d.get(ctx, d.base+"/readyz?verbose", "")
	var said struct {
		Checks []struct {
			Name   string `json:"name"`
			OK     bool   `json:"ok"`
			Reason string `json:"reason"`
		} `json:"checks"`
	}
	if err != nil || json.Unmarshal(body, &said) != nil {
		return // running says it
	}
	for _, c := range said.Checks {
		if !c.OK {
			d.say("server", note, c.Name+": "+c.Reason, "")
		}
	}
}

// running asks a server that runs: its clock, its checks, and what it has been told so far.
func (d *doctor) running(ctx context.Context) {
	if d.base == "" {
		d.say("server", note, "no server runs at "+d.flags.Listen+": feed, tracker, bots and clocks cannot be looked at", "start it: orrery serve")
		return
	}
	if answer, body, err := d.get(ctx, d.base+"/readyz?verbose", ""); err == nil && answer.StatusCode != http.StatusOK {
		d.say("server", bad, "it is not ready: "+strings.TrimSpace(string(body)), "wait while it catches up with the log; /readyz?verbose says what else is wrong")
	}
	d.checks(ctx)
	answer, body, err := d.get(ctx, d.base+"/v1/stats", d.secretKey())
	var s figures
	switch {
	case err != nil:
		d.say("server", bad, err.Error(), "")
		return
	case answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden:
		d.say("server", note, "it asks for its secret key", "give doctor the settings that serve has: ORRERY_HTTP_SECRET_KEY, --http.keys or --config")
		return
	case answer.StatusCode != http.StatusOK || json.Unmarshal(body, &s) != nil:
		d.say("server", bad, fmt.Sprintf("/v1/stats answers %d", answer.StatusCode), "")
		return
	}
	d.told(&s)
}

// secretKey returns the first secret key of the settings.
func (d *doctor) secretKey() string {
	keys, err := d.flags.keys()
	if err != nil {
		return ""
	}
	for _, k := range keys {
		if k.Secret != "" {
			return k.Secret
		}
	}
	return ""
}

// clocks compares the newest event with this machine's clock: no event that is taken as it is lies ahead.
func (d *doctor) clocks(newest string) {
	t, err := time.Parse(time.RFC3339, newest)
	if err != nil {
		return
	}
	if ahead := time.Until(t).Round(time.Second); ahead > 10*time.Second {
		d.say("clocks", bad, fmt.Sprintf("the newest event lies %s ahead: the clock of whoever has sent it is wrong, or this machine's", ahead), "let all follow a time server (NTP)")
		return
	}
	d.say("clocks", fine, "no event lies ahead of this machine's clock", "")
}

// shopClock compares the clock of the shop's web server with this machine's.
func (d *doctor) shopClock(date string) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		return
	}
	if off := time.Since(theirs).Round(time.Second); off > 10*time.Second || off < -10*time.Second {
		d.say("clocks", bad, fmt.Sprintf("the shop's web server has a clock that differs from this machine's by %s", off), "let both follow a time server (NTP)")
		return
	}
	d.say("clocks", fine, "the clock of the shop's web server and this machine's agree", "")
}

// told looks at what the server has been told.
func (d *doctor) told(s *figures) {
	d.clocks(s.StreamTime)
	switch {
	case s.Products == 0:
		d.say("feed", note, "no product is listed: frames show what events name, without picture and link", "orrery catalogue import --mode full FEED puts the shop's product feed in; serve --feed.url fetches it every hour")
	case s.Items > 2*s.Products:
		d.say("feed", note, fmt.Sprintf("%d products are listed, and events have named %d more, which frames hide", s.Products, s.Items-s.Products),
			"see that the pages and the feed call products alike: item_id has to be the feed's id")
	default:
		d.say("feed", fine, fmt.Sprintf("%d products are listed", s.Products), "")
	}
	views := s.Events["page_view"] + s.Events["view_item"]
	switch {
	case s.Total == 0:
		d.say("tracker", note, "no event has come yet", "put the snippet into the shop's pages; --page URL looks for it there")
	case views == 0:
		d.say("tracker", note, fmt.Sprintf("%d events, and no view among them", s.Total), "put the snippet into the shop's pages; #orrery-debug behind an address shows what the tracker sends")
	default:
		d.say("tracker", fine, fmt.Sprintf("%d views of %d visitors", views, s.Visitors), "")
	}
	if len(d.flags.Origins) == 0 && d.flags.WriteKey != "" {
		d.say("tracker", bad, "pages of no origin may send: browsers refuse", "name the shop's: --http.origins https://shop.example")
	}
	if s.Orders == 0 && s.Claims.Open > 0 {
		d.say("orders", note, fmt.Sprintf("pages tell of %d orders, and the shop's server of none: they are claims and count nowhere", s.Claims.Open),
			"send orders with the secret key, by a webhook (--in.shopify-secret and so on), or set --trust.page-orders")
	}
	if s.Bots > 0 && s.Bots*2 > s.Visitors {
		d.say("bots", note, fmt.Sprintf("%d of %d visitors are machines, which teach nothing", s.Bots, s.Visitors), "tests in browsers without a window need --bots.allow-headless; a load test keeps below --bots.pace")
	} else {
		d.say("bots", fine, fmt.Sprintf("%d machines among %d visitors", s.Bots, s.Visitors), "")
	}
	for code, n := range s.Dead {
		d.say("events", note, fmt.Sprintf("%d records could not be understood: %s", n, code), "orrery deadletter ls shows them")
	}
}

var scriptTag = regexp.MustCompile(`(?is)<script[^>]*/t\.js[^>]*>`)

// page looks for the tracker on a page of the shop.
func (d *doctor) page(ctx context.Context, url string) {
	if url == "" {
		return
	}
	answer, body, err := d.get(ctx, url, "")
	switch {
	case err != nil:
		d.say("page", bad, "cannot load "+url+": "+err.Error(), "")
		return
	case answer.StatusCode != http.StatusOK:
		d.say("page", bad, fmt.Sprintf("%s answers %d", url, answer.StatusCode), "")
		return
	}
	d.shopClock(answer.Header.Get("Date"))
	tag := string(scriptTag.Find(body))
	switch {
	case tag == "":
		d.say("page", bad, "the tracker is not on "+url, `put it there: <script async src="https://HOST/t.js" data-key="WRITE KEY"></script> (a tag manager may do so later, which is not looked at here)`)
	case d.flags.SecretKey != "" && strings.Contains(tag, d.flags.SecretKey):
		d.say("page", bad, "the secret key stands in "+url+", for everybody to read", "make a new one at once, and put the public key into data-key")
	case d.flags.WriteKey != "" && !strings.Contains(tag, d.flags.WriteKey):
		d.say("page", bad, "the tracker on "+url+" has another key than --http.write-key", "put the public key into data-key")
	default:
		d.say("page", fine, "the tracker is on "+url, "")
	}
	if policy := answer.Header.Get("Content-Security-Policy"); strings.Contains(policy, "-src") {
		d.say("page", note, "the page has a Content-Security-Policy", "script-src and connect-src have to name Orrery's host")
	}
}
