package models

import (
	"math"
	"testing"
)

func TestParseMoney(t *testing.T) {
	f := func(s string, want Money, text string) {
		t.Helper()
		got, err := ParseMoney([]byte(s))
		if err != nil || got != want {
			t.Errorf("ParseMoney(%q) = %d %v, want %d", s, got, err, want)
		}
		if got.String() != text {
			t.Errorf("%q is written as %s, want %s", s, got, text)
		}
	}
	f("0", 0, "0.00")
	f("-0", 0, "0.00")
	f("19.90", 19_900_000, "19.90")
	f("19.9", 19_900_000, "19.90")
	f("-3.5", -3_500_000, "-3.50")
	f("1e3", 1000_000_000, "1000.00")
	f("1E-3", 1000, "0.001")
	f("+.50", 500_000, "0.50")
	f("007.", 7_000_000, "7.00")
	f("0.123456", 123_456, "0.123456")
	f("0.1234564", 123_456, "0.123456")
	f("0.1234565", 123_457, "0.123457")
	f("-0.1234565", -123_457, "-0.123457")
	f("0.12345649999999999999999999999", 123_456, "0.123456")
	f("1.005", 1_005_000, "1.005")
	f("999999999999.999999", 999_999_999_999_999_999, "999999999999.999999")
	f("9223372036854.775807", math.MaxInt64, "9223372036854.775807")
	f("9223372036854.775808", math.MaxInt64, "9223372036854.775807")
	f("-1e400", -math.MaxInt64, "-9223372036854.775807")
	f("1e-400", 0, "0.00")

	for _, s := range []string{"", "-", ".", "e5", "5e", "abc", "1,5", "1 ", " 1", "NaN", "Inf", "0x10", "1_000", "--1", "€5"} {
		if got, err := ParseMoney([]byte(s)); err == nil {
			t.Errorf("ParseMoney(%q) = %v", s, got)
		}
	}
}

func TestMoneyOf(t *testing.T) {
	f := func(x float64, want Money) {
		t.Helper()
		if got := MoneyOf(x); got != want {
			t.Errorf("MoneyOf(%v) = %d, want %d", x, got, want)
		}
	}
	f(19.9, 19_900_000)
	f(-0.0000005, -1)
	f(1e300, math.MaxInt64)
	f(math.Inf(-1), -math.MaxInt64)
	f(math.NaN(), 0)
}
