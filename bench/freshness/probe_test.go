package freshness

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"testing"
	"time"

	"orrery/models"
)

// A request of the stream is one that a server can read, and holds as many events as it says, each of them valid.
func TestPosts(t *testing.T) {
	for _, batch := range []int{1, 10} {
		p := newPosts(1000, batch)
		for range 3 {
			raw, _ := p.Next(nil, time.Time{})
			r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for line := range bytes.Lines(body) {
				var e models.Event
				if err := e.Decode(bytes.TrimSpace(line), models.TimeOf(time.Now())); err != nil {
					t.Fatal(err)
				}
				n++
			}
			if n != batch {
				t.Errorf("%d events in a request of %d", n, batch)
			}
		}
	}
}
