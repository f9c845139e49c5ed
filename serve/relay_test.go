package serve

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orrery/engine"
	"orrery/models"
)

const hookSecret = "hush-0123456789abcdef"

func hookConfig() Config {
	return Config{Keys: []Key{{Name: "p", Write: "public-key", Secret: "secret-key"}, {Name: "o", Operator: "op"}}, Webhooks: []Webhook{
		{"shopify", "default", hookSecret}, {"woocommerce", "default", hookSecret}, {"shopify", "north", hookSecret + "-north"}}}
}

// delivery is a webhook of a golden file.
type delivery struct{ platform, topic, body string }

func deliveries(t *testing.T, platform string, files ...string) (all []delivery) {
	t.Helper()
	for _, f := range files {
		body, err := os.ReadFile(filepath.Join("../stream/source/testdata", platform, f+".json"))
		if err != nil {
			t.Fatal(err)
		}
		topic, _, _ := strings.Cut(f, ",")
		all = append(all, delivery{platform, strings.ReplaceAll(topic, "~", "/"), string(body)})
	}
	return all
}

// send delivers with a signature under a secret.
func (d delivery) send(r *rig, secret, query string) int {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(d.body))
	sum := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	headers := []string{"X-Shopify-Topic: " + d.topic, "X-Shopify-Hmac-Sha256: " + sum, "X-Shopify-Webhook-Id: w-1"}
	if d.platform == "woocommerce" {
		headers = []string{"X-WC-Webhook-Topic: " + d.topic, "X-WC-Webhook-Signature: " + sum, "X-WC-Webhook-Delivery-ID: w-1"}
	}
	return r.do("POST", "/v1/in/"+d.platform+query, d.body, headers...).StatusCode()
}

