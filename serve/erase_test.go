package serve

import (
	"bytes"
	"strings"
	"testing"

	"orrery/models"
)

// A DELETE by the secret key writes an erasure that names nobody: by the hash of the id's one form. Nobody else's does, and no event is one.
func TestErase(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Write: "write-key-of-a-shop", Secret: "secret-key-of-a-shop"}, {Shop: "two", Secret: "secret-key-of-two-too"}}})
	for _, path := range []string{"/v1/contacts/Anna%40Example.com", "/v1/visitors/v-1", "/v1/contacts/Anna%40Example.com/data"} {
		method := "DELETE"
		if strings.HasSuffix(path, "/data") {
			method = "GET"
		}
		for _, key := range []string{"X-No-Key: 1", "Authorization: Bearer write-key-of-a-shop"} {
			if resp := r.do(method, path, "", key); resp.StatusCode() != 401 && resp.StatusCode() != 403 {
				t.Errorf("%s %s with %q: %d", method, path, key, resp.StatusCode())
			}
		}
	}
	if n := len(r.fake.taken()); n != 0 {
		t.Fatalf("%d records without the right key", n)
	}
	zeros := strings.Repeat("0", 32)
	for _, c := range []struct{ path, key, shop, contact, visitor string }{
		{"/v1/contacts/Anna%40Example.com", "secret-key-of-a-shop", "", "~0000000000000010" + zeros, ""},
		{"/v1/contacts/%20anna%40example.com", "secret-key-of-two-too", "two", "~0000000000000010" + zeros, ""},
		{"/v1/visitors/v-1", "secret-key-of-a-shop", "", "", "~0000000000000003" + zeros},
	} {
		r.fake.set(func() { r.fake.records = nil })
		resp := r.do("DELETE", c.path, "", "Authorization: Bearer "+c.key)
		records := r.fake.taken()
		if resp.StatusCode() != 202 || len(records) != 1 {
			t.Fatalf("%s: %d, %d records: %s", c.path, resp.StatusCode(), len(records), resp.Body())
		}
		var e models.Event
		if err := e.Decode(records[0].Value, 1<<50); err != nil {
			t.Fatal(err)
		}
		if e.Kind != models.Erasure || e.Trust != models.Trusted || string(e.Contact) != c.contact || string(e.Visitor) != c.visitor || string(e.Shop) != c.shop || records[0].Topic != models.Contacts {
			t.Errorf("%s writes %s", c.path, records[0].Value)
		}
		if !bytes.Equal(records[0].Key, e.Person()) {
			t.Errorf("%s writes it under the key %q", c.path, records[0].Key)
		}
	}
	r.fake.set(func() { r.fake.logErr = models.ErrStalled })
	if resp := r.do("DELETE", "/v1/visitors/v-1", "", "Authorization: Bearer secret-key-of-a-shop"); resp.StatusCode() != 503 {
		t.Errorf("an erasure that the log has not taken: %d", resp.StatusCode())
	}
	r.fake.set(func() { r.fake.logErr = nil })
	if resp := r.do("POST", "/v1/events", `{"event":"erasure","contact":"anna@example.com"}`, "Authorization: Bearer secret-key-of-a-shop"); resp.StatusCode() != 400 || !bytes.Contains(resp.Body(), []byte("DELETE")) {
		t.Errorf("an erasure as an event: %d %s", resp.StatusCode(), resp.Body())
	}
}
