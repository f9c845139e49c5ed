package stream

import (
	"reflect"
	"testing"
)

// Everything that is in the log, and everything that comes later, ends in the state, in the order of its partition.
func TestPipelineFoldsTheLog(t *testing.T) {
	c := startLog(t, 4)
	early, late := events(1, 3000), events(2, 1000)
	produce(t, c, early)
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m})
	ctx := testContext(t)
	if err := p.WaitCaughtUp(ctx); err != nil {
		t.Fatal(err)
	}
	if got, want := m.state(), oracle(early); !reflect.DeepEqual(got, want) {
		t.Fatalf("after catching up got %v, want %v", got, want)
	}
	w, err := NewWriter(WriterConfig{Cluster: c})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for at := 0; at < len(late); at += 10 {
		if err := w.Append(ctx, late[at:at+10]); err != nil {
			t.Fatal(err)
		}
	}
	all := append(early, late...)
	waitTotal(t, m, len(all))
	if got, want := m.state(), oracle(all); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}
