//go:build integration

package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// What is acknowledged as set holds from the next request on, survives the process whenever it dies, and is what a fold of the log from
// its start comes to.
func TestSettingsHold(t *testing.T) {
	i := newInstance(t)
	i.start()
	put := func(n int) time.Duration {
		t.Helper()
		body := fmt.Sprintf(`{"slots":%d,"steps":[{"recipe":"trending","where":"price < %d"}]}`, n%9+1, n)
		req, err := http.NewRequest(http.MethodPut, i.http+"/v1/settings/frame/exit", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		i.read(resp, http.StatusOK)
		return time.Since(began)
	}
	holds := func(n int) {
		t.Helper()
		var frame struct{ Settings int }
		if i.get("/v1/frames/exit", &frame); frame.Settings != n {
			t.Errorf("version %d answers after %d was set", frame.Settings, n)
		}
	}
	var took []time.Duration
	version := 0
	for round := range 3 {
		for range 60 {
			version++
			took = append(took, put(version))
			holds(version)
		}
		if i.proc.kill(); round == 2 {
			i.start("--snapshot.rebuild")
		} else {
			i.start()
		}
		holds(version)
	}
	var history struct{ History []struct{ Version int } }
	if i.get("/v1/settings/frame/exit/history", &history); len(history.History) != 100 || history.History[0].Version != version {
		t.Errorf("%d versions are kept, the newest %+v", len(history.History), history.History[0])
	}
	slices.Sort(took)
	t.Logf("PUT: median %v, p99 %v of %d", took[len(took)/2], took[len(took)*99/100], len(took))
	var stats stats
	if i.get("/v1/stats", &stats); stats.DeadLetters != 0 {
		t.Errorf("dead letters: %v", stats.DeadLettersByCode)
	}
}
