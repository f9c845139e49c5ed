package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"orrery/engine"
	"orrery/models"
	"orrery/serve"
)

// foldedLog is a log whose records the engine has folded as soon as they are in it.
type foldedLog struct {
	stillStream
	engine *engine.Engine
}

func (l foldedLog) Append(_ context.Context, records []models.Record) error {
	for _, r := range records {
		shop, _, _ := strings.Cut(string(r.Key), string(rune(models.KeySeparator)))
		ev := &models.Event{Kind: models.SettingRecord, Shop: []byte(shop), Props: r.Value}
		if why := l.engine.Admit(ev); why != nil {
			return errors.New(why.Reason)
		}
		l.engine.Apply([]*models.Event{ev})
	}
	return nil
}

// Settings kept in files: what is set from them shows with the next request, what is exported is what was applied, and a file with a
// mistake says which field of which file it is.
func TestDefinitions(t *testing.T) {
	e, err := engine.New(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := serve.New(serve.Config{Admin: serve.NoListener}, serve.Deps{
		Recommender: e, Social: e, Profiles: e, People: e, Customers: e, Products: e, Statistics: e, Settings: e,
		Log: foldedLog{engine: e}, Stream: stillStream{}, Clock: func() models.Time { return shopsBegan },
	})
	if err != nil {
		t.Fatal(err)
	}
	line, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(line, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		http.DefaultClient.CloseIdleConnections()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	dir, out := t.TempDir(), t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	flags := definitionFlags{Dir: dir, engineFlags: engineFlags{URL: "http://" + line.Addr().String()}}
	apply := func(prune bool) error {
		return (&applyCmd{definitionFlags: flags, Author: "git", Prune: prune}).Run(t.Context(), &cli{JSON: true})
	}
	put("frame/exit.toml", "slots = 4\n[[steps]]\nrecipe = \"trending\"\nwhere = \"price < 5.5\"\n[exclude]\ncart = true\n")
	put("shop/shop.toml", "time_zone = \"Europe/Warsaw\"\n")
	differs := func(n int) {
		t.Helper()
		changes, err := flags.compare(t.Context(), true)
		if err != nil || len(changes) != n {
			t.Errorf("%d differ, %v; want %d", len(changes), err, n)
		}
	}
	differs(2)
	if err := apply(false); err != nil {
		t.Fatal(err)
	}
	differs(0)
	if status, body, err := flags.do(t.Context(), "GET", "/v1/frames/exit"); err != nil || status != 200 || !strings.Contains(string(body), `"settings":1`) {
		t.Errorf("the next request: %d %s, %v", status, body, err)
	}
	if err := apply(false); err != nil {
		t.Fatal(err)
	}
	if v, _ := e.Setting(nil, "frame", "exit"); len(v.Versions) != 1 || v.Newest().Author != "git" {
		t.Errorf("what was set already was set again: %+v", v)
	}
	written := flags
	written.Dir = out
	if err := (&writeCmd{written}).Run(t.Context(), &cli{JSON: true}); err != nil {
		t.Fatal(err)
	}
	if changes, err := written.compare(t.Context(), true); err != nil || len(changes) != 0 {
		t.Errorf("what was exported is not what is set: %+v, %v", changes, err)
	}
	put("frame/exit.toml", "[[steps]]\nrecipe = \"trendin\"\n")
	if err := apply(false); err == nil || !strings.Contains(err.Error(), "exit.toml") || !strings.Contains(err.Error(), "steps[0].recipe") {
		t.Errorf("a mistake: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "frame", "exit.toml")); err != nil {
		t.Fatal(err)
	}
	differs(1)
	if err := apply(true); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := flags.do(t.Context(), "GET", "/v1/frames/exit"); status != 404 {
		t.Errorf("taken back, and still there: %d", status)
	}
}
