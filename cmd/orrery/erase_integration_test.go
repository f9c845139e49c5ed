//go:build integration

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	anna   = "anna.erased@example.org"
	annas  = "browser-of-anna"
	bert   = "bert@example.org"
	annaID = "/v1/contacts/" + anna
)

// tellOfAnna has two persons do something, one of whom is to be erased.
func (i *instance) tellOfAnna(t *testing.T) {
	t.Helper()
	var lines []string
	for n, who := range []string{anna, bert} {
		v := []string{annas, "browser-of-bert"}[n]
		for k := range 5 {
			lines = append(lines, fmt.Sprintf(`{"event":"view_item","id":"v%d-%d","visitor":%q,"contact":%q,"items":[{"item_id":"p%d"}]}`, n, k, v, who, k))
		}
		lines = append(lines, fmt.Sprintf(`{"event":"identify","id":"i%d","visitor":%q,"contact":%q,"name":"The name of %s"}`, n, v, who, who),
			fmt.Sprintf(`{"event":"purchase","id":"o%d","contact":%q,"order":"O%d","currency":"EUR","items":[{"item_id":"p1","price":%d}]}`, n, who, n, 10*(n+1)),
			fmt.Sprintf(`{"event":"purchase","id":"q%d","visitor":%q,"order":"Q%d","currency":"EUR","items":[{"item_id":"p2","price":1}]}`, n, v, n))
	}
	if status, body := i.post("/v1/events", []byte("["+strings.Join(lines, ",")+"]")); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, body)
	}
	client := i.client()
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	bad := &kgo.Record{Topic: i.prefix + "pageviews", Key: []byte(annas), Value: []byte(`{"event":"refund","visitor":"` + annas + `","contact":"` + anna + `","value":"much"}`)}
	if err := client.ProduceSync(ctx, bad).FirstErr(); err != nil { // a dead letter
		t.Fatal(err)
	}
	i.settle()
	eventually(t, "the scores of the persons are told", func() bool { return len(i.scores()) >= 2 })
}

func (i *instance) status(path string) int {
	r, err := http.Get(i.http + path)
	if err != nil {
		i.t.Fatal(err)
	}
	r.Body.Close()
	return r.StatusCode
}

func (i *instance) erase(t *testing.T, path string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodDelete, i.http+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	i.read(r, http.StatusAccepted)
}

