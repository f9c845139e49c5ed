package serve

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/valyala/fasthttp"

	"orrery/models"
	"orrery/serve/door"
)

// Key is what a client presents as "Authorization: Bearer KEY"; a write key may come as ?key=KEY as well, because
// navigator.sendBeacon can set no header.
//
// A shop may have several: one that replaces another is valid beside it until no page shows the old one any more, which
// orrery_key_requests_total tells.
type Key struct {
	// Name is what metrics and messages call the key.
	Name string
	// Shop is the tenant that the key speaks for; default models.DefaultShop. With keys there are no other shops.
	Shop string
	// Write is the public key: events, frames and social proof. It stands in the shop's pages.
	Write string
	// Secret allows everything of the shop. It never leaves the shop's servers.
	Secret string
	// Operator is the key of whoever runs the server: everything of all shops, metrics, and figures of the machine. A key with it
	// has no Shop.
	Operator string
	// ContactSecret is what requests and events with the write key prove the contact with that they name: by contact_hmac, the
	// HMAC-SHA-256 of the contact under this secret in hexadecimal, which the shop's server puts into the page. Else anybody
	// who knows an address could ask what its owner was shown: without this secret the write key reads of no contact.
	ContactSecret string
	// Created is when the key was made, for whoever counts its days. Until is when it ends; zero: not by itself.
	Created, Until time.Time
}

// grant is what a presented key allows.
type grant struct {
	access access
	shop   []byte // nil is any
	proof  []byte // the secret that contacts are proved with; nil asks for no proof
	until  time.Time
	used   *atomic.Uint64 // requests
	bucket *door.Bucket   // of requests; nil without keys
	frames *histogram     // answered to the shop's keys; nil where the key is of no shop
}

// keyring finds grants by key. Map look-ups take a time that depends on the hash of what was presented under a seed of the
// process, not on how much of a key it matches.
type keyring map[string]grant

func newKeyring(keys []Key) keyring {
	ring, frames := make(keyring, 2*len(keys)), map[string]*histogram{}
	for _, k := range keys {
		shop := []byte(cmp.Or(k.Shop, models.DefaultShop))
		if frames[string(shop)] == nil {
			frames[string(shop)] = new(histogram)
		}
		if k.Write != "" {
			ring[k.Write] = grant{public, shop, bytesOrNil(k.ContactSecret), k.Until, new(atomic.Uint64), new(door.Bucket), frames[string(shop)]}
		}
		if k.Secret != "" {
			ring[k.Secret] = grant{secret, shop, nil, k.Until, new(atomic.Uint64), new(door.Bucket), frames[string(shop)]}
		}
		if k.Operator != "" {
			ring[k.Operator] = grant{operator, nil, nil, k.Until, new(atomic.Uint64), new(door.Bucket), nil}
		}
	}
	return ring
}

// trust returns what events that come with the key are worth: without keys everybody is the shop.
func (g *grant) trust() models.Trust {
	switch g.access {
	case public:
		return models.Public
	case signed:
		return models.Signed
	}
	return models.Trusted
}

