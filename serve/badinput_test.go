package serve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"orrery/models"
	"orrery/models/badinput"
)

// refusal is what POST /v1/events answers.
type refusal struct {
	Error    struct{ Code, Message, Field string }
	Accepted int
	Rejected []struct {
		Index                int
		Code, Message, Field string
	}
}

func (r *rig) send(body string) (int, refusal) {
	r.t.Helper()
	resp := r.do("POST", "/v1/events", body)
	var got refusal
	if err := json.Unmarshal(resp.Body(), &got); err != nil {
		r.t.Fatalf("the answer is no JSON: %v: %s", err, resp.Body())
	}
	return resp.StatusCode(), got
}

// TestBadInput: every kind of bad input is told with its code and field, and nothing of it reaches the log.
func TestBadInput(t *testing.T) {
	r := newRig(t, Config{})
	for _, c := range badinput.Cases {
		status, got := r.send(string(c.Body))
		want := 400
		if len(c.Body) > 5<<20 {
			want = 413
		}
		if status != want || got.Error.Code != c.Code || got.Error.Field != c.Field || got.Error.Message == "" || got.Accepted != 0 {
			t.Errorf("%s: %d %+v, want %s %s", c.Name, status, got.Error, c.Code, c.Field)
		}
	}
	if n := len(r.fake.taken()); n > 0 {
		t.Errorf("%d bad records reached the log", n)
	}
}

// TestBadInputSparesNeighbours: a bad record on its own line costs neither the event before it nor the one after.
func TestBadInputSparesNeighbours(t *testing.T) {
	r := newRig(t, Config{MaxBody: 16 << 20})
	for _, c := range badinput.Cases {
		if bytes.ContainsAny(c.Body, "\n\r") || len(bytes.TrimSpace(c.Body)) == 0 || c.Body[0] == '[' {
			continue // more than one line, or an array, which begins a body and not a line
		}
		r.fake.set(func() { r.fake.records = nil })
		before, after := `{"event":"view_item","id":"before","visitor":"v"}`, `{"event":"view_item","id":"after","visitor":"v"}`
		status, got := r.send(fmt.Sprintf("%s\n%s\n%s\n", before, c.Body, after))
		taken := r.fake.taken()
		if status != 202 || len(got.Rejected) == 0 || got.Rejected[0].Index != 1 || len(taken) != 2 || string(taken[0].Value) != before || string(taken[1].Value) != after {
			t.Errorf("%s: %d %+v, %d taken", c.Name, status, got, len(taken))
		}
	}
}

// TestOddInput: what looks bad and is not reaches the log as it came.
func TestOddInput(t *testing.T) {
	r := newRig(t, Config{})
	for _, c := range badinput.Odd {
		r.fake.set(func() { r.fake.records = nil })
		status, got := r.send(string(c.Body))
		taken := r.fake.taken()
		if status != 202 || len(got.Rejected) > 0 || len(taken) == 0 {
			t.Errorf("%s: %d %+v", c.Name, status, got)
			continue
		}
		var e models.Event
		if err := e.Decode(taken[0].Value, r.fake.deps().Clock()); err != nil {
			t.Errorf("%s: what was taken cannot be decoded: %v", c.Name, err)
		}
	}
}
