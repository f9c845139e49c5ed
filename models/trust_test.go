package models

import (
	"fmt"
	"testing"
)

func decodedAt(t *testing.T, record string, at Time) *Event {
	t.Helper()
	e := new(Event)
	if err := e.Decode([]byte(record), at); err != nil {
		t.Fatalf("cannot decode %s: %v", record, err)
	}
	return e
}

func TestDecodeTrust(t *testing.T) {
	for _, c := range []struct {
		members string
		trust   Trust
		net     uint64
	}{
		{`"x":1`, Trusted, 0},
		{`"trust":null,"net":null`, Trusted, 0},
		{`"trust":"secret","net":""`, Trusted, 0},
		{`"trust":"signed"`, Signed, 0},
		{`"trust":"public","net":"00000000000000ff"`, Public, 255},
		{`"trust":"owner"`, Public, 0},
		{`"trust":1,"net":12`, Public, 0},
		{`"trust":{"secret":1}`, Public, 0},
		{`"trust":"secret","net":"00000000000000ff","trust":"public","net":"zz"`, Public, 0},
		{`"trust":"public","trust":"secret"`, Trusted, 0},
	} {
		e := decodedAt(t, `{"event":"page_view","visitor":"v",`+c.members+`}`, MinTime)
		if e.Trust != c.trust || e.Net != c.net {
			t.Errorf("%s: trust %v, net %x, want %v, %x", c.members, e.Trust, e.Net, c.trust, c.net)
		}
		if c.members != `"x":1` && len(e.Props) > 0 {
			t.Errorf("%s: props %s", c.members, e.Props)
		}
	}
}

// TestStrangersClock: F7 of the attack report. What a stranger's clock says holds within bounds, the shop's own as before.
func TestStrangersClock(t *testing.T) {
	at := Time(1_790_000_000_000)
	for _, c := range []struct {
		trust string
		time  Time
		want  Time
		no    bool
		stale bool
	}{
		{"public", at + 5*Minute, at + 5*Minute, false, false},
		{"public", at + 5*Minute + 1, at, true, false},
		{"public", at + 23*Hour, at, true, false},
		{"public", at - Day, at - Day, false, false},
		{"public", at - Day - 1, at - Day - 1, false, true},
		{"public", MinTime - 1, at, true, false},
		{"signed", at + 23*Hour, at + 23*Hour, false, false},
		{"secret", at + 23*Hour, at + 23*Hour, false, false},
		{"secret", at - 300*Day, at - 300*Day, false, false},
	} {
		e := decodedAt(t, fmt.Sprintf(`{"event":"page_view","visitor":"v","time":%d,"trust":%q}`, c.time, c.trust), at)
		if e.Time != c.want || e.NoTime != c.no || e.Stale != c.stale {
			t.Errorf("%s %d: time %d %v, stale %v", c.trust, c.time-at, e.Time-at, e.NoTime, e.Stale)
		}
	}
}

func TestCorrected(t *testing.T) {
	now := Time(1_790_000_000_000)
	for _, c := range []struct {
		time, sent string
		want       Time // before now
		changed    bool
	}{
		{"%d", "", 0, false},
		{fmt.Sprint(now - 300*Day), "", 300 * Day, false},                         // a sender that does not say when it sent
		{fmt.Sprint(now - 3000), fmt.Sprint(now - 9000), 3000, false},             // the way here
		{fmt.Sprint(now + Hour - 3000), fmt.Sprint(now + Hour), 3000, true},       // a clock in the wrong zone
		{fmt.Sprint(now - Hour - 3000), fmt.Sprint(now - Hour), 3000, true},       // behind
		{fmt.Sprint(now + 400*Day - 3000), fmt.Sprint(now + 400*Day), 3000, true}, // a year ahead: no plausible time
		{fmt.Sprint(now + Hour + 3000), fmt.Sprint(now + Hour), 0, true},          // happened after it was sent
		{"1", "2", 1000, true},                                                    // a clock that begins at 1970
		{fmt.Sprint(now - 3000), fmt.Sprint(Time(1) << 62), 3000, false},          // no time
		{fmt.Sprint(Time(1) << 62), fmt.Sprint(now - Hour), 0, false},             // no time
	} {
		if c.time == "%d" {
			c.time = fmt.Sprint(now)
		}
		record := `{"event":"page_view","visitor":"v","time":` + c.time
		if c.sent != "" {
			record += `,"sent_at":` + c.sent
		}
		e := decodedAt(t, record+`}`, now)
		if got, changed := e.Corrected(now); got != now-c.want || changed != c.changed {
			t.Errorf("%s sent %s: %d before now, changed %v; want %d, %v", c.time, c.sent, now-got, changed, c.want, c.changed)
		}
	}
}

// TestDerivedID: the id that stands for an event in the log is that of the event as it was sent, whenever it is sent again.
func TestDerivedID(t *testing.T) {
	at := Time(1_790_000_000_000)
	sent := func(at, sentAt Time) *Event {
		return decodedAt(t, fmt.Sprintf(`{"event":"page_view","visitor":"v","time":%d,"sent_at":%d}`, at-Hour-2*Second, sentAt), at)
	}
	first := sent(at, at-Hour)
	again := decodedAt(t, fmt.Sprintf(`{"event":"page_view","visitor":"v","time":%d,"sent_at":%d}`, at-Hour-2*Second, at-Hour+Minute), at+Minute)
	if first.IDHash() != again.IDHash() {
		t.Error("a retry with another sent_at is another event")
	}
	plain := decodedAt(t, fmt.Sprintf(`{"event":"page_view","visitor":"v","time":%d}`, at-Hour-2*Second), at)
	if plain.IDHash() != first.IDHash() {
		t.Error("the same event without sent_at is another event")
	}
	id := AppendDerivedID(nil, first)
	corrected, _ := first.Corrected(at)
	stored := decodedAt(t, fmt.Sprintf(`{"event":"page_view","visitor":"v","time":%d,"sent_at":%d,"id":%q,"time":%d}`,
		at-Hour-2*Second, at-Hour, id, corrected), at)
	if stored.IDHash() != first.IDHash() || stored.Time != at-2*Second {
		t.Errorf("as stored it is another event, or of %d", stored.Time-at)
	}
	if other := sent(at+1, at-Hour); other.IDHash() == first.IDHash() {
		t.Error("an event a millisecond later is the same")
	}
}