func bytesOrNil(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

// prove checks the proof of a contact that a request with the public key names: else anybody who knows an address could ask
// what its owner was shown. Where the shop has no contact secret the public key names no contact.
func (g *grant) prove(contact, proof []byte) *fault {
	switch {
	case g.access >= secret || len(contact) == 0:
		return nil
	case g.proof == nil:
		return &fault{fasthttp.StatusForbidden, "contact_not_proved",
			"contact cannot be named by the public key: set --http.contact-secret and send contact_hmac, or ask with the secret key", "contact"}
	case !proves(g.proof, contact, proof):
		return &fault{fasthttp.StatusForbidden, "contact_not_proved", "contact_hmac must be the HMAC-SHA-256 of the contact, in hexadecimal", "contact_hmac"}
	}
	return nil
}

// proves tells whether proof is the HMAC-SHA-256 of a contact under a secret, in hexadecimal: of the contact as it is given, or
// of its one form (see models.CanonicalContact).
func proves(secret, contact, proof []byte) bool {
	given := make([]byte, hex.DecodedLen(len(proof)))
	if _, err := hex.Decode(given, proof); err != nil {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(contact)
	if hmac.Equal(mac.Sum(nil), given) {
		return true
	}
	mac.Reset()
	mac.Write(models.CanonicalContact(contact))
	return hmac.Equal(mac.Sum(nil), given)
}

// admit sets the call's grant, or refuses the call.
func (s *Server) admit(c *call) *fault {
	need := c.route.access
	if need == open || s.cfg.development() {
		c.grant = grant{access: operator}
		return nil
	}
	key, fromHeader := c.key()
	if len(key) == 0 && need == signed {
		c.grant = grant{access: signed} // the handler looks at the body
		return nil
	}
	return s.admitKey(c, key, fromHeader, need)
}

// admitKey sets the grant of a key, or refuses the call. kept says that the key came where no log and no history has it.
func (s *Server) admitKey(c *call, key []byte, kept bool, need access) *fault {
	if len(key) == 0 {
		c.ctx.Response.Header.Set("WWW-Authenticate", "Bearer")
		return &fault{fasthttp.StatusUnauthorized, "no_key", "a key is needed: Authorization: Bearer KEY", ""}
	}
	g, ok := s.keys[string(key)]
	if !ok || g.access >= secret && !kept {
		// A secret key in a URL ends up in logs and histories; refusing it is how that gets noticed.
		return &fault{fasthttp.StatusUnauthorized, "bad_key", "the key is not known; a secret key comes in the header only", ""}
	}
	if !g.until.IsZero() && !c.begun.Before(g.until) {
		return &fault{fasthttp.StatusUnauthorized, "key_ended", "the key's time is over: use the one that has replaced it", ""}
	}
	if g.access < need {
		return &fault{fasthttp.StatusForbidden, "not_allowed", "this needs " + need.String(), ""}
	}
	g.used.Add(1)
	c.grant = g
	return nil
}

// writeKeys writes how often each key was used, by its name.
func (s *Server) writeKeys(w io.Writer) {
	for _, k := range s.cfg.Keys {
		for i, word := range [...]string{k.Write, k.Secret, k.Operator} {
			if word == "" {
				continue
			}
			scope := [...]string{"public", "secret", "operator"}[i]
			of := fmt.Sprintf("{key=%q,scope=%q,shop=%q}", k.Name, scope, string(s.keys[word].shop))
			metrics.WriteCounterUint64(w, "orrery_key_requests_total"+of, s.keys[word].used.Load())
			if !k.Created.IsZero() {
				metrics.WriteGaugeUint64(w, "orrery_key_created_seconds"+of, uint64(k.Created.Unix()))
			}
		}
	}
}

func (c *call) key() (key []byte, fromHeader bool) {
	return presentedKey(&c.ctx.Request.Header, c.args.rest)
}

// presentedKey returns the key that a request's head or its query string presents.
func presentedKey(head *fasthttp.RequestHeader, query []byte) (key []byte, fromHeader bool) {
	if h := head.Peek(fasthttp.HeaderAuthorization); len(h) > 0 {
		if scheme, token, _ := bytes.Cut(h, []byte(" ")); bytes.EqualFold(scheme, []byte("bearer")) {
			return bytes.TrimSpace(token), true
		} else if bytes.EqualFold(scheme, []byte("basic")) { // the key is the name, as client libraries of Segment have it
			plain, _ := base64.StdEncoding.AppendDecode(nil, bytes.TrimSpace(token))
			name, _, _ := bytes.Cut(plain, []byte(":"))
			return name, true
		}
		return nil, true
	}
	look := args{rest: query}
	for {
		name, value, ok, more := look.next()
		if !more {
			return nil, false
		}
		if ok && string(name) == "key" {
			return value, false
		}
	}
}

// scope returns what figures are asked of: the key's shop, one that the operator names, or nil: all together.
func (c *call) scope(named []byte) ([]byte, *fault) {
	if c.grant.shop == nil && len(named) == 0 {
		return nil, nil
	}
	return c.shop(named)
}

// shop returns the tenant that the call is about: the key's, else the one it names.
func (c *call) shop(named []byte) ([]byte, *fault) {
	if c.grant.shop == nil || bytes.Equal(named, c.grant.shop) {
		return named, nil
	}
	if len(named) == 0 {
		return c.grant.shop, nil
	}
	return nil, &fault{fasthttp.StatusForbidden, "other_shop", "the key belongs to another shop", "shop"}
}
