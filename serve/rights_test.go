package serve

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"orrery/models"
)

// TestF3RightsByKind: the key that stands in the shop's pages says behaviour; what only the shop knows is refused by index.
func TestF3RightsByKind(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Write: "write-key-of-a-shop", Secret: "secret-key-of-a-shop"}}})
	public, secret := "Authorization: Bearer write-key-of-a-shop", "Authorization: Bearer secret-key-of-a-shop"
	for k := models.Kind(1); k.String() != "other"; k++ {
		body := `{"event":"` + k.String() + `","visitor":"v","contact":"c","order":"O","value":1,"items":[{"item_id":"A"}]`
		allowed := models.Allowed(k, models.Public) == nil
		for _, more := range []string{"}", `,"trust":"secret"}`, `,"trust":"signed"}`, `,"trust":"public"}`} {
			resp := r.do("POST", "/v1/events", body+more, public)
			if got := resp.StatusCode() == 202; got != allowed {
				t.Errorf("%v by the write key: %d %s", k, resp.StatusCode(), resp.Body())
			}
			if !allowed && !strings.Contains(string(resp.Body()), `"rejected":[{"index":0,"code":"not_allowed","message":"event `+k.String()+` needs the secret key`) {
				t.Errorf("%v: %s", k, resp.Body())
			}
			if k == models.Erasure { // DELETE says it
				continue
			}
			if e := r.stored(t, body+more, secret); e.Trust != models.Trusted || e.Kind != k {
				t.Errorf("%s by the secret key is %v of trust %v", body+more, e.Kind, e.Trust)
			}
		}
		if open := newRig(t, Config{}); k != models.Erasure && open.stored(t, body+"}").Trust != models.Trusted {
			t.Errorf("%v without keys is not trusted", k)
		}
	}
	if models.Allowed(models.Refund, models.Public) == nil || models.Allowed(models.ProductUpsert, models.Public) == nil ||
		models.Allowed(models.EmailClick, models.Public) == nil || models.Allowed(models.AddToCart, models.Public) != nil {
		t.Error("the public key may say the wrong things")
	}
}

// TestF4ContactsInEvents: a contact that a page names is proved by its HMAC; the record says so and does not hold the proof.
func TestF4ContactsInEvents(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Write: "write-key-of-a-shop", Secret: "secret-key-of-a-shop", ContactSecret: "k"}, {Write: "another-write-key"}}})
	good := hex.EncodeToString(hmacOf("k", "anna@example.com"))
	f := func(proof, key string, proved bool) {
		t.Helper()
		body := `{"event":"identify","visitor":"v","contact":"anna@example.com","contact_hmac":` + proof + `,"name":"Anna"}`
		r.fake.set(func() { r.fake.records = nil })
		e := r.stored(t, body, "Authorization: Bearer "+key)
		if e.Proved != proved || string(e.Contact) != "anna@example.com" || string(models.Member(e.Props, "name")) != `"Anna"` {
			t.Errorf("%s by %s: %v %q %s", body, key, e.Proved, e.Contact, e.Props)
		}
		if raw := r.fake.taken()[0].Value; bytes.Contains(raw, []byte("contact_hmac")) || bytes.Contains(raw, []byte(good)) {
			t.Errorf("the log holds a proof: %s", raw)
		}
	}
	f(`"`+good+`"`, "write-key-of-a-shop", true)
	f(`"`+strings.ToUpper(good)+`"`, "write-key-of-a-shop", true)
	f(`"`+good[:62]+`00"`, "write-key-of-a-shop", false)
	f(`"zz"`, "write-key-of-a-shop", false)
	f(`"`+good+`"`, "another-write-key", false)
	asWritten := hex.EncodeToString(hmacOf("k", " Anna@Example.com")) // the shop's server signs what it has
	for proof, proved := range map[string]bool{asWritten: true, good: true, asWritten[:62] + "00": false} {
		e := r.stored(t, `{"event":"page_view","visitor":"v","contact":" Anna@Example.com","contact_hmac":"`+proof+`"}`, "Authorization: Bearer write-key-of-a-shop")
		if e.Proved != proved || string(e.Contact) != "anna@example.com" {
			t.Errorf("a contact in another spelling: proved %v, %q", e.Proved, e.Contact)
		}
	}
	f(`"`+good+`"`, "secret-key-of-a-shop", false) // trusted: nothing to prove
	for _, claim := range []string{`"trust":"proved"`, `"trust":"secret"`} {
		if e := r.stored(t, `{"event":"identify","visitor":"v","contact":"anna@example.com",`+claim+`}`, "Authorization: Bearer write-key-of-a-shop"); e.Proved || e.Trust != models.Public {
			t.Errorf("%s: whoever says it himself is believed", claim)
		}
	}
}
