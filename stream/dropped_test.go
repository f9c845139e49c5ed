package stream

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"

	"orrery/models/slab"
)

// guessing is a ledger with a section that the next build cannot read, and can do without.
type guessing struct {
	*ledger
	dropped bool
}

func (g *guessing) Freeze() []Section {
	return append(g.ledger.Freeze(), Section{Name: "guesses", Version: 3, Data: bytes.NewReader([]byte("heads"))})
}

func (g *guessing) Restore(name string, version uint16, r io.Reader) error {
	if name == "guesses" {
		g.dropped = true
		return &slab.Dropped{Section: name, Because: "the coin has changed"}
	}
	return g.ledger.Restore(name, version, r)
}

// A section that the machine goes on without is passed over with a warning; the rest of the snapshot counts.
func TestDroppedSection(t *testing.T) {
	c := startLog(t, 1)
	produce(t, c, events(21, 100))
	dir := t.TempDir()
	m := &guessing{ledger: newLedger()}
	p := run(t, Config{Cluster: c, Machine: m, Dir: dir})
	want := settle(t, p, m.ledger)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	again := &guessing{ledger: newLedger()}
	p = run(t, Config{Cluster: c, Machine: again, Dir: dir})
	same(t, "without the guesses", settle(t, p, again.ledger), want)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); !again.dropped || !strings.Contains(said, "section=guesses") || !strings.Contains(said, "the coin has changed") {
		t.Errorf("dropped %v, the log says %s", again.dropped, said)
	}
	if p.Status().Snapshot.Restore == 0 {
		t.Error("the snapshot was not restored")
	}
}
