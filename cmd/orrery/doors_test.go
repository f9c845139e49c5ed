package main

import (
	"fmt"
	"testing"

	"orrery/serve"
)

func TestNetwork(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		var n network
		if err := n.UnmarshalText([]byte(text)); err != nil {
			if want != "" {
				t.Error(err)
			}
		} else if got := fmt.Sprint(n); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	f("10.0.0.0/8", "10.0.0.0/8")
	f("10.1.2.3/8", "10.0.0.0/8")
	f("10.1.2.3", "10.1.2.3/32")
	f("::ffff:10.1.2.3", "10.1.2.3/32")
	f("2001:db8::/32", "2001:db8::/32")
	f("2001:db8::1", "2001:db8::1/128")
	f("10.0.0.0/33", "")
	f("proxy.example", "")
	f("", "")
}

// What bodies may take follows from the memory that the process may use.
func TestBodiesByMemory(t *testing.T) {
	f := func(flag int, memory int64, want int) {
		t.Helper()
		var cfg serve.Config
		if (&doorFlags{Bodies: flag}).apply(&cfg, memory); cfg.MaxBodies != want {
			t.Errorf("%d of %d: %d, want %d", flag, memory, cfg.MaxBodies, want)
		}
	}
	f(0, 0, 0) // the server's own default
	f(0, 100<<20, 16<<20)
	f(0, 1<<30, 64<<20)
	f(0, 64<<30, 256<<20)
	f(99<<20, 1<<30, 99<<20)
}
