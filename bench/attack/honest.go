package attack

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"orrery/bench/load"
	"orrery/bench/traffic"
)

const (
	// eventsPost is how many events a page sends at once.
	eventsPost = 5
	// ownKind is the kind of event that only honest visitors of this run send, one in every post: so they can be counted.
	ownKind = "add_to_wishlist"
)

// address returns where the i-th visitor comes from, as the proxy in front of the shop says: many people in many networks.
func address(i int) string { return fmt.Sprintf("100.%d.%d.%d", 64+i>>16&63, i>>8&255, 1+i%250) }

// frames asks for frames as the shop's pages do.
type frames struct {
	requests *traffic.Requests
	rng      *rand.Rand
}

func newFrames(site *traffic.Site) (*frames, error) {
	r, err := site.Requests("product")
	if err != nil {
		return nil, err
	}
	return &frames{r, rand.New(rand.NewPCG(5, 6))}, nil
}

// Next implements load.Source.
func (f *frames) Next(dst []byte, at time.Time) ([]byte, int) {
	from := len(dst)
	dst, kind := f.requests.Next(dst, at)
	if end := bytes.LastIndex(dst[from:], []byte("\r\n")); end >= 0 { // before the empty line
		dst = dst[:from+end]
	}
	dst = append(dst, "Authorization: Bearer "+writeKey+"\r\nX-Forwarded-For: "...)
	dst = append(dst, address(f.rng.IntN(1<<20))...)
	return append(dst, "\r\n\r\n"...), kind
}

// posts sends events as the tracker in the shop's pages does.
type posts struct {
	site *traffic.Site
	cfg  traffic.Config
	rng  *rand.Rand
	n    int
	body []byte
}

func newPosts(site *traffic.Site, cfg traffic.Config) *posts {
	return &posts{site: site, cfg: cfg, rng: rand.New(rand.NewPCG(3, 4))}
}

var _ load.Source = (*posts)(nil)

// Next implements load.Source.
func (p *posts) Next(dst []byte, at time.Time) ([]byte, int) {
	p.n++
	visitor := p.rng.IntN(p.cfg.Visitors)
	p.body = append(p.body[:0], '[')
	for i := range eventsPost {
		name := "view_item"
		if i == eventsPost-1 {
			name = ownKind
		} else if i == eventsPost-2 && p.n%4 == 0 {
			name = "add_to_cart"
		}
		p.body = fmt.Appendf(p.body, `{"event":"%s","id":"h-%d-%d","time":%d,"sent_at":%d,"visitor":"honest-%d","items":[{"item_id":"%s"}]},`,
			name, p.n, i, at.UnixMilli(), at.UnixMilli(), visitor, p.site.Load().Item(p.rng.IntN(p.cfg.Products)))
	}
	p.body[len(p.body)-1] = ']'
	dst = append(dst, "POST /v1/events HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Bearer "+writeKey+"\r\nX-Forwarded-For: "...)
	dst = append(append(dst, address(visitor)...), "\r\nContent-Length: "...)
	dst = append(strconv.AppendInt(dst, int64(len(p.body)), 10), "\r\n\r\n"...)
	return append(dst, p.body...), 0
}

// acknowledged returns how many events of ownKind so many answered posts hold.
func (p *posts) acknowledged(answered uint64) uint64 { return answered }
