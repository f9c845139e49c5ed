package engine_test

import (
	"fmt"
	"testing"

	"orrery/engine"
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

// What pages have said a contact bought is part of what is known of it, until it is erased; then it is counted as open no more.
func TestContactDataHasClaims(t *testing.T) {
	r := newRightsRig(t, engine.Config{})
	r.must("secret", noon, `{"event":"identify","visitor":"v","contact":"anna"}`)
	r.must("public", noon+1, `{"event":"purchase","visitor":"v","order":"1","value":5}`)
	r.must("public", noon+2, `{"event":"purchase","visitor":"w","contact":"anna","order":"2","value":5}`)
	r.must("public", noon+3, `{"event":"purchase","visitor":"w","order":"3","value":5}`)
	r.must("secret", noon+4, `{"event":"purchase","contact":"anna","order":"2","value":5}`)
	d, ok := r.e.ContactData(nil, []byte("anna "), noon+models.Hour)
	if !ok || len(d.Claims) != 2 || d.Claims[0].Known || d.Claims[0].At != noon+1 || !d.Claims[1].Known || d.Claims[1].At != noon+2 ||
		d.Claims[0].Visitor == d.Claims[1].Visitor || d.Claims[0].Order == d.Claims[1].Order {
		t.Errorf("%t, %+v", ok, d.Claims)
	}
	if st := r.e.ShopStats(nil); st.Claims.Open != 2 {
		t.Errorf("%+v", st.Claims)
	}
	r.must("secret", noon+5, `{"event":"erasure","contact":"%s"}`, r.e.ErasureOf(nil, []byte("anna")))
	if st, all := r.e.ShopStats(nil), r.e.Stats(); st.Claims.Open != 1 || all.Claims.Open != 1 {
		t.Errorf("after the erasure %+v of the shop, %+v of all", st.Claims, all.Claims)
	}
}
