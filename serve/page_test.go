package serve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// The oracle is encoding/json.
type pageOracle struct {
	Shop    string          `json:"shop,omitempty"`
	Visitor string          `json:"visitor,omitempty"`
	Contact string          `json:"contact,omitempty"`
	Proof   string          `json:"contact_hmac,omitempty"`
	Product string          `json:"product,omitempty"`
	Cart    []string        `json:"cart,omitempty"`
	Exclude []string        `json:"exclude,omitempty"`
	Dedupe  bool            `json:"dedupe,omitempty"`
	Other   any             `json:"other,omitempty"`
	Frames  []pageOracleOne `json:"frames"`
}

type pageOracleOne struct {
	Frame    string   `json:"frame"`
	Product  string   `json:"product,omitempty"`
	Cart     []string `json:"cart,omitempty"`
	Exclude  []string `json:"exclude,omitempty"`
	Category string   `json:"category,omitempty"`
	N        int      `json:"n,omitempty"`
	Other    any      `json:"other,omitempty"`
}

func (o *pageOracle) page() *pageRequest {
	p := &pageRequest{o.Shop, o.Visitor, o.Contact, o.Proof, o.Product, o.Cart, o.Exclude, o.Dedupe, nil}
	for _, f := range o.Frames {
		p.frames = append(p.frames, frameRequest{f.Frame, f.Product, f.Cart, f.Exclude, f.Category, f.N})
	}
	return p
}

// A page is what encoding/json reads of it, whatever else stands in it.
func TestPageIsReadAsJSON(t *testing.T) {
	id := rapid.StringN(0, 8, 40)
	ids := rapid.SliceOfN(id, 0, 5)
	other := rapid.SampledFrom([]any{nil, 1.5, "x", []any{map[string]any{"frames": []any{}}, []any{}}, map[string]any{"a": []any{1, "}"}}})
	rapid.Check(t, func(t *rapid.T) {
		o := pageOracle{
			Shop: id.Draw(t, "shop"), Visitor: id.Draw(t, "visitor"), Contact: id.Draw(t, "contact"), Proof: id.Draw(t, "proof"), Product: id.Draw(t, "product"),
			Cart: ids.Draw(t, "cart"), Exclude: ids.Draw(t, "exclude"), Dedupe: rapid.Bool().Draw(t, "dedupe"), Other: other.Draw(t, "other"),
		}
		for range rapid.IntRange(1, maxFrames).Draw(t, "frames") {
			o.Frames = append(o.Frames, pageOracleOne{
				Frame: rapid.StringN(1, 8, 40).Draw(t, "frame"), Product: id.Draw(t, "product"), Cart: ids.Draw(t, "cart"), Exclude: ids.Draw(t, "exclude"),
				Category: id.Draw(t, "category"), N: rapid.IntRange(0, 100).Draw(t, "n"), Other: other.Draw(t, "other"),
			})
		}
		body, err := json.MarshalIndent(&o, "", rapid.SampledFrom([]string{"", " "}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		var want pageOracle // as it arrives: what is no UTF-8 is U+FFFD
		if err := json.Unmarshal(body, &want); err != nil {
			t.Fatal(err)
		}
		got, f := readPage(body, 100)
		if f != nil || !equalPages(got, want.page()) {
			t.Fatalf("%s\n got %+v, %v\nwant %+v", body, got, f, want.page())
		}
		// What is broken anywhere is refused, unless it is still JSON.
		cut := slices.Clone(body)
		at := rapid.IntRange(0, len(cut)-1).Draw(t, "at")
		cut[at] = rapid.SampledFrom([]byte(`{}[]",:x0 `)).Draw(t, "byte")
		if _, f := readPage(cut, 100); f == nil && !json.Valid(cut) {
			t.Fatalf("%s is no JSON", cut)
		}
		if _, f := readPage(body[:at], 100); f == nil {
			t.Fatalf("%s is half a page", body[:at])
		}
	})
}

func equalPages(a, b *pageRequest) bool { return fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b) }

func TestPageFaults(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		_, got := readPage([]byte(body), 100)
		if got == nil || string(got.append(nil)) != want {
			t.Errorf("%s\n got %v\nwant %s", body, got, want)
		}
	}
	bad := func(field, message string) string {
		return `{"code":"bad_body","message":"` + message + `","field":"` + field + `"}`
	}
	const one = `{"frame":"a"}`
	f(`{"frames":[`+strings.Repeat(one+",", 20)+one+`]}`, bad("frames", "there must be from 1 to 20 frames"))
	f(`{}`, bad("frames", "there must be from 1 to 20 frames"))
	f(`null`, bad("frames", "there must be from 1 to 20 frames"))
	f(`[]`, `{"code":"bad_body","message":"must be an object, not a array"}`)
	f(`{"frames":{}}`, bad("frames", "must be an array, not a object"))
	f(`{"frames":["a"]}`, bad("frames[0]", "must be an object, not a string"))
	f(`{"frames":[`+one+`,{"frame":7}]}`, bad("frames[1].frame", "must be a string, not a number 7"))
	f(`{"cart":"a,b"}`, bad("cart", "must be an array, not a string"))
	f(`{"cart":["a",["b"]]}`, bad("cart", "must be a string, not a array"))
	f(`{"dedupe":"yes"}`, bad("dedupe", "must be true or false, not a string"))
	f(`{"frames":[{"frame":"a","n":true}]}`, bad("frames[0].n", "must be a whole number, not a bool"))
	f(`{"frames":[{"frame":"a","n":-1}]}`, bad("frames[0].n", "n must be a whole number from 1 to 100"))
	f(`{"frames":[{"frame":"a","n":99999999999999999999}]}`, bad("frames[0].n", "n must be a whole number from 1 to 100"))
	f(`{"frames":[`+one+`]} {}`, `{"code":"bad_body","message":"the body is not JSON at byte 28"}`)
	f(`{"frames":[`+one, `{"code":"bad_body","message":"the body is not JSON at byte 24"}`)
}