// fold applies what the log has as the stream does: of one person's events with one id, the first.
func fold(t *testing.T, r *rig) models.Stats {
	t.Helper()
	e, err := engine.New(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, record := range r.fake.taken() {
		ev := new(models.Event)
		if err := ev.Decode(record.Value, models.Time(1_796_000_000_000)); err != nil {
			t.Fatalf("%s: %v", record.Value, err)
		}
		key := string(ev.Person()) + " " + string(ev.ID)
		if !bytes.Equal(record.Key, ev.Person()) && ev.Kind.Topic() != models.Catalogue {
			t.Fatalf("%s lies under %q", record.Value, record.Key)
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		e.Apply([]*models.Event{ev})
	}
	return e.Stats()
}

// TestDeliveries: whatever order a shop's webhooks come in, however often, and whoever else makes some up, an order counts once
// and is worth what it is.
func TestDeliveries(t *testing.T) {
	for _, x := range []struct {
		platform string
		files    []string
		orders   uint64
		revenue  map[string]models.Money
	}{
		{"shopify", []string{"orders~create", "orders~updated", "orders~paid", "refunds~create", "refunds~create,shipping", "refunds~create,goodwill", "refunds~create,restock",
			"orders~create,edited", "orders~updated,edited", "refunds~create,included", "orders~cancelled", "orders~create,test", "products~update", "customers~update", "checkouts~update", "app~uninstalled"},
			3, map[string]models.Money{"EUR": 112_180_000}},
		{"woocommerce", []string{"order.created", "order.updated", "order.created,edited", "order.updated,edited", "order.created,pending", "order.updated,refunded", "order.updated,cancelled", "order.updated,plugin", "order.created,child",
			"customer.updated", "product.updated", "coupon.created"},
			4, map[string]models.Money{"EUR": 120_000_000}},
	} {
		for seed := range uint64(12) {
			r := newRig(t, hookConfig())
			all := deliveries(t, x.platform, x.files...)
			all = append(all, all...) // each comes twice
			rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			for _, d := range all {
				forged := d
				forged.body = strings.Replace(d.body, `"id":`, `"id": `, 1) + " "
				if got := forged.send(r, "somebody-elses-secret", ""); got != 401 {
					t.Fatalf("forged: %d", got)
				}
				if got := d.send(r, hookSecret, ""); got != 200 {
					t.Fatalf("%s %s: %d", d.platform, d.topic, got)
				}
			}
			stats := fold(t, r)
			maps.DeleteFunc(stats.Revenue, func(_ string, m models.Money) bool { return m == 0 })
			if stats.Orders != x.orders || !maps.Equal(stats.Revenue, x.revenue) {
				t.Errorf("%s, seed %d: %d orders, %v; want %d, %v", x.platform, seed, stats.Orders, stats.Revenue, x.orders, x.revenue)
			}
			for _, record := range r.fake.taken() {
				if !bytes.Contains(record.Value, []byte(`"trust":"signed"`)) {
					t.Fatalf("not marked as signed: %s", record.Value)
				}
			}
		}
	}
}

func TestRelayAdmission(t *testing.T) {
	r := newRig(t, hookConfig())
	order := deliveries(t, "shopify", "orders~create")[0]
	north := order
	for _, x := range []struct {
		name, secret, query string
		d                   delivery
		want                int
	}{
		{"right", hookSecret, "", order, 200},
		{"of another shop", hookSecret, "?shop=north", north, 401},
		{"of that shop", hookSecret + "-north", "?shop=north", north, 200},
		{"of a shop that nobody knows", hookSecret, "?shop=south", order, 401},
		{"without a secret", "", "", order, 401},
		{"of a platform without one", hookSecret, "", delivery{"segment", "", `{"type":"page"}`}, 401},
		{"of none", hookSecret, "", delivery{"bigcommerce", "", `{}`}, 404},
	} {
		if got := x.d.send(r, x.secret, x.query); got != x.want {
			t.Errorf("%s: %d, want %d", x.name, got, x.want)
		}
	}
	if n := len(r.fake.taken()); n != 2 || !bytes.Contains(r.fake.taken()[1].Value, []byte(`"shop":"north"`)) {
		t.Errorf("%d records", n)
	}
	r.expect("POST", "/v1/in/woocommerce", "webhook_id=12", 200, `{"accepted":0,"rejected":[]}`)
	r.expect("POST", "/v1/in/shopify", `{"id":5,"updated_at":"2026-11-21T11:00:00Z","subtotal_price":"1.00"}`, 200, `{"accepted":1,"rejected":[]}`, "Authorization: Bearer secret-key", "X-Shopify-Topic: orders/create")
	r.expect("POST", "/v1/in/shopify", `{}`, 401, "", "Authorization: Bearer wrong-key")
	r.expect("POST", "/v1/in/shopify", `[`, 200, `{"accepted":0,"rejected":[{"index":0,"code":"wrong_type","message":"the message must be a JSON object"}]}`, "Authorization: Bearer secret-key", "X-Shopify-Topic: orders/create")
	r.expect("GET", "/v1/in/shopify", "", 405, "")
	page := string(r.do("GET", "/metrics", "", "Authorization: Bearer op").Body())
	for _, line := range []string{`orrery_dropped_total{what="message",why="shopify: signature"} 2`, `orrery_dropped_total{what="message",why="shopify: wrong_type"} 1`, `orrery_dropped_total{what="message",why="woocommerce: ping"} 1`} {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("no %s in the metrics", line)
		}
	}
}

// TestRelayDevelopment: without keys everybody is the shop, but for pages of other sites, and where a platform has a secret.
func TestRelayDevelopment(t *testing.T) {
	cfg := hookConfig()
	cfg.Keys = nil
	cfg.Webhooks = cfg.Webhooks[:1]
	r := newRig(t, cfg)
	woo, shopify := deliveries(t, "woocommerce", "order.created")[0], deliveries(t, "shopify", "orders~create")[0]
	for _, x := range []struct {
		d      delivery
		secret string
		want   int
	}{{woo, "anything", 200}, {shopify, "anything", 401}, {shopify, hookSecret, 200}} {
		if got := x.d.send(r, x.secret, ""); got != x.want {
			t.Errorf("%s, signed with %s: %d, want %d", x.d.platform, x.secret, got, x.want)
		}
	}
	r.expect("POST", "/v1/in/woocommerce", woo.body, 403, "", "Origin: https://evil.example", "X-WC-Webhook-Topic: order.created")
}

func TestSegmentCalls(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Name: "p", Write: "public-key", Secret: "secret-key"}}, Origins: []string{"https://shop.example"}})
	basic := func(key string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(key+":"))
	}
	refund := `{"type":"track","event":"Order Refunded","messageId":"m-1","anonymousId":"a","properties":{"order_id":"O-1","total":5}}`
	const taken = `{"success":true,"accepted":1,"rejected":[]}`
	r.expect("POST", "/v1/track", refund, 200, taken, basic("secret-key"))
	if resp := r.do("POST", "/v1/track", refund, basic("public-key")); resp.StatusCode() != 200 || !bytes.Contains(resp.Body(), []byte(`"accepted":0,"rejected":[{"index":0,"code":"not_allowed"`)) {
		t.Errorf("a refund by the public key: %d %s", resp.StatusCode(), resp.Body())
	}
	r.expect("POST", "/v1/track", refund, 401, "", basic("wrong-key"))
	r.expect("POST", "/v1/track", refund, 401, "")
	inside := `{"type":"track","event":"Product Viewed","messageId":"m-2","anonymousId":"a","writeKey":%q,"properties":{"product_id":"P"}}`
	resp := r.expect("POST", "/v1/t", fmt.Sprintf(inside, "public-key"), 200, taken, "Content-Type: text/plain", "Origin: https://shop.example")
	if got := string(resp.Header.Peek("Access-Control-Allow-Origin")); got != "https://shop.example" {
		t.Errorf("allowed origin %q", got)
	}
	r.expect("POST", "/v1/t", fmt.Sprintf(inside, "wrong-key"), 401, "")
	r.expect("POST", "/v1/b", `{"batch":[`+fmt.Sprintf(inside, "")+`],"writeKey":"public-key"}`, 200, taken)
	r.expect("POST", "/v1/batch", `{"batch":17}`, 200, `{"success":true,"accepted":0,"rejected":[]}`, basic("public-key"))
	r.expect("POST", "/v1/batch", `no`, 400, "", basic("public-key"))
	r.expect("POST", "/v1/batch", `{}`, 400, "", basic("public-key"))
	r.fake.set(func() { r.fake.logErr = models.ErrFull })
	r.expect("POST", "/v1/track", refund, 429, "", basic("secret-key"))
}
