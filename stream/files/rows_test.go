package files

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRowsOfOtherFormats(t *testing.T) {
	f := func(in rows, columns string, want ...string) {
		t.Helper()
		if err := in.bind(strings.Split(columns, " ")); err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(in); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	f(newLineRows(strings.NewReader("a,b\n\n \nc\r\n")), "line #", "1|a,b|1", "4|c|2")
	f(newJSONRows(strings.NewReader("{\"a\":\"x\\u00e9\",\"b\":{\"c\":1.5}}\n\n{\"a\":null}\n")), "a b.c #", "1|xé|1.5|1", "3|||2")
	f(newJSONRows(strings.NewReader("{\"a\":1\n[]\n{\"a\":true,\"b\":7}\n{\"a\":[1, 2]}")), "a",
		"1! unexpected end of JSON input", "2! json: cannot unmarshal array into Go value of type map[string]json.RawMessage",
		"3|true", "4|[1, 2]")
	f(newJSONRows(strings.NewReader(`{"b":7}`)), "b.c", "1! member b is no object")
	start := time.UnixMilli(1000).UTC()
	f(newHistories(strings.NewReader(`{"user":1,"baskets":[[0,1],[2]]}`+"\n\n"+`{"user":5,"baskets":[]}`+"\n"+`{"user":7,"baskets":[[3]]}`), start),
		"user basket items time #", "1|1|1|0 1 |1000|1", "1|1|2|2 |86401000|2", "4|7|1|3 |1000|3")
	f(newHistories(strings.NewReader("{]"), start), "user", "1! invalid character ']' looking for beginning of object key string")
}

func TestBindErrors(t *testing.T) {
	f := func(in rows, want string) {
		t.Helper()
		if err := in.bind([]string{"nope"}); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	f(newLineRows(strings.NewReader("")), `cannot find column "nope": there are line and #`)
	f(newHistories(strings.NewReader(""), time.Time{}), `cannot find column "nope": there are user, basket, items, time`)
}
