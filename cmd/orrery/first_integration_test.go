//go:build integration

package main

import "testing"

// TestFirstStepsInChromium: an empty dashboard says what to do, marks what is done while it is looked at, and goes when all is.
func TestFirstStepsInChromium(t *testing.T) {
	i := newInstance(t)
	i.start()
	b := newBrowser(t)
	b.open(i.http + "/")
	b.until(`document.getElementById("first") && !document.getElementById("first").hidden && document.querySelector("#first-server.done") && !document.querySelector("#first-tracker.done")`)
	i.postOK(t, `{"event":"page_view","visitor":"v-1"}`)
	b.until(`document.querySelector("#first-tracker.done output")?.textContent.includes("1 views of 1 visitors")`)
	i.postOK(t, `{"event":"product_upsert","items":[{"item_id":"P","item_name":"Pan"}]}`)
	b.until(`document.querySelector("#first-feed.done output")?.textContent.includes("1 products")`)
	i.postOK(t, `{"event":"purchase","visitor":"v-1","order":"O","value":5,"currency":"EUR"}`)
	b.until(`document.getElementById("first").hidden`)
	if len(b.faults) > 0 {
		t.Errorf("uncaught: %s", b.faults)
	}
}

func (i *instance) postOK(t *testing.T, event string) {
	t.Helper()
	if status, answer := i.post("/v1/events", []byte(event)); status != 202 {
		t.Fatalf("%s: %d %s", event, status, answer)
	}
}
