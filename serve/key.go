package serve

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"github.com/valyala/fasthttp"

	"orrery/models"
)

// Key is what a client presents as "Authorization: Bearer KEY"; a write key may come as ?key=KEY as well, because
// navigator.sendBeacon can set no header.
type Key struct {
	// Shop is the tenant that the key speaks for. Empty is every shop: the request may name one.
	Shop string
	// Write is the public key: events, frames and social proof. It stands in the shop's pages.
	Write string
	// Secret allows everything. It never leaves the shop's servers.
	Secret string
	// ContactSecret, where set, has requests with the write key prove each contact that they name: by contact_hmac, the
	// HMAC-SHA-256 of the contact under this secret in hexadecimal, which the shop's server puts into the page. Without it
	// anybody who knows an address could ask what its owner was shown.
	ContactSecret string
}

// grant is what a presented key allows.
type grant struct {
	access access
	shop   []byte // nil is any
	proof  []byte // the secret that contacts are proved with; nil asks for no proof
}

// keyring finds grants by key. Map look-ups take a time that depends on the hash of what was presented under a seed of the
// process, not on how much of a key it matches.
type keyring map[string]grant

func newKeyring(keys []Key) keyring {
	ring := make(keyring, 2*len(keys))
	for _, k := range keys {
		if k.Write != "" {
			ring[k.Write] = grant{public, bytesOrNil(k.Shop), bytesOrNil(k.ContactSecret)}
		}
		if k.Secret != "" {
			ring[k.Secret] = grant{secret, bytesOrNil(k.Shop), nil}
		}
	}
	return ring
}

// trust returns what events that come with the key are worth: without keys everybody is the shop.
func (g *grant) trust() models.Trust {
	if g.access == secret {
		return models.Trusted
	}
	return models.Public
}

func bytesOrNil(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}

// prove checks the proof of a contact, where one is asked for.
func (g *grant) prove(contact, proof []byte) *fault {
	if g.proof == nil || len(contact) == 0 {
		return nil
	}
	mac := hmac.New(sha256.New, g.proof)
	mac.Write(contact)
	given := make([]byte, hex.DecodedLen(len(proof)))
	if _, err := hex.Decode(given, proof); err != nil || !hmac.Equal(mac.Sum(nil), given) {
		return &fault{fasthttp.StatusForbidden, "contact_not_proved", "contact_hmac must be the HMAC-SHA-256 of the contact, in hexadecimal", "contact_hmac"}
	}
	return nil
}

// admit sets the call's grant, or refuses the call.
func (s *Server) admit(c *call) *fault {
	need := endpoints[c.route].access
	if need == open || s.cfg.development() {
		c.grant = grant{access: secret}
		return nil
	}
	key, fromHeader := c.key()
	if len(key) == 0 {
		c.ctx.Response.Header.Set("WWW-Authenticate", "Bearer")
		return &fault{fasthttp.StatusUnauthorized, "no_key", "a key is needed: Authorization: Bearer KEY", ""}
	}
	g, ok := s.keys[string(key)]
	if !ok || g.access == secret && !fromHeader {
		// A secret key in a URL ends up in logs and histories; refusing it is how that gets noticed.
		return &fault{fasthttp.StatusUnauthorized, "bad_key", "the key is not known; a secret key comes in the header only", ""}
	}
	if g.access < need {
		return &fault{fasthttp.StatusForbidden, "not_allowed", "this needs the secret key", ""}
	}
	c.grant = g
	return nil
}

func (c *call) key() (key []byte, fromHeader bool) {
	if h := c.ctx.Request.Header.Peek(fasthttp.HeaderAuthorization); len(h) > 0 {
		if scheme, token, _ := bytes.Cut(h, []byte(" ")); bytes.EqualFold(scheme, []byte("bearer")) {
			return bytes.TrimSpace(token), true
		}
		return nil, true
	}
	look := args{rest: c.args.rest}
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
