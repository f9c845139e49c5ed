package engine_test

import (
	"fmt"
	"testing"

	"orrery/models"
)

// Erasures of logs from before there were marks name by the log's hash: they are read as they are. One of another log names nobody here.
func TestErasureOfOtherVersions(t *testing.T) {
	e := newSeeded(t)
	at := func(hours int) string {
		return (dayZero + models.Time(hours)*models.Hour).Std().Format("2006-01-02T15:04:05Z")
	}
	applyLines(t, e, []string{
		`{"event":"identify","time":"` + at(1) + `","visitor":"v","contact":"anna@example.org","name":"Anna"}`,
		`{"event":"identify","time":"` + at(1) + `","visitor":"w","contact":"bert@example.org","name":"Bert"}`,
	}, 8)
	hash := e.KeysOf([]byte("default"), []byte("anna@example.org"))["hash"]
	applyLines(t, e, []string{fmt.Sprintf(`{"event":"erasure","time":%q,"contact":"~%016x"}`, at(2), hash)}, 8)
	if _, known := e.Contact(nil, []byte("anna@example.org"), dayZero+models.Day); known || !e.WasErased(nil, []byte("anna@example.org"), nil) {
		t.Error("a record of a version before does not erase")
	}
	other := newSeeded(t)
	other.Seed(0xbad)
	for _, member := range []string{"contact", "visitor"} {
		ev := new(models.Event)
		line := fmt.Sprintf(`{"event":"erasure","time":%q,%q:%q}`, at(3), member, other.ErasureOf(nil, []byte("bert@example.org")))
		if err := ev.Decode([]byte(line), dayZero+models.Day); err != nil {
			t.Fatal(err)
		}
		if why := e.Admit(ev); why == nil || why.Code != models.OtherLog || why.Field != member {
			t.Errorf("%s: %v", line, why)
		}
		applyLines(t, e, []string{line}, 1)
	}
	if _, known := e.Contact(nil, []byte("bert@example.org"), dayZero+models.Day); !known {
		t.Error("an erasure of another log erases")
	}
}
