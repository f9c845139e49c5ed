package stream

import (
	"errors"
	"fmt"
	"testing"
)

// What stands in the way is told until it succeeds; what is counted stays counted.
func TestFetchErrors(t *testing.T) {
	var e fetchErrors
	steps := 0
	f := func(n uint64, want string) {
		t.Helper()
		steps++
		got, open := e.read()
		text := ""
		if open != nil {
			text = open.Error()
		}
		if got != n || text != want {
			t.Errorf("step %d: got %d, %q, want %d, %q", steps, got, text, n, want)
		}
	}
	add := func(where int, what string, want bool) {
		t.Helper()
		if news := e.add(where, errors.New(what)); news != want {
			t.Errorf("after step %d: got news %v of %s", steps, news, what)
		}
	}
	f(0, "")
	add(listing, "no broker", true)
	add(listing, "no broker", false)
	add(listing, "another", true)
	f(3, "another")
	add(2, "two", true)
	add(1, "one", true)
	f(5, "another") // the listing's first
	e.listed()
	f(5, "one")
	e.delivered(1)
	f(5, "two")
	e.listed() // nothing new of it since the one before
	f(5, "")
	add(1, "one", true)
	for range 3 {
		e.listed()
		add(1, "one", false) // it comes again and again: it stands
	}
	f(9, "one")
	e.silent(1, errors.New("silent")) // nothing new where worse is known
	f(9, "one")
	e.delivered(1)
	e.silent(1, errors.New("silent"))
	f(9, "silent")
	e.delivered(1)
	f(9, "")
	if n := testing.AllocsPerRun(100, func() { e.delivered(1); e.listed() }); n > 0 {
		t.Errorf("got %v allocations where nothing stands", n)
	}
	for i := range 3 {
		e.add(i, fmt.Errorf("partition %d", i))
	}
	f(12, "partition 0")
}
