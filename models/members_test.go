package models

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestMembers(t *testing.T) {
	f := func(props, want string) {
		t.Helper()
		var b strings.Builder
		Members([]byte(props), func(name []byte, v Value) bool {
			fmt.Fprintf(&b, "%s=%s;", name, v)
			return true
		})
		if b.String() != want {
			t.Errorf("members of %s are %s, want %s", props, b.String(), want)
		}
	}
	f(``, ``)
	f(`"a":1`, `a=1;`)
	f(` "a" : 1 , "b" : { "c" : [ ] } `, `a=1;b={ "c" : [ ] };`)
	f(`"a\u0062\n":"x,y:}"`, "ab\n=\"x,y:}\";")
	f(`"a":1,"a":2`, `a=1;a=2;`)
	f(`"a":null,"b":true,"c":-1.5e3`, `a=null;b=true;c=-1.5e3;`)
	// What is broken ends the walk.
	f(`"a":1,b:2`, `a=1;`)
	f(`"a":1 "b":2`, `a=1;`)
	f(`"a":1,"b"`, `a=1;`)
	f(`"a":1,"b":}`, `a=1;`)
	f(`{"a":1}`, ``)

	n := 0
	Members([]byte(`"a":1,"b":2,"c":3`), func([]byte, Value) bool { n++; return n < 2 })
	if n != 2 {
		t.Errorf("%d members after the second said stop", n)
	}
}

func TestMember(t *testing.T) {
	props := []byte(`"a":1,"b":{"a":5},"a":2,"c":null`)
	f := func(name, want string) {
		t.Helper()
		if v := Member(props, name); string(v) != want {
			t.Errorf("%s is %s, want %s", name, v, want)
		}
	}
	f("a", "2")
	f("b", `{"a":5}`)
	f("c", "null")
	f("d", "")
}

func TestValueText(t *testing.T) {
	f := func(v, want string, ok bool) {
		t.Helper()
		buf := []byte("before")
		got, grown, gotOK := Value(v).Text(buf)
		if string(got) != want || gotOK != ok || !strings.HasPrefix(string(grown), "before") {
			t.Errorf("text of %s is %q %v (%q)", v, got, gotOK, grown)
		}
	}
	f(`"abc"`, "abc", true)
	f(`""`, "", true)
	f(`"a\n\u00e4\ud83d\ude00"`, "a\nä😀", true)
	f(`12.50`, "12.50", true)
	f(`-1`, "-1", true)
	f(`true`, "", false)
	f(`null`, "", false)
	f(`{}`, "", false)
	f(``, "", false)
}

func TestValueNumbers(t *testing.T) {
	f := func(v string, money Money, float float64, ok bool) {
		t.Helper()
		m, okMoney := Value(v).Money()
		x, okFloat := Value(v).Float()
		if m != money || x != float || okMoney != ok || okFloat != ok {
			t.Errorf("%s reads %v %v and %v %v, want %v, %v, %v", v, m, okMoney, x, okFloat, money, float, ok)
		}
	}
	f(`19.9`, 19_900_000, 19.9, true)
	f(`"19.90"`, 19_900_000, 19.9, true)
	f(`-0.1`, -100_000, -0.1, true)
	f(`1e-7`, 0, 1e-7, true)
	f(`0.1234567890123456789012345`, 123_457, 0.1234567890123456789012345, true)
	f(`1e300`, math.MaxInt64, 1e300, true)
	f(`-1e400`, -math.MaxInt64, math.Inf(-1), true)
	f(`9007199254740993`, math.MaxInt64, 9007199254740993, true)
	f(`"19.90 EUR"`, 0, 0, false)
	f(`""`, 0, 0, false)
	f(`true`, 0, 0, false)
	f(`null`, 0, 0, false)
	f(``, 0, 0, false)
}

func TestValueBool(t *testing.T) {
	f := func(v string, want, ok bool) {
		t.Helper()
		if got, gotOK := Value(v).Bool(); got != want || gotOK != ok {
			t.Errorf("%s reads %v %v", v, got, gotOK)
		}
	}
	f(`true`, true, true)
	f(`"true"`, true, true)
	f(`1`, true, true)
	f(`false`, false, true)
	f(`"0"`, false, true)
	f(`"yes"`, false, false)
	f(`null`, false, false)
	f(``, false, false)
}
