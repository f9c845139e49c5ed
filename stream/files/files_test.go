package files

import (
	"context"
	"strings"
	"testing"

	"orrery/models"
)

// replayed is the record time that tests decode with.
const replayed = models.Time(1_800_000_000_000)

// memory is a sink that keeps what it is given, or shows it to visit.
type memory struct {
	values  []string
	keys    []string
	topics  []models.Topic
	visit   func(models.Record)
	flushed int
	fail    error
}

func (m *memory) Put(_ context.Context, r models.Record) error {
	if m.fail != nil {
		return m.fail
	}
	if m.visit != nil {
		m.visit(r)
		return nil
	}
	m.values = append(m.values, string(r.Value))
	m.keys = append(m.keys, string(r.Key))
	m.topics = append(m.topics, r.Topic)
	return nil
}

func (m *memory) Flush(context.Context) error { m.flushed++; return nil }

// text is a configuration that reads from a string.
func input(cfg Config, text string) Config {
	cfg.Files, cfg.Stdin = []string{Stdin}, strings.NewReader(text)
	return cfg
}

func mustRun(t *testing.T, cfg Config, sink Sink) Summary {
	t.Helper()
	s, err := Run(context.Background(), cfg, sink, nil)
	if err != nil {
		t.Fatalf("cannot run: %v", err)
	}
	return s
}

func decode(t *testing.T, e *models.Event, r models.Record) {
	t.Helper()
	if err := e.Decode(r.Value, replayed); err != nil {
		t.Fatalf("%s: %v", r.Value, err)
	}
}

func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
