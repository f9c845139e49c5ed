//go:build integration

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// run runs a command of the binary against the instance's broker and returns what it prints.
func (i *instance) run(name string, args ...string) []byte {
	i.t.Helper()
	return execute(i.t, i.dir, name, append(args, "--kafka.brokers", i.brokers, "--kafka.prefix", i.prefix)...)
}

// The tools around a running engine: topics, dead letters, snapshots, configuration, version.
func TestCommands(t *testing.T) {
	i := newInstance(t, "--snapshot.every", "100ms")
	i.start()

	var topics []struct {
		Name       string
		Partitions int
		Created    bool
	}
	decodeJSON(t, i.run("topics", "--json", "topics", "ensure"), &topics)
	if len(topics) < 7 {
		t.Errorf("topics ensure knows %d topics only", len(topics))
	}
	for _, topic := range topics {
		if topic.Created || !strings.HasPrefix(topic.Name, i.prefix) {
			t.Errorf("topics ensure on a running engine: %+v", topic)
		}
	}

	i.kcat("{\"event\":\n", "-P", "-t", i.prefix+"pageviews", "-p", "2")
	i.settle()
	eventually(t, "the dead letter is there", func() bool { return i.stats().DeadLetters == 1 })
	listed := i.run("deadletter-ls", "--json", "deadletter", "ls")
	var letter struct {
		Topic     string
		Partition int
		Class     string
		Value     []byte
	}
	decodeJSON(t, listed, &letter)
	if !strings.HasSuffix(letter.Topic, "pageviews") || letter.Partition != 2 || letter.Class != "not_json" {
		t.Errorf("deadletter ls: %s", listed)
	}
	var sent struct{ Sent int }
	decodeJSON(t, i.run("deadletter-replay", "--json", "deadletter", "replay"), &sent)
	i.settle()
	eventually(t, "what is still bad is a dead letter again", func() bool { return i.stats().DeadLetters == 2 })
	if sent.Sent != 1 {
		t.Errorf("deadletter replay sent %d records, want 1", sent.Sent)
	}

	eventually(t, "there is a snapshot", func() bool { return strings.Contains(i.text("/metrics"), "\norrery_snapshot_age_seconds ") })
	i.proc.terminate(t)
	for _, what := range []string{"inspect", "verify"} {
		out := execute(t, i.dir, "snapshot-"+what, "--json", "snapshot", what, "--data-dir", i.dir+"/data")
		var s struct{ Sections []struct{ Name string } }
		decodeJSON(t, out, &s)
		if len(s.Sections) < 8 {
			t.Errorf("snapshot %s: %d sections: %.300s", what, len(s.Sections), out)
		}
	}
}

// What needs no engine.
func TestCommandsAlone(t *testing.T) {
	dir := workDir(t)
	if out := execute(t, dir, "version", "version"); !bytes.HasPrefix(out, []byte("orrery ")) {
		t.Errorf("version: %s", out)
	}
	execute(t, dir, "config-check", "config", "check")
	var settings []struct{ Name, Value, Source string }
	decodeJSON(t, execute(t, dir, "config-print", "--json", "config", "print", "--neighbours.bound", "256"), &settings)
	found := false
	for _, s := range settings {
		found = found || s.Name == "neighbours.bound" && s.Value == "256" && s.Source == "flag"
	}
	if !found {
		t.Errorf("config print does not say that neighbours.bound is a flag's: %v", settings)
	}
	for n, args := range [][]string{
		{"config", "check", "--neighbours.bound", "3"}, {"serve", "--no-such-flag"}, {"replay", "/no/such/file"},
		{"snapshot", "verify", "--data-dir", dir}, {"topics", "ensure", "--kafka.brokers", "127.0.0.1:1"},
	} {
		p := launch(t, dir, fmt.Sprintf("bad-%d", n), nil, args...)
		if code := p.wait(t); code == 0 || len(tail(p.file("log"), 3)) == 0 {
			t.Errorf("%s: exit code %d, %q", strings.Join(args, " "), code, tail(p.file("log"), 3))
		} else {
			t.Logf("%s: exit code %d: %s", strings.Join(args, " "), code, tail(p.file("log"), 1))
		}
	}
	if !json.Valid(execute(t, dir, "version-json", "--json", "version")) {
		t.Error("version --json is not JSON")
	}
}
