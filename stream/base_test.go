package stream

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"

	"orrery/models"
)

// A state that begins with a base goes on from its positions: what the log held before is not folded, a rebuild begins there
// again, and where the log has lost what came after there is no start.
func TestBase(t *testing.T) {
	c := startLog(t, 1)
	ctx := testContext(t)
	produce(t, c, events(31, 200))
	ends, err := Ends(ctx, c)
	if err != nil || len(ends) != len(inputs) {
		t.Fatalf("%d ends: %v", len(ends), err)
	}
	base := newLedger()
	p := run(t, Config{Cluster: c, Machine: base})
	want := settle(t, p, base)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	dir, folded := t.TempDir(), 0
	cfg := func(m *ledger) Config {
		return Config{Cluster: c, Machine: m, Dir: dir, Base: &Base{Positions: ends, Fold: func() error {
			folded++
			s := base.state()
			m.people, m.counts, m.value = s.People, s.Counts, s.Value
			return nil
		}}}
	}
	start := func(what string, rebuild bool, folds int) {
		t.Helper()
		m := newLedger()
		cfg := cfg(m)
		cfg.Rebuild = rebuild
		p := run(t, cfg)
		got := settle(t, p, m)
		got.Taken = want.Taken // what the base stands for was taken elsewhere
		same(t, what, got, want)
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
		if folded != folds {
			t.Errorf("%s: the base was folded %d times, not %d", what, folded, folds)
		}
	}
	start("at first", false, 1)
	start("with the snapshot that it has left", false, 1) // though no record came
	produce(t, c, events(32, 200))
	later := newLedger()
	p = run(t, Config{Cluster: c, Machine: later})
	want = settle(t, p, later)
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	start("with what came later", false, 1)
	start("rebuilt", true, 2)

	client, err := c.client()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	cut := make(kadm.Offsets)
	for _, pos := range ends {
		if pos.Topic == c.Topic(models.Pageviews) {
			cut.Add(kadm.Offset{Topic: pos.Topic, At: pos.Next + 1})
		}
	}
	if _, err := kadm.NewClient(client).DeleteRecords(ctx, cut); err != nil {
		t.Fatal(err)
	}
	again := cfg(newLedger())
	again.Rebuild = true
	if _, err := Open(ctx, again); !errors.Is(err, ErrGap) {
		t.Errorf("a rebuild where the log has lost records: %v", err)
	}
}
