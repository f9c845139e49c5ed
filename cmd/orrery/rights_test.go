package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"orrery/models"
)

const (
	rightsPublic  = "the-key-that-stands-in-pages"
	rightsSecret  = "the-key-of-the-shops-servers"
	rightsContact = "0123456789abcdef0123456789abcdef"
)

// TestRightsOverHTTP: through the server, the log and the engine, and again after a rebuild of the state from the log alone, the
// public key does nothing that only the shop may.
func TestRightsOverHTTP(t *testing.T) {
	dir := t.TempDir()
	args := []string{"--http.write-key=" + rightsPublic, "--http.secret-key=" + rightsSecret, "--http.contact-secret=" + rightsContact, "--social.floor=1"}
	n := startNode(t, dir, args...)
	ask := func(key, method, path, body string) (int, string) {
		t.Helper()
		req, _ := http.NewRequest(method, "http://"+n.server.Addr().String()+path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+key)
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, _ := io.ReadAll(r.Body)
		return r.StatusCode, string(text)
	}
	sent := uint64(0)
	say := func(key string, status int, body string) {
		t.Helper()
		code, text := ask(key, "POST", "/v1/events", body)
		if code != status || status == 400 && !strings.Contains(text, `"code":"not_allowed"`) {
			t.Errorf("%s: %d %s", body, code, text)
		}
		if status == 202 {
			sent++
			within(t, "the event is applied", func() bool { return n.engine.Stats().Total >= sent })
		}
	}
	mac := hmac.New(sha256.New, []byte(rightsContact))
	mac.Write([]byte("anna@example.com"))
	proof := hex.EncodeToString(mac.Sum(nil))

	say(rightsSecret, 202, `{"event":"product_upsert","items":[{"item_id":"A","title":"A","price":5,"url":"https://shop.example/a"}]}`)
	say(rightsSecret, 202, `{"event":"identify","visitor":"hers","contact":"anna@example.com","name":"Anna"}`)
	say(rightsSecret, 202, `{"event":"purchase","visitor":"hers","contact":"anna@example.com","order":"1000","value":20,"currency":"EUR","items":[{"item_id":"A"}]}`)

	// F3 a, b, d: products, refunds, cancellations, mails.
	for _, event := range []string{
		`"event":"product_upsert","items":[{"item_id":"EVIL","url":"https://phish.example"}]`, `"event":"product_stock","items":[{"item_id":"A","stock":0}]`,
		`"event":"product_remove","items":[{"item_id":"A"}]`, `"event":"product_price","items":[{"item_id":"A","price":0.01}]`,
		`"event":"refund","order":"1000","value":1e12`, `"event":"cancel","order":"1000"`, `"event":"email_sent"`, `"event":"email_click"`,
	} {
		say(rightsPublic, 400, `{"visitor":"evil","contact":"anna@example.com","trust":"secret",`+event+`}`)
	}
	// F3 c, f, g: made-up orders, before the real one, also with the id of its event.
	say(rightsPublic, 202, `{"event":"purchase","id":"order-1001","visitor":"evil","order":"1001","value":0,"currency":"EUR","items":[{"item_id":"EVIL"}]}`)
	say(rightsSecret, 202, `{"event":"purchase","id":"order-1001","contact":"anna@example.com","order":"1001","value":4,"currency":"EUR","items":[{"item_id":"A"}]}`)
	// F3 e, F4: a contact without a proof.
	say(rightsPublic, 202, `{"event":"identify","visitor":"evil","contact":"anna@example.com","name":"Mallory"}`)
	say(rightsPublic, 202, `{"event":"page_view","visitor":"evil","contact":"anna@example.com","bot":true}`)
	say(rightsPublic, 202, `{"event":"identify","visitor":"form","contact":"lead@example.com","name":"Lea"}`)
	say(rightsPublic, 202, `{"event":"identify","visitor":"phone","contact":"anna@example.com","contact_hmac":"`+proof+`"}`)

	check := func(when string) {
		t.Helper()
		st := n.engine.Stats()
		if st.Orders != 2 || st.Repeats != 0 || st.Revenue["EUR"] != 24*models.Micros || st.Refunds+st.Cancels != 0 || st.Products != 1 || st.Leads != 1 ||
			st.Claims.Open != 0 || st.Claims.Confirmed != 1 || st.Contacts != 1 {
			t.Errorf("%s: %+v", when, st)
		}
		anna := url.PathEscape("anna@example.com")
		for _, q := range []struct {
			key, path string
			status    int
			has, not  string
		}{
			{rightsPublic, "/v1/frames/buy_again?contact=" + anna, 403, "contact_hmac", `"item_id"`},
			{rightsPublic, "/v1/frames/buy_again?contact=" + anna + "&contact_hmac=" + proof[:62] + "00", 403, "contact_hmac", `"item_id"`},
			{rightsPublic, "/v1/frames/buy_again?contact=" + anna + "&contact_hmac=" + proof, 200, `"item_id":"A"`, "EVIL"},
			{rightsPublic, "/v1/frames/buy_again?visitor=evil", 200, `"items":[]`, ""},
			{rightsPublic, "/v1/frames/buy_again?visitor=phone", 200, `"item_id":"A"`, ""},
			{rightsPublic, "/v1/frames/bestsellers", 200, `"item_id":"A"`, "EVIL"},
			{rightsPublic, "/v1/contacts/" + anna, 403, "", "Anna"},
			{rightsSecret, "/v1/contacts/" + anna, 200, `"attributes":{"name":"Anna"}`, `"bot":true`},
			{rightsSecret, "/v1/contacts/" + anna, 200, `"claimed_attributes":{"name":"Mallory"}`, `"claimed":true`},
			{rightsSecret, "/v1/contacts/" + url.PathEscape("lead@example.com"), 200, `"claimed":true,"claimed_attributes":{"name":"Lea"}`, ""},
		} {
			code, text := ask(q.key, "GET", q.path, "")
			if code != q.status || !strings.Contains(text, q.has) || q.not != "" && strings.Contains(text, q.not) {
				t.Errorf("%s: %s: %d %s", when, q.path, code, text)
			}
		}
		_, page := ask(rightsPublic, "POST", "/v1/frames", fmt.Sprintf(`{"contact":"anna@example.com","contact_hmac":%q,"frames":[{"frame":"buy_again"}]}`, proof[:60]))
		if !strings.Contains(page, "contact_not_proved") {
			t.Errorf("%s: %s", when, page)
		}
	}
	check("at once")
	n.end(t)
	n = startNode(t, dir, args...)
	check("after a restart")
	n.end(t)
	n = startNode(t, dir, append(args, "--snapshot.rebuild")...)
	check("folded anew from the log")
	n.end(t)
}
