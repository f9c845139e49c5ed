package source

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"testing"

	"orrery/stream/source/foreign"
)

// TestVerify: of every platform that proves itself, the right secret passes, and no other, nor another body or none.
func TestVerify(t *testing.T) {
	const body, secret = `{"token":"the-secret","apiKey":"key","clientId":"client","sha":"%s"}`, "the-secret"
	sum := sha1.Sum([]byte("keyclient" + secret))
	text := fmt.Sprintf(body, hex.EncodeToString(sum[:]))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	signature := mac.Sum(nil)
	head := map[string]string{
		"X-Shopify-Hmac-Sha256": base64.StdEncoding.EncodeToString(signature), "X-WC-Webhook-Signature": base64.StdEncoding.EncodeToString(signature),
		"X-Orrery-Signature": hex.EncodeToString(signature), "?api_secret": secret,
	}
	get := func(name string) string { return head[name] }
	none := func(string) string { return "" }
	for name, w := range Webhooks(foreign.BySKU) {
		proves := name != "segment" // which has a key
		if got := w.Verify([]byte(secret), get, []byte(text)); got != proves {
			t.Errorf("%s: the right secret: %v", name, got)
		}
		for what, got := range map[string]bool{
			"another secret": w.Verify([]byte("the-secreT"), get, []byte(text)),
			"no secret":      w.Verify(nil, get, []byte(text)),
			"another body":   name != "ga4" && name != "salesmanago" && w.Verify([]byte(secret), get, []byte(`{"token":"the-secres"}`)),
			"nothing":        w.Verify([]byte(secret), none, []byte(`{}`)),
			"no JSON":        w.Verify([]byte(secret), none, []byte(`the-secret`)),
		} {
			if got {
				t.Errorf("%s: %s passes", name, what)
			}
		}
	}
}

// TestKey: a key within the body is found, as analytics.js sends it.
func TestKey(t *testing.T) {
	w := Webhooks(foreign.BySKU)["segment"]
	if got := w.Key([]byte(`{"writeKey":"k","type":"track"}`)); got != "k" {
		t.Errorf("%q", got)
	}
	if got := w.Key([]byte(`no`)); got != "" {
		t.Errorf("%q", got)
	}
}
