package serve

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// Of the bodies that strangers make dear to read, so many are worked on at once as there are places, and who finds no place in
// time is told to come back; the shop's own servers and pages that send some events do not wait.
func TestHeavyBodiesWaitTheirTurn(t *testing.T) {
	cfg := keyed()
	r := newRig(t, cfg)
	r.server.heavy = newGate(1, 1, 20*time.Millisecond)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	io.WriteString(w, viewEvent)
	w.Close()
	many := "[" + strings.Repeat(viewEvent+",", heavyBody/len(viewEvent)+1) + viewEvent + "]"
	f := func(key, body, encoding string, status int) {
		t.Helper()
		headers := []string{key}
		if encoding != "" {
			headers = append(headers, "Content-Encoding: "+encoding)
		}
		if got := r.do("POST", "/v1/events", body, headers...); got.StatusCode() != status {
			t.Errorf("%d bytes, %q: %d %s", len(body), encoding, got.StatusCode(), got.Body())
		}
	}
	all := func(heavy int) {
		t.Helper()
		f(asPage, many, "", heavy)
		f(asPage, zipped.String(), "gzip", heavy)
		f(asPage, viewEvent, "", 202)
		f(asShop, many, "", 202)
		f(asShop, zipped.String(), "gzip", 202)
	}
	all(202)
	r.server.heavy.enter()
	all(503)
	if body := string(r.do("GET", "/metrics", "", "Authorization: Bearer op").Body()); !strings.Contains(body, `orrery_dropped_total{what="body",why="too_many_heavy"} 2`) {
		t.Error("refused bodies are not counted")
	}
	r.server.heavy.leave()
	all(202)
}

// Heavy work rests as long as it works, and whatever it reads stays whole.
func TestPaceRests(t *testing.T) {
	text := strings.Repeat("0123456789", 1000)
	at := pace{time.Now()}
	began := at.began
	all, err := io.ReadAll(iotest.OneByteReader(&paced{strings.NewReader(text), &at}))
	if err != nil || string(all) != text {
		t.Fatalf("%d bytes, %v", len(all), err)
	}
	time.Sleep(heavySlice)
	at.rest()
	if at.began.Sub(began) < 2*heavySlice {
		t.Error("it did not rest")
	}
	var never pace
	never.rest()
	if !never.began.IsZero() {
		t.Error("what has no pace rests")
	}
}
