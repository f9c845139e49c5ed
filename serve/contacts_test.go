package serve

import (
	"strings"
	"testing"

	"orrery/models"
)

// fakeContacts tells by the contact's name what is known of it.
type fakeContacts struct{}

func (fakeContacts) Tells(shop []byte, e *models.Event) models.Told {
	switch name := string(e.Contact); {
	case strings.HasPrefix(name, "known"):
		return models.ToldKnown
	case strings.HasPrefix(name, "more"), string(shop) == "south":
		return models.ToldMore
	case strings.HasPrefix(name, "erased"):
		return models.ToldErased
	}
	return models.ToldNew
}

func TestContacts(t *testing.T) {
	r := newRig(t, Config{MaxEvents: 5, Keys: []Key{{Shop: "s", Write: "write-key-16-bytes", Secret: "secret-key-16-byte"}}})
	const secret = "Authorization: Bearer secret-key-16-byte"
	lines := func(contacts ...string) string {
		text := ""
		for _, c := range contacts {
			text += `{"event":"identify","contact":"` + c + `","props":{"a":"1"}}` + "\n"
		}
		return text
	}
	f := func(uri, body string, status int, want string, written int, headers ...string) {
		t.Helper()
		before := len(r.fake.taken())
		resp := r.do("POST", uri, body, headers...)
		if resp.StatusCode() != status || !strings.Contains(string(resp.Body()), want) {
			t.Errorf("POST %s: %d %s, want %d %s", uri, resp.StatusCode(), resp.Body(), status, want)
		}
		if got := len(r.fake.taken()) - before; got != written {
			t.Errorf("POST %s %s: %d records, want %d", uri, body, got, written)
		}
	}
	f("/v1/contacts", lines("a"), 401, "", 0)
	f("/v1/contacts", lines("a"), 403, "", 0, "Authorization: Bearer write-key-16-bytes")
	f("/v1/contacts?shop=other", lines("a"), 403, "", 0, secret)
	f("/v1/contacts", lines("a", "known@x", "more", "erased"), 200, `{"added":1,"changed":1,"unchanged":1,"suppressed":1,"rejected":[]}`, 2, secret)
	f("/v1/contacts?wait=true", "["+`{"event":"identify","contact":"known2"},{"event":"view_item","contact":"a","items":[{"item_id":"x"}]},{"event":"identify","contact":"null"}`+"]", 200,
		`"unchanged":1,"suppressed":0,"rejected":[{"index":1,"code":"not_allowed","message":"event must be identify: what people do is sent to /v1/events","field":"event"},{"index":2,`, 0, secret)
	f("/v1/contacts", lines("a", "b", "c", "d", "e", "f"), 413, "too_many_events", 0, secret)
	f("/v1/contacts", lines("a")+"{", 200, `"added":1,"changed":0,"unchanged":0,"suppressed":0,"rejected":[{"index":1,"code":"not_json"`, 1, secret)
	if last := r.fake.taken()[len(r.fake.taken())-1]; !strings.Contains(string(last.Value), `"shop":"s"`) {
		t.Errorf("the shop of the key is not in %s", last.Value)
	}
}
