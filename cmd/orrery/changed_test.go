package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"orrery/engine"
)

// changes holds another value of every setting of serve. A setting that is missing here is a test that fails.
var changes = map[string][]string{
	"kafka.partitions":    {"--kafka.partitions=7"},
	"kafka.replication":   {"--kafka.replication=1"},
	"kafka.retention":     {"--kafka.retention=24h"},
	"http.listen":         {"--http.listen=localhost:0"},
	"admin.listen":        {"--admin.listen=127.0.0.1:0"},
	"admin.hosts":         {"--admin.hosts=shop.internal"},
	"admin.token":         {"--admin.token=0123456789abcdef0123456789abcdef"},
	"kafka.listen":        {"--kafka.listen=localhost:0"},
	"kafka.group":         {"--kafka.group=another"},
	"kafka.rack":          {"--kafka.rack=a"},
	"kafka.unsynced":      {"--kafka.unsynced"},
	"snapshot.every":      {"--snapshot.every=1h"},
	"snapshot.rebuild":    {"--snapshot.rebuild"},
	"snapshot.accept-gap": {"--snapshot.accept-gap"},
	"clock":               {"--clock=stream"},
	"hash.seed":           {"--hash.seed=5"},
	"history.items":       {"--history.items=4"},
	"history.window":      {"--history.window=24h"},
	"history.days":        {"--history.days=2"},
	"history.bytes":       {"--history.days=2", "--history.bytes=1GiB"},
	"neighbours.bound":    {"--neighbours.bound=8"},
	"decay.half-life":     {"--decay.half-life=24h"},
	"decay.off":           {"--decay.off"},
	"social.floor":        {"--social.floor=1"},
	"bots.pace":           {"--bots.pace=3"},
	"bots.allow-headless": {"--bots.allow-headless"},
	"shops.max":           {"--shops.max=5"},
	"visitors.max":        {"--visitors.max=1"},
	"products.max":        {"--products.max=1"},
	"visitors.forget":     {"--visitors.forget=24h"},
	"feed.url":            {"--feed.url=http://127.0.0.1:1/feed.xml"},
	"feed.every":          {"--feed.every=2h"},
	"feed.currency":       {"--feed.currency=EUR"},
	"feeds.file":          {"--feeds.file=env:CHANGED_TEST_FEEDS"},
	"feeds.private":       {"--feeds.private"},
	"catalogue.unlisted":  {"--catalogue.unlisted=hide"},
	"churn.refit":         {"--churn.refit=1h"},
	"rfm.recency":         {"--rfm.recency=1,2,3,4"},
	"rfm.frequency":       {"--rfm.frequency=1,2,3,4"},
	"rfm.monetary":        {"--rfm.monetary=1,2,3,4"},
	"http.write-key":      {"--http.write-key=0123456789abcdef", "--http.secret-key=fedcba9876543210"},
	"http.secret-key":     {"--http.write-key=0123456789abcdef", "--http.secret-key=fedcba9876543211"},
	"http.operator-key":   {"--http.operator-key=0123456789abcdefgh"},
	"http.shop":           {"--http.write-key=0123456789abcdef", "--http.secret-key=fedcba9876543210", "--http.shop=north"},
	"http.contact-secret": {"--http.write-key=0123456789abcdef", "--http.secret-key=fedcba9876543210", "--http.contact-secret=0123456789abcdef0123456789abcdef"},
	"http.keys":           {"--http.keys=env:CHANGED_TEST_KEYS"},
	"trust.page-orders":   {"--trust.page-orders"},
	"http.origins":        {"--http.origins=https://shop.example"},
	"http.hosts":          {"--http.hosts=shop.example"},
	"http.page-params":    {"--http.page-params=*"},
	"kafka.quota":         {"--kafka.quota=1GiB"},
	"http.frames":         {"--http.frames=3"},
	"http.queue":          {"--http.queue=3"},
	"http.budget":         {"--http.budget=1s"},
	"ingest.max-lag":      {"--ingest.max-lag=123456"},
	"http.max-lag":        {"--http.max-lag=123456"},
	"http.drain":          {"--http.drain=1ms"},
	"http.open":           {"--http.open"},

	"kafka.map":             {"--kafka.map=testdata/map.toml"},
	"in.shopify-secret":     {"--in.shopify-secret=0123456789abcdef"},
	"in.woocommerce-secret": {"--in.woocommerce-secret=0123456789abcdef"},
	"in.ga4-secret":         {"--in.ga4-secret=0123456789abcdef"},
	"in.prestashop-secret":  {"--in.prestashop-secret=0123456789abcdef"},
	"in.magento-secret":     {"--in.magento-secret=0123456789abcdef"},
	"in.idosell-secret":     {"--in.idosell-secret=0123456789abcdef"},
	"in.salesmanago-secret": {"--in.salesmanago-secret=0123456789abcdef"},
	"in.secrets":            {"--in.secrets=env:CHANGED_TEST_SECRETS"},
	"in.item-id":            {"--in.item-id=number"},

	"http.connections":             {"--http.connections=99"},
	"http.connections-per-address": {"--http.connections-per-address=9"},
	"http.bodies":                  {"--http.bodies=99999999"},
	"http.key-rate":                {"--http.key-rate=99999"},
	"http.address-rate":            {"--http.address-rate=-1"},
	"http.trusted-proxies":         {"--http.trusted-proxies=10.0.0.0/8"},
}

