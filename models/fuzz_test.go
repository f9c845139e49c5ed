package models

import (
	"bytes"
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"orrery/models/badinput"
)

// seeds adds all bad and odd input that is not large.
func seeds(f *testing.F) {
	f.Helper()
	for _, list := range [][]badinput.Case{badinput.Cases, badinput.Records, badinput.Odd} {
		for _, c := range list {
			if len(c.Body) < 2000 {
				f.Add(c.Body)
			}
		}
	}
	f.Add([]byte(whole))
	f.Add([]byte(fullRecord))
	f.Add([]byte(leanRecord))
}

// What encoding/json refuses Decode refuses; what Decode takes it reads as encoding/json does, and a round trip through
// Append keeps it.
func FuzzDecode(f *testing.F) {
	seeds(f)
	var reused Event
	f.Fuzz(func(t *testing.T, record []byte) {
		before := bytes.Clone(record)
		err := reused.Decode(record, now)
		if !bytes.Equal(before, record) {
			t.Fatal("Decode changed the record")
		}
		if err != nil {
			if v := err.(*Invalid); v.Code == "" || v.Reason == "" {
				t.Fatalf("refused without a word: %+v", v)
			}
			return
		}
		if !json.Valid(record) {
			t.Fatalf("taken, but not JSON: %q", record)
		}
		agree(t, &reused, record, now)
		roundTrip(t, &reused, now)
	})
}

// Records are parts of the body, in order, and nothing but white space, commas, brackets and a byte order mark lies
// between them; an array that encoding/json reads is cut into its elements.
func FuzzSplit(f *testing.F) {
	seeds(f)
	body, _, _ := badinput.Lines(badinput.Cases[:80])
	f.Add(body)
	f.Add([]byte(`[{"event":"x"},{"event":"y},{"event":"z"}]`))
	f.Add([]byte("[1,2,\n{}, [3] ,\"a\"]"))
	f.Fuzz(func(t *testing.T, body []byte) {
		at := 0
		var records [][]byte
		err := Split(body, func(record []byte) bool {
			if len(record) == 0 {
				t.Fatal("an empty record")
			}
			n := bytes.Index(body[at:], record)
			if n < 0 {
				t.Fatalf("record %q is no part of the rest %q", record, body[at:])
			}
			between(t, body[at:at+n])
			at += n + len(record)
			records = append(records, record)
			return true
		})
		between(t, body[at:])
		if err != nil && err.(*Invalid).Code != NotJSON {
			t.Fatalf("unexpected error %v", err)
		}
		if len(records) == 0 && err == nil && !bytes.ContainsAny(body, ",]") {
			t.Fatalf("nothing and no error from %q", body)
		}
		var want []json.RawMessage
		if json.Unmarshal(body, &want) != nil || bytes.HasPrefix(trimSpace(body), []byte("null")) {
			return
		}
		if _, why := skip(body, 0, MaxDepth); why != sound {
			return // deeper than Split looks
		}
		if err != nil || len(records) != len(want) {
			t.Fatalf("%d records (%v), want %d of %q", len(records), err, len(want), body)
		}
		for i := range want {
			if !bytes.Equal(records[i], want[i]) {
				t.Fatalf("record %d is %q, want %q", i, records[i], want[i])
			}
		}
	})
}

// between fails for what must not be lost.
func between(t *testing.T, gap []byte) {
	t.Helper()
	if rest := bytes.Trim(bytes.TrimPrefix(gap, byteOrderMark), "[], \t\r\n"); len(rest) > 0 {
		t.Fatalf("%q is lost", rest)
	}
}

// An object is walked as encoding/json reads it, and whatever the bytes are, values are JSON.
func FuzzMembers(f *testing.F) {
	seeds(f)
	f.Add([]byte(`{"a":1,"b" : "x\n" , "c":{"d":[1,2,{}]},"a":null,"\u0061":"\ud83d\ude00"}`))
	f.Fuzz(func(t *testing.T, object []byte) {
		Members(object, func(name []byte, v Value) bool { return checkValue(t, v) })
		var want map[string]json.RawMessage
		if json.Unmarshal(object, &want) != nil || want == nil {
			return
		}
		props := bytes.Trim(object, " \t\r\n")
		props = props[1 : len(props)-1]
		if _, why := skip(object, 0, MaxDepth); why != sound {
			return
		}
		sameMembers(t, props, want)
		for name, value := range want {
			if got := Member(props, name); !bytes.Equal(got, value) {
				t.Fatalf("Member(%q) is %s, want %s", name, got, value)
			}
		}
	})
}

