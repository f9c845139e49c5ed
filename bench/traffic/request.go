package traffic

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Kind is a kind of request.
type Kind struct {
	Name   string
	Prefix string // of the path: all requests of the kind begin with it, and of no other
	Share  int    // of the mix, in percent
	path   func(*Site) string
}

// Kinds are the requests of a shop's pages and mails.
var Kinds = []Kind{
	{"product", "/v1/frames/product_page", 50, func(s *Site) string {
		return fmt.Sprintf("?visitor=%s&product=%s&n=8", s.visitor(), s.load.Item(s.product()))
	}},
	{"next", "/v1/frames/next", 10, func(s *Site) string { return fmt.Sprintf("?visitor=%s&n=8", s.visitor()) }},
	{"cart", "/v1/frames/cart_page", 10, func(s *Site) string {
		p := s.product()
		return fmt.Sprintf("?visitor=%s&cart=%s,%s&n=8", s.visitor(), s.load.Item(p), s.load.Item(s.near(p)))
	}},
	{"for_you", "/v1/frames/for_you", 10, func(s *Site) string { return fmt.Sprintf("?visitor=%s&n=8", s.visitor()) }},
	{"mail", "/v1/contacts/", 5, func(s *Site) string {
		return fmt.Sprintf("%s/products?frame=mail&n=8", Contact(s.rng.IntN(s.cfg.Known)))
	}},
	{"social", "/v1/social/", 15, func(s *Site) string {
		return fmt.Sprintf("%s?visitor=%s", s.load.Item(s.product()), s.visitor())
	}},
}

// Mix is the name of all kinds together, by their shares.
const Mix = "mix"

func (s *Site) visitor() string { return Known(s.rng.IntN(s.cfg.Known)) }

// Path returns a path and query of a kind.
func (s *Site) Path(k Kind) string { return k.Prefix + k.path(s) }

// Requests are ready-made requests, so that making them costs the driver nothing. It is a load.Source.
type Requests struct {
	kinds [][][]byte
	picks [100]uint8 // kinds by percent
	rng   *rand.Rand
}

// variety is how many requests of a kind there are.
const variety = 1 << 14

// Requests makes requests of one kind, by its name, or of the Mix.
func (s *Site) Requests(name string) (*Requests, error) {
	r := &Requests{rng: rand.New(rand.NewPCG(2, 0x72657173))}
	at := 0
	for i, k := range Kinds {
		if name != Mix && name != k.Name {
			r.kinds = append(r.kinds, nil)
			continue
		}
		share := k.Share
		if name != Mix {
			share = len(r.picks)
		}
		for range share {
			r.picks[at] = uint8(i)
			at++
		}
		var made [][]byte
		for range variety {
			made = append(made, fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", s.Path(k)))
		}
		r.kinds = append(r.kinds, made)
	}
	if at != len(r.picks) {
		return nil, fmt.Errorf("there is no kind of request %q", name)
	}
	return r, nil
}

// Next implements load.Source.
func (r *Requests) Next(dst []byte, _ time.Time) ([]byte, int) {
	x := r.rng.Uint64()
	kind := int(r.picks[x%100])
	return append(dst, r.kinds[kind][x>>32%variety]...), kind
}