// B1, F2: 5 KB that inflate to 1.7 million frames, once, 4 and 20 times at once; and what comes closest to it in 64 KiB.
func TestPageBombsCostLittle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector's own memory counts")
	}
	r := newRig(t, keyed())
	bomb := zip(`{"frames":[` + strings.Repeat(`{},`, 1_740_000) + `{}]}`)
	if len(bomb) > 6_000 {
		t.Fatalf("the bomb has %d bytes", len(bomb))
	}
	full := func(s string) []byte { return bytes.Repeat([]byte(s), (maxPage-200)/len(s)) }
	f := func(name string, status, times int, body []byte, headers ...string) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var all sync.WaitGroup
		for range times {
			all.Go(func() {
				r.expect("POST", "/v1/frames", string(body), status, "", append(headers, "Authorization: Bearer w")...)
			})
		}
		all.Wait()
		runtime.ReadMemStats(&after)
		if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 20 {
			t.Errorf("%s, %d times: %d MiB", name, times, took)
		}
	}
	for _, times := range []int{1, 4, 20} {
		f("bomb", 413, times, bomb, "Content-Encoding: gzip")
	}
	for name, body := range map[string]string{
		"frames":  `{"frames":[` + string(full(`{"frame":"a"},`)) + `{}]}`,
		"empty":   `{"frames":[` + string(full(`{},`)) + `{}]}`,
		"carts":   `{"cart":[` + string(full(`"",`)) + `""]}`,
		"skipped": `{"x":[` + string(full(`[],`)) + `1]}`,
		"deep":    `{"x":` + string(full(`[`)),
	} {
		f(name, 400, 4, []byte(body))
		f(name, 400, 4, zip(body), "Content-Encoding: gzip")
	}
	f("too large", 413, 4, []byte(`{"frames":[`+strings.Repeat(`{},`, maxPage)))
}

// Behind a shut gate no page is read.
func TestPagesWaitAtTheGate(t *testing.T) {
	r := newRig(t, Config{})
	r.server.pages = newGate(1, 0, 1)
	r.server.pages.enter()
	r.expect("POST", "/v1/frames", `{"frames":[{"frame":"for_you"}]}`, 503, `{"error":{"code":"busy","message":"more is asked of the server than it can do: ask again later"}}`)
	r.server.pages.leave()
	r.expect("POST", "/v1/frames", `{"frames":[{"frame":"for_you"}]}`, 200, "")
}