// checkValue compares the readers of a value with encoding/json.
func checkValue(t *testing.T, v Value) bool {
	if !json.Valid(v) {
		t.Fatalf("value %q is not JSON", v)
	}
	if s, grown, ok := v.Text(nil); ok && v[0] == '"' {
		var want string
		if err := json.Unmarshal(v, &want); err != nil || string(s) != want {
			t.Fatalf("text of %s is %q, want %q (%d in the buffer)", v, s, want, len(grown))
		}
	}
	var want float64
	if got, ok := v.Float(); ok && v[0] != '"' && json.Unmarshal(v, &want) == nil && got != want {
		t.Fatalf("float of %s is %v, want %v", v, got, want)
	}
	v.Money()
	v.Bool()
	return true
}

// ParseTime reads what has the RFC's form and the standard library reads. AppendTime writes what ParseTime reads.
func FuzzTime(f *testing.F) {
	for _, s := range []string{"2026-11-21T10:15:30.123Z", "2000-02-29T23:59:59.999999999+23:59", "0000-01-01T00:00:00-00:01",
		"9999-12-31t23:59:59z", "2026-11-21 10:15:30+01:00", "1900-02-29T00:00:00Z", "2026-11-21T10:15:30,5Z"} {
		f.Add([]byte(s), int64(1795256130123))
	}
	f.Add([]byte(""), int64(-62167219200001))
	f.Fuzz(func(t *testing.T, s []byte, ms int64) {
		var std time.Time
		err := std.UnmarshalText([]byte(rfc3339Case(string(s))))
		got, ok := ParseTime(s)
		if ok != (err == nil && rfc3339Grammar.Match(s)) || ok && got != TimeOf(std) {
			t.Fatalf("ParseTime(%q) = %d %v, the standard library says %v %v", s, got, ok, std, err)
		}
		text := AppendTime(nil, Time(ms))
		if again, ok := ParseTime(text); ok && again != Time(ms) || !ok && string(text) != string(json.Number(big.NewInt(ms).String())) {
			t.Fatalf("%d was written as %s and read as %d", ms, text, again)
		}
	})
}

// ParseMoney rounds as exact arithmetic does, and AppendMoney writes what ParseMoney reads.
func FuzzMoney(f *testing.F) {
	for _, s := range []string{"0", "-0", "19.90", "1e3", "+.5", "5.", "007", "0.0000005", "-0.0000005", "0.00000049999999999999999999",
		"999999999999.9999995", "9223372036854.775807", "9223372036854.775808", "1e400", "1e-400", "123456789012345678901234567890",
		"12.3456785e-2", "0x10", "1_0", "NaN", "Inf", ".", "e5", ""} {
		f.Add([]byte(s), int64(len(s)))
	}
	exactly := new(big.Int).Mul(big.NewInt(1e12), big.NewInt(Micros))
	f.Fuzz(func(t *testing.T, s []byte, micros int64) {
		got, err := ParseMoney(s)
		want, ok := decimal(string(s))
		if (err == nil) != ok && !bytes.ContainsAny(s, "eE") { // the oracle leaves long exponents alone
			t.Fatalf("ParseMoney(%q) = %v %v, want %v", s, got, err, want)
		}
		if err == nil && ok {
			diff := new(big.Int).Sub(big.NewInt(int64(got)), want)
			saturated := !want.IsInt64() && got == MoneyOf(float64(want.Sign())*1e300)
			if !saturated && diff.CmpAbs(big.NewInt(1)) > 0 || diff.Sign() != 0 && want.CmpAbs(exactly) < 0 {
				t.Fatalf("ParseMoney(%q) = %d, want %d", s, got, want)
			}
		}
		text := AppendMoney(nil, Money(micros))
		if again, err := ParseMoney(text); err != nil || again-Money(micros) > 1 || Money(micros)-again > 1 {
			t.Fatalf("%d was written as %s and read as %d %v", micros, text, again, err)
		}
	})
}