// proof runs erase prove and returns where something was found.
func (i *instance) proof(t *testing.T, name string, args ...string) (found []string) {
	t.Helper()
	p := launch(t, i.dir, name, nil, append([]string{"erase", "prove", anna, annas, "--data-dir", i.dir + "/data", "--url", i.http}, args...)...)
	code := p.wait(t)
	looked := 0
	for line := range strings.Lines(string(p.output(t))) {
		if looked++; strings.Contains(line, "FOUND") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	if want := min(len(found), 1); code != want || looked < 30 {
		t.Fatalf("prove ended with %d after %d lines, of which %d found something:\n%s", code, looked, len(found), tail(p.file("log"), 10))
	}
	return found
}

func (i *instance) carried(t *testing.T) {
	t.Helper()
	eventually(t, "the erasure is carried on to all files", func() bool {
		text := i.text("/metrics")
		return strings.Contains(text, "\norrery_erasures_pending 0\n") && !strings.Contains(text, "\norrery_erasures_total 0\n")
	})
}

// A person is erased, and the process dies before the snapshots are; a rebuild erases again; the log of a stopped server is rewritten;
// events that come late, and imports, bring nobody back. Orders and money stay what they were all along.
func TestErasure(t *testing.T) {
	i := newInstance(t, "--snapshot.every", "200ms")
	i.start()
	i.tellOfAnna(t)
	eventually(t, "there are several snapshots", func() bool {
		i.post("/v1/events", []byte(`{"event":"page_view","visitor":"somebody"}`))
		files, _ := filepath.Glob(i.dir + "/data/snapshots/*.snap")
		return len(files) >= 2
	})
	before := i.stats()
	if found := i.proof(t, "proof-before"); len(found) < 8 {
		t.Fatalf("before the erasure prove finds only %q", found)
	}
	same := func(what string) {
		t.Helper()
		s := i.stats()
		if s.Orders != before.Orders || s.Revenue["EUR"] != before.Revenue["EUR"] || s.Contacts != before.Contacts-1 {
			t.Errorf("%s: %d orders of %v by %d contacts, want %d of %v by %d", what, s.Orders, s.Revenue, s.Contacts, before.Orders, before.Revenue, before.Contacts-1)
		}
		if a, b, c := i.status(annaID), i.status("/v1/visitors/"+annas), i.status("/v1/contacts/"+bert); a != 404 || b != 404 || c != 200 {
			t.Errorf("%s: the contact is %d, its browser %d, another contact %d", what, a, b, c)
		}
	}

	i.erase(t, annaID)
	i.proc.kill()
	i.start()
	i.carried(t)
	same("after SIGKILL")
	for _, line := range i.proof(t, "proof-killed") {
		if !strings.HasPrefix(line, "log ") && !strings.Contains(line, "/broker/") {
			t.Errorf("something is found beside the log: %s", line)
		}
	}
	if s := i.scores(); len(s) != 1 {
		t.Errorf("scores: %v", s)
	}

	late := fmt.Sprintf(`[{"event":"view_item","visitor":%q,"items":[{"item_id":"p1"}]},{"event":"identify","contact":%q,"name":"again"},{"event":"view_item","visitor":"new","contact":%q,"items":[{"item_id":"p1"}]}]`, annas, anna, anna)
	i.post("/v1/events", []byte(late))
	i.erase(t, annaID) // twice
	i.settle()
	i.carried(t)
	same("after late events and a second erasure")

	if code := i.proc.terminate(t); code != 0 {
		t.Fatal(code)
	}
	execute(t, i.dir, "erase-log", "erase", "log", "--data-dir", i.dir+"/data", "--now")
	if found := i.proof(t, "proof-log", "--offline"); len(found) > 0 {
		t.Errorf("after the log was rewritten:\n%s", strings.Join(found, "\n"))
	}
	i.start("--snapshot.rebuild")
	i.settle()
	same("after a rebuild from the rewritten log")
	if found := i.proof(t, "proof-rebuilt"); len(found) > 0 {
		t.Errorf("after a rebuild:\n%s", strings.Join(found, "\n"))
	}
	status, _ := i.post("/v1/events", []byte(fmt.Sprintf(`{"event":"identify","contact":%q,"consent_after_erasure":true}`, anna)))
	i.settle()
	if got := i.status(annaID); status != http.StatusAccepted || got != 200 {
		t.Errorf("who consents anew is %d", got)
	}
}

// A rebuild from a log that still holds all events erases again, and so does what begins with imported facts.
func TestErasureAgain(t *testing.T) {
	i := newInstance(t, "--snapshot.every", "1h")
	i.start()
	i.tellOfAnna(t)
	i.proc.terminate(t)
	facts := execute(t, i.dir, "facts", "snapshot", "export", "--data-dir", i.dir+"/data")
	if err := os.WriteFile(i.dir+"/facts", facts, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(i.dir + "/data/snapshots"); err != nil {
		t.Fatal(err)
	}
	execute(t, i.dir, "import", slices.Concat([]string{"snapshot", "import", i.dir + "/facts", "--data-dir", i.dir + "/data"}, i.args)...)
	i.start()
	i.erase(t, annaID)
	i.erase(t, "/v1/visitors/"+annas)
	i.carried(t)
	orders := i.stats().Orders
	imported, err := os.ReadFile(i.dir + "/data/imported/facts.ndjson")
	if err != nil || strings.Contains(string(imported), anna) || !strings.Contains(string(imported), bert) {
		t.Errorf("what was imported: %v\n%s", err, imported)
	}
	i.proc.kill()
	i.start("--snapshot.rebuild", "--snapshot.accept-gap")
	i.settle()
	if s := i.stats(); s.Orders != orders || i.status(annaID) != 404 || i.status("/v1/visitors/"+annas) != 404 || i.status("/v1/contacts/"+bert) != 200 {
		t.Errorf("after a rebuild: %d orders, want %d; the contact is %d, its browser %d", s.Orders, orders, i.status(annaID), i.status("/v1/visitors/"+annas))
	}
}

// Two instances of one log forget alike, and one of them puts the tombstone on the scores.
func TestErasureOfTwoInstances(t *testing.T) {
	i := newKafkaInstance(t)
	i.start()
	listen := freePort(t)
	other := &instance{t: t, dir: workDir(t), http: "http://" + listen, brokers: i.brokers, prefix: i.prefix}
	other.args = []string{"--http.listen", listen, "--admin.listen", "-", "--kafka.brokers", i.brokers, "--kafka.prefix", i.prefix}
	other.start()
	i.tellOfAnna(t)
	other.settle()
	other.erase(t, annaID)
	for _, one := range []*instance{i, other} {
		one.settle()
		one.carried(t)
		if one.status(annaID) != 404 || one.status("/v1/contacts/"+bert) != 200 {
			t.Errorf("%s still knows who was erased", one.http)
		}
	}
	last := map[string]bool{}
	for _, r := range i.readTopic("scores") {
		last[string(r.Key)] = r.Value != nil
	}
	for key, there := range last {
		if strings.Contains(key, anna) && there {
			t.Error("the scores of who was erased have no tombstone")
		}
	}
}
