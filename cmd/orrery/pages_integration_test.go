//go:build integration

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// sends is a page that sends events in every way that browsers have, and says what became of each.
const sends = `<!doctype html><meta charset=utf-8><title>t</title><script>
const to = %q, ev = (v) => JSON.stringify({event: "view_item", visitor: v, items: [{item_id: "A"}]});
(async () => {
  const out = [], json = {"content-type": "application/json"};
  navigator.sendBeacon(to, ev("b-string"));
  navigator.sendBeacon(to, new Blob([ev("b-blob-text")], {type: "text/plain"}));
  navigator.sendBeacon(to, new Blob([ev("b-blob-json")], {type: "application/json"}));
  const say = async (name, more) => { try { out.push(name + " " + (await fetch(to, {method: "POST", body: ev(name), ...more})).status); } catch (e) { out.push(name + " refused"); } };
  await say("f-text", {});
  await say("f-no-cors", {mode: "no-cors"});
  await say("f-json", {headers: json});
  await say("f-cred", {headers: json, credentials: "include"});
  try { out.push("read " + (await (await fetch(to.replace(/events.*/, "frames/most_viewed?key=" + new URL(to).searchParams.get("key")))).text()).length); } catch (e) { out.push("read refused"); }
  window.said = out.join("; ");
})();
</script><body></body>`

func pageOf(t *testing.T, to string) *httptest.Server {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, sends, to)
	}))
	t.Cleanup(web.Close)
	return web
}

// A page of a listed origin may send in every way that there is, sendBeacon with JSON and credentials included.
func TestPagesOfTheShopInChromium(t *testing.T) {
	i := newInstance(t, "--http.write-key", testWrite, "--http.secret-key", testSecret)
	web := pageOf(t, i.http+"/v1/events?key="+testWrite)
	i.args = append(i.args, "--http.origins", web.URL)
	i.start()
	b := newBrowser(t)
	b.open(web.URL)
	b.until("window.said")
	var said string
	b.ask(&said, "window.said")
	if !strings.HasPrefix(said, "f-text 202; f-no-cors 0; f-json 202; f-cred 202; read ") || strings.Contains(said, "refused") {
		t.Errorf("the page says %q", said)
	}
	want := map[string]bool{"b-string": true, "b-blob-text": true, "b-blob-json": true, "f-text": true, "f-no-cors": true, "f-json": true, "f-cred": true}
	eventually(t, "all seven events are in", func() bool { return i.secretStats(t).Total == len(want) })
	if n := i.secretStats(t).Visitors; n != len(want) {
		t.Errorf("%d visitors, want %d", n, len(want))
	}
}

type fewStats struct {
	Total    int `json:"total"`
	Visitors int `json:"visitors"`
}

func (i *instance) secretStats(t *testing.T) (s fewStats) {
	t.Helper()
	r, err := http.NewRequest("GET", i.http+"/v1/stats", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testSecret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	decodeJSON(t, i.read(answer, http.StatusOK), &s)
	return s
}

// Without keys a stranger's page in the developer's browser writes nothing and reads nothing, not even when its name comes to
// lead to this machine: reference rows A8 and A9. The developer's own page on another port of the loopback may.
func TestStrangersPagesInChromium(t *testing.T) {
	i := newInstance(t)
	i.start()
	_, port, _ := strings.Cut(strings.TrimPrefix(i.http, "http://"), ":")
	b := newBrowser(t, "--host-resolver-rules=MAP *.example 127.0.0.1", "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests")
	web := pageOf(t, i.http+"/v1/events?key=")
	b.open(strings.Replace(web.URL, "127.0.0.1", "evil.example", 1))
	b.until("window.said")
	var said string
	b.ask(&said, "window.said")
	if said != "f-text refused; f-no-cors 0; f-json refused; f-cred refused; read refused" {
		t.Errorf("a stranger's page says %q", said)
	}
	for _, path := range []string{"/v1/stats", "/v1/frames/most_viewed", "/"} {
		b.open("http://evil.example:" + port + path)
		b.until(`document.body && document.body.innerText.includes("wrong_host")`)
	}
	if s := i.stats(); s.Total != 0 {
		t.Errorf("%d events of strangers were taken", s.Total)
	}
	b.open(strings.Replace(web.URL, "127.0.0.1", "localhost", 1))
	b.until("window.said")
	b.ask(&said, "window.said")
	if strings.Contains(said, "refused") {
		t.Errorf("the developer's page says %q", said)
	}
	eventually(t, "the developer's events are in", func() bool { return i.stats().Total == 7 })
}