// elsewhere are the settings that lead to another log or another folder, where there is no state of this one, or into a
// cluster that demands them.
var elsewhere = []string{
	"data-dir", "kafka.brokers", "kafka.prefix", "kafka.tls", "kafka.tls-ca-file", "kafka.tls-cert-file", "kafka.tls-key-file",
	"kafka.sasl", "kafka.user", "kafka.password", "kafka.password-file",
}

// A changed setting never costs the facts: every flag of serve is changed once, with a restart.
func TestEverySettingChanged(t *testing.T) {
	t.Setenv("CHANGED_TEST_KEYS", twoKeys)
	t.Setenv("CHANGED_TEST_FEEDS", "[[feed]]\nshop = \"north\"\nurl = \"http://127.0.0.1:1/north.xml\"\n")
	t.Setenv("CHANGED_TEST_SECRETS", "[[secret]]\nplatform = \"shopify\"\nshop = \"north\"\nsecret = \"0123456789abcdef\"\n")
	dir := t.TempDir()
	n := startNode(t, dir)
	events, err := os.ReadFile("../../engine/testdata/golden/events.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	post(t, n, events)
	within(t, "all events are applied", func() bool { return n.engine.Stats().Total >= uint64(bytes.Count(events, []byte("\n"))) })
	want := lasting(n.engine)
	n.end(t)
	if !strings.Contains(want, "O-1 ") || strings.Count(want, "order ") < 30 {
		t.Fatalf("hardly any facts:\n%s", want)
	}
	names := slices.Sorted(maps.Keys(changes))
	walkFlags(t, func(name string) {
		if slices.Contains(elsewhere, name) != (changes[name] == nil) {
			t.Errorf("--%s: changes, in this file, needs another value of it", name)
		}
		names = slices.DeleteFunc(names, func(n string) bool { return n == name })
	})
	if len(names) > 0 {
		t.Errorf("%v are no settings any more", names)
	}
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := t.TempDir()
			if err := os.CopyFS(own, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			turns := [][]string{changes[name]}
			if strings.HasPrefix(name, "decay.") {
				turns = append(turns, nil) // and back
			}
			for _, args := range turns {
				n := startNode(t, own, args...)
				if got := lasting(n.engine); got != want {
					t.Errorf("after a restart with %v other facts:\n%s\nnot\n%s", args, got, want)
				}
				n.end(t)
			}
		})
	}
	n, err = newNode(dir, "--kafka.prefix=other.")
	if err == nil {
		err = n.start(t.Context())
	}
	if err == nil {
		t.Error("a log under other names goes with the state of this one")
	}
}

// A half-life that has changed is told, with the sections that are converted.
func TestConvertedIsTold(t *testing.T) {
	dir := t.TempDir()
	n := startNode(t, dir)
	post(t, n, []byte(`{"event":"view_item","visitor":"v","items":[{"item_id":"a"}]}`))
	within(t, "the event is applied", func() bool { return n.engine.Stats().Total == 1 })
	n.end(t)
	n = startNode(t, dir, "--decay.half-life=24h")
	n.end(t)
	for _, part := range []string{"section=viewed_together", "half-life 1440h0m0s", "half-life 24h0m0s"} {
		if !strings.Contains(n.said.String(), part) {
			t.Errorf("the log does not say %s: %s", part, n.said)
		}
	}
}

func TestFading(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"half-life 1440h0m0s, decay off false":                                        1440 * time.Hour,
		"half-life 24h0m0s, decay off true":                                           0,
		"history 128, window 720h0m0s, half-life 1440h0m0s, decay off false, bots 90": 1440 * time.Hour, // version 10
		"history 128, window 720h0m0s, half-life 1440h0m0s, decay off true, bots 90":  0,
	} {
		if got, err := fading(text); err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "half-life soon, decay off false", "decay off false"} {
		if _, err := fading(text); err == nil {
			t.Errorf("%q tells a half-life", text)
		}
	}
}

