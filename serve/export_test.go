package serve

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"orrery/models"
)

// An export is streamed to its end, whose trailers say how many rows came and where to go on; it needs the secret key.
func TestExport(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Write: "w", Secret: "s"}}})
	const n = 20_007 // more than any buffer on the way holds
	r.fake.set(func() {
		for i := range n {
			r.fake.contacts = append(r.fake.contacts, models.Profile{Contact: fmt.Sprintf("c%d", i)})
		}
	})
	r.expect("POST", "/v1/export/contacts", "", 403, "", "Authorization: Bearer w")
	for _, limit := range []int{n, 7} {
		resp, body := r.export(t, fmt.Sprintf("?limit=%d&format=csv&segment=At+Risk&frame=trending&n=3", limit))
		lines := strings.Split(strings.TrimSuffix(body, "\n"), "\n")
		if len(lines) != limit || lines[limit-1] != fmt.Sprintf(`{"contact":"c%d"}`, limit-1) {
			t.Errorf("%d lines, want %d; the last is %s", len(lines), limit, lines[len(lines)-1])
		}
		if rows, cursor := resp.Trailer.Get(headerRows), resp.Trailer.Get(headerCursor); rows != fmt.Sprint(limit) || cursor != fmt.Sprint("after c", limit-1) {
			t.Errorf("the trailers say %q rows, cursor %q", rows, cursor)
		}
		if got := resp.Header.Get(headerAbout); got != fmt.Sprint(n) {
			t.Errorf("about %s rows, want %d", got, n)
		}
	}
	q := r.fake.exported
	q.NewID = nil
	if want := (ExportRequest{What: "contacts", Shop: "default", Format: "csv", Segment: "At Risk", Frame: "trending", N: 3, Limit: 7, Now: 1_795_000_000_000}); fmt.Sprint(q) != fmt.Sprint(want) {
		t.Errorf("asked for %+v, want %+v", q, want)
	}
}

// export asks for contacts as a program does.
func (r *rig) export(t *testing.T, query string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://"+r.line.Addr().String()+"/v1/export/contacts"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer s")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		body = append(body, "\nbroken: "+err.Error()...)
	}
	return resp, string(body)
}

// What breaks off shows: the body has no end, and no trailers.
func TestExportBreaksOff(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Secret: "s"}}})
	r.fake.set(func() {
		r.fake.contacts, r.fake.exportErr = make([]models.Profile, 10_000), errors.New("on purpose")
	})
	if resp, body := r.export(t, ""); !strings.Contains(body, "\nbroken: ") || resp.Trailer.Get(headerRows) != "" {
		t.Errorf("%d, %d bytes, trailers %v: it looks whole", resp.StatusCode, len(body), resp.Trailer)
	}
	for range 3 * maxExports { // places come free again
		r.export(t, "?limit=1")
	}
	if resp, body := r.export(t, "?limit=1"); resp.StatusCode != 200 {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestExportParameters(t *testing.T) {
	r := newRig(t, Config{Keys: []Key{{Shop: "north", Secret: "s"}}})
	for query, want := range map[string]string{
		"?limit=0": "limit", "?limit=x": "limit", "?n=0": "n", "?n=21": "n", "?format=%zz": "format", "?shop=south": "shop",
	} {
		if resp, body := r.export(t, query); resp.StatusCode < 400 || !strings.Contains(body, `"field":"`+want+`"`) && !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", query, resp.StatusCode, body)
		}
	}
	r.expect("POST", "/v1/export/nothing", "", 400, "", "Authorization: Bearer s")
	r.fake.set(func() {})
	if resp, _ := r.export(t, ""); resp.StatusCode != 200 || r.fake.exported.Shop != "north" {
		t.Errorf("%d, of shop %q", resp.StatusCode, r.fake.exported.Shop)
	}
}
