package freshness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/bench/shop"
	"orrery/models"
)

const (
	// pollEvery is the pause between two looks: enough to leave the machine to the server, far below what is measured.
	pollEvery = 200 * time.Microsecond
	// giveUp is when an event counts as lost.
	giveUp = 10 * time.Second
	// apart is the mean pause between probes.
	apart = 20 * time.Millisecond
)

// prober sends events and watches for them.
type prober struct {
	addr           string
	series         int
	frame, counter watch
	polls          []float64
}

// watch is what was measured of one kind of answer, in milliseconds.
type watch struct{ ack, visible, after []float64 }

func (w *watch) seen() Seen { return Seen{timesOf(w.ack), timesOf(w.visible), timesOf(w.after)} }

// run sends n probes, of the two kinds in turn.
func (p *prober) run(ctx context.Context, n int) error {
	rng := rand.New(rand.NewPCG(3, uint64(p.series)))
	poster, reader := &fasthttp.HostClient{Addr: p.addr}, &fasthttp.HostClient{Addr: p.addr}
	defer poster.CloseIdleConnections()
	defer reader.CloseIdleConnections()
	for i := range n {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		id := probeID(p.series, i)
		w, path, want := &p.frame, "/v1/frames/viewed_together?visitor=onlooker&product="+id+"a", []byte(`"item_id":"`+id+`b"`)
		if i%2 == 1 {
			w, path, want = &p.counter, "/v1/social/"+id+"a?visitor=onlooker", []byte(`"viewing_now":1`)
		}
		if err := p.probe(poster, reader, w, id, path, want); err != nil {
			return fmt.Errorf("cannot see probe %d: %w", i, err)
		}
		time.Sleep(time.Duration(rng.ExpFloat64() * float64(apart)))
	}
	return nil
}

// probeID names a probe: its visitor, and with a letter behind it its two products.
func probeID(series, i int) string { return fmt.Sprintf("probe-%d-%d", series, i) }

// probe sends the views of two new products by a new visitor and polls until another one sees them.
func (p *prober) probe(poster, reader *fasthttp.HostClient, w *watch, id, path string, want []byte) error {
	now := models.TimeOf(time.Now())
	body := fmt.Appendf(nil, `{"event":"view_item","id":"%sx","time":%d,"visitor":"%s","items":[{"item_id":"%sa"}]}`+"\n"+
		`{"event":"view_item","id":"%sy","time":%d,"visitor":"%s","items":[{"item_id":"%sb"}]}`, id, now-5, id, id, id, now, id, id)
	type answer struct {
		at  time.Time
		err error
	}
	acked := make(chan answer, 1)
	sent := time.Now()
	go func() {
		err := post(poster, body)
		acked <- answer{time.Now(), err}
	}()
	seen, err := p.await(reader, path, want, sent)
	a := <-acked
	if err := errors.Join(a.err, err); err != nil {
		return err
	}
	ms := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
	w.ack = append(w.ack, ms(a.at.Sub(sent)))
	w.visible = append(w.visible, ms(seen.Sub(sent)))
	w.after = append(w.after, max(0, ms(seen.Sub(a.at))))
	return nil
}

// await polls until an answer shows what is wanted, and returns when it was complete.
func (p *prober) await(c *fasthttp.HostClient, path string, want []byte, sent time.Time) (time.Time, error) {
	r, a := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(r)
	defer fasthttp.ReleaseResponse(a)
	r.SetRequestURI("http://" + p.addr + path)
	for {
		asked := time.Now()
		if err := c.Do(r, a); err != nil {
			return asked, err
		}
		now := time.Now()
		p.polls = append(p.polls, float64(now.Sub(asked).Nanoseconds())/1e6)
		if bytes.Contains(a.Body(), want) {
			return now, nil
		}
		if now.Sub(sent) > giveUp {
			return now, fmt.Errorf("not visible after %s: %s", giveUp, a.Body())
		}
		time.Sleep(pollEvery)
	}
}

func post(c *fasthttp.HostClient, body []byte) error {
	r, a := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(r)
	defer fasthttp.ReleaseResponse(a)
	r.SetRequestURI("http://" + c.Addr + "/v1/events")
	r.Header.SetMethod(fasthttp.MethodPost)
	r.SetBody(body)
	if err := c.Do(r, a); err != nil {
		return err
	}
	if a.StatusCode() != fasthttp.StatusAccepted {
		return fmt.Errorf("the event was answered with %d: %s", a.StatusCode(), a.Body())
	}
	return nil
}

// posts is a stream of views as requests.
type posts struct {
	load  *shop.Load
	batch int // views a request
	body  []byte
}

func newPosts(rate float64, batch int) *posts {
	now := time.Now()
	return &posts{batch: batch, load: shop.NewLoad(shop.LoadConfig{
		Seed: uint64(now.UnixNano()), Items: 20_000, Visitors: 100_000, Start: models.TimeOf(now), Rate: rate,
	})}
}

// Next implements load.Source.
func (p *posts) Next(dst []byte, _ time.Time) ([]byte, int) {
	p.body = p.body[:0]
	for range p.batch {
		p.body = append(append(p.body, p.load.Next().Value...), '\n')
	}
	dst = fmt.Appendf(dst, "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n", len(p.body))
	return append(dst, p.body...), 0
}