// testNode is a node in this process, of a few free ports.
type testNode struct {
	node
	said  *bytes.Buffer
	halt  context.CancelFunc
	ended chan error
}

func newNode(dir string, args ...string) (*testNode, error) {
	var c struct{ nodeFlags }
	parser, err := kong.New(&c, helpWords())
	if err != nil {
		return nil, err
	}
	all := []string{"--data-dir=" + dir, "--kafka.listen=127.0.0.1:0", "--http.listen=127.0.0.1:0", "--admin.listen=-"}
	for _, a := range args { // of a flag that is given twice the parser would not take the later one
		name, _, _ := strings.Cut(a, "=")
		all = slices.DeleteFunc(all, func(other string) bool { return strings.HasPrefix(other, name+"=") })
	}
	if _, err := parser.Parse(append(all, args...)); err != nil {
		return nil, err
	}
	n := &testNode{said: new(bytes.Buffer), ended: make(chan error, 1)}
	n.node = node{flags: &c.nodeFlags, log: slog.New(slog.NewTextHandler(n.said, nil))}
	return n, nil
}

// startNode starts a node and returns when it has caught up with its log.
func startNode(t *testing.T, dir string, args ...string) *testNode {
	t.Helper()
	n, err := newNode(dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.start(t.Context()); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	ctx, halt := context.WithCancel(context.Background())
	n.halt = halt
	go func() { n.ended <- n.run(ctx) }()
	wait, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := n.pipeline.WaitCaughtUp(wait); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, n.said)
	}
	return n
}

// end stops the node, which leaves a snapshot.
func (n *testNode) end(t *testing.T) {
	t.Helper()
	n.halt()
	if err := <-n.ended; err != nil {
		t.Fatal(err)
	}
}

func post(t *testing.T, n *testNode, lines []byte) {
	t.Helper()
	resp, err := http.Post("http://"+n.server.Addr().String()+"/v1/events", "application/x-ndjson", bytes.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if said, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusAccepted || !bytes.Contains(said, []byte(`"rejected":[]`)) {
		t.Fatalf("%s: %s", resp.Status, said)
	}
}

func within(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// walkFlags calls f with the name of every setting of serve.
func walkFlags(t *testing.T, f func(name string)) {
	var c struct{ nodeFlags }
	parser, err := kong.New(&c, helpWords())
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range parser.Model.AllFlags(false) {
		for _, flag := range group {
			if flag.Name != "help" {
				f(flag.Name)
			}
		}
	}
}

// lasting is the facts that an engine knows of the golden script's world: totals, people, orders, products.
func lasting(e *engine.Engine) string {
	b, now := new(strings.Builder), e.StreamTime()
	s := e.Stats()
	fmt.Fprintln(b, s.Orders, s.Refunds, s.Cancels, s.Buyers, s.Contacts, s.Products, s.Revenue)
	for _, shop := range []string{"default", "north", "süd"} {
		for n := range 10 {
			p, ok := e.Contact([]byte(shop), fmt.Appendf(nil, "c%d@example.com", n), now)
			fmt.Fprintf(b, "contact %s %d %v %s %d %v\n", shop, n, ok, p.Attributes, p.Visitors, p.Spent)
			for _, o := range p.Orders {
				fmt.Fprintf(b, "  order %s %d %v %s %v", o.Order, o.At, o.Value, o.Currency, o.Cancelled)
				for _, it := range o.Items {
					fmt.Fprintf(b, " %s*%d", it.ID, it.Quantity)
				}
				b.WriteString("\n")
			}
		}
		for n := range 22 {
			p, ok := e.Visitor([]byte(shop), fmt.Appendf(nil, "v%d", n), now)
			if p.Contact == "" && len(p.Orders) == 0 { // nobody's browser
				continue
			}
			fmt.Fprintf(b, "visitor %s %d %v %s %d %v\n", shop, n, ok, p.Contact, len(p.Orders), p.Spent)
			for _, o := range p.Orders {
				fmt.Fprintf(b, "  order %s %d %v\n", o.Order, o.At, o.Value)
			}
		}
		for n := range 18 {
			p, ok := e.Product([]byte(shop), fmt.Appendf(nil, "%s%d", map[string]string{"default": "i", "north": "n", "süd": "s"}[shop], n))
			fmt.Fprintf(b, "product %s %d %v %s %v %v %v\n", shop, n, ok, p.Title, p.Price, p.InStock, p.Listed)
		}
	}
	return b.String()
}
