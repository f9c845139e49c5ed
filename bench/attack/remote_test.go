package attack

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// TestAttackers: they say when they are ready, attack with the kinds that they were told until their input ends, and report.
func TestAttackers(t *testing.T) {
	var mu sync.Mutex
	bodies := map[string]bool{}
	enough := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		for _, word := range []string{"made-up-", "invented_"} {
			if !bodies[word] && bytes.Contains(body, []byte(word)) {
				if bodies[word] = true; len(bodies) == 2 {
					close(enough)
				}
			}
		}
	}))
	defer server.Close()
	in, end := net.Pipe()
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() {
		done <- Attackers(strings.TrimPrefix(server.URL, "http://"), []string{"made-up names", "made-up shops and events"}, in, &out)
	}()
	<-enough
	end.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	text, found := bytes.CutPrefix(out.Bytes(), []byte(ready))
	var r report
	if err := json.Unmarshal(text, &r); err != nil || !found || len(r.Attempts) != 2 || r.Attempts["made-up names"] < 1 {
		t.Errorf("%v %+v %q", err, r, out.Bytes())
	}
}
