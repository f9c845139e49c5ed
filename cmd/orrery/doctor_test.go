package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
)

// diagnose returns what the doctor says, by check and state.
func diagnose(t *testing.T, flags *nodeFlags, page string) (said map[string][]string, text string) {
	t.Helper()
	d := &doctor{flags: flags, http: http.Client{}}
	d.config()
	d.folder()
	d.ports(t.Context())
	d.broker(t.Context())
	d.running(t.Context())
	d.page(t.Context(), page)
	said = map[string][]string{}
	for _, f := range d.list {
		said[f.Check] = append(said[f.Check], f.State)
	}
	var out bytes.Buffer
	d.print(&out)
	return said, out.String()
}

func TestDoctor(t *testing.T) {
	n := startNode(t, t.TempDir())
	defer n.end(t)
	flags := *n.flags
	flags.Listen = n.server.Addr().String()
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, map[string]string{"/with": `<script async src="http://x/t.js" data-key="k"></script>`, "/without": "<p>"}[r.URL.Path])
	}))
	defer shop.Close()
	said, text := diagnose(t, &flags, shop.URL+"/with")
	for check, want := range map[string]string{"config": fine, "data": fine, "broker": fine, "clocks": fine, "feed": note, "tracker": note, "bots": fine, "page": fine} {
		if len(said[check]) == 0 || said[check][0] != want {
			t.Errorf("%s: %v, want %s\n%s", check, said[check], want, text)
		}
	}
	post(t, n, []byte(`{"event":"view_item","id":"1","visitor":"v","items":[{"item_id":"P"}]}`+"\n"+`{"event":"product_upsert","items":[{"item_id":"P","item_name":"Pan"}]}`))
	if err := n.pipeline.WaitCaughtUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	said, text = diagnose(t, &flags, shop.URL+"/without")
	for check, want := range map[string]string{"page": bad} {
		if len(said[check]) == 0 || said[check][0] != want {
			t.Errorf("%s: %v, want %s\n%s", check, said[check], want, text)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	flags.Listen, flags.DataDir = "127.0.0.1:0", t.TempDir()
	flags.Kafka, flags.BotPace = taken.Addr().String(), 0
	if err := os.WriteFile(flags.DataDir+"/"+demoMark, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	said, text = diagnose(t, &flags, "")
	for _, flag := range []string{"bots.pace", "--data-dir", "--kafka.listen", "orrery serve"} {
		if !strings.Contains(text, flag) {
			t.Errorf("%s is not named\n%s", flag, text)
		}
	}
	if said["server"][0] != note || said["config"][0] != bad || said["data"][0] != bad {
		t.Errorf("%v", said)
	}
}

// TestFirstSteps: the dashboard's list of first steps is the README's.
func TestFirstSteps(t *testing.T) {
	page, err := os.ReadFile("../../serve/web/dashboard.html")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	plain := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
	steps := regexp.MustCompile(`(?s)<li id="first-\w+"><h3>(.*?)</h3><p>(.*?)</p><pre>(.*?)</pre>`).FindAllStringSubmatch(string(page), -1)
	if len(steps) < 8 {
		t.Fatalf("%d steps", len(steps))
	}
	for i, s := range steps {
		want := fmt.Sprintf("%d. **%s.** %s\n\n   ```\n   %s\n   ```\n", i+1, plain.Replace(s[1]), plain.Replace(s[2]), strings.ReplaceAll(plain.Replace(s[3]), "\n", "\n   "))
		if !bytes.Contains(readme, []byte(want)) {
			t.Errorf("the README does not say\n%s", want)
		}
	}
}
