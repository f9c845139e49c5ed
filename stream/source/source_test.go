package source

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"orrery/models"
	"orrery/stream/source/foreign"
)

var update = flag.Bool("golden", false, "write the golden files anew")

// at is when the golden deliveries came: after all that they tell of.
var at = models.Time(1_796_000_000_000) // 2026-11-29

// TestGolden reads a delivery of every topic and compares its events with those that a person has looked at. Each of them is
// one that the server takes, without a warning.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := told(t, filepath.Base(filepath.Dir(file)), topicOf(file), body)
			golden := strings.TrimSuffix(file, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// topicOf returns the topic that a file is named after: "orders~create,test.json" is of orders/create.
func topicOf(file string) string {
	name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), ",")
	return strings.ReplaceAll(name, "~", "/")
}

func told(t *testing.T, platform, topic string, body []byte) []byte {
	t.Helper()
	events, err := Read(platform, foreign.Message{Topic: topic, Delivery: "d-1", Body: body})
	if err != nil {
		return []byte("error: " + err.Error() + "\n")
	}
	var out bytes.Buffer
	events.Each(func(event []byte) {
		out.Write(append(event, '\n'))
		var e models.Event
		if err := e.Decode(event, at); err != nil {
			t.Errorf("%s: %v", event, err)
		}
		for _, w := range e.Warnings {
			if w.Code != models.Missing && w.Code != models.Rounded { // a line of no product, like an engraving; a kilo and a half
				t.Errorf("%s: %s", event, w.Message())
			}
		}
	})
	for _, why := range slices.Sorted(maps.Keys(events.Skipped())) {
		fmt.Fprintf(&out, "skipped: %s, %d\n", why, events.Skipped()[why])
	}
	return out.Bytes()
}

func TestUnknownPlatform(t *testing.T) {
	_, err := Read("bigcartel", foreign.Message{Body: []byte("{}")})
	var bad *models.Invalid
	if !errors.As(err, &bad) || !strings.Contains(bad.Reason, "shopify") {
		t.Errorf("%v: does not name the platforms that there are", err)
	}
}

func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*/*.json")
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(filepath.Base(filepath.Dir(file)), topicOf(file), body)
	}
	f.Fuzz(func(t *testing.T, platform, topic string, body []byte) {
		events, err := Read(platform, foreign.Message{Topic: topic, Body: body})
		if err != nil {
			var bad *models.Invalid
			if !errors.As(err, &bad) {
				t.Fatalf("%v is no *models.Invalid", err)
			}
			return
		}
		again, _ := Read(platform, foreign.Message{Topic: topic, Body: body})
		var first, second [][]byte
		events.Each(func(event []byte) { first = append(first, event) })
		again.Each(func(event []byte) { second = append(second, event) })
		if !slices.EqualFunc(first, second, bytes.Equal) {
			t.Fatal("the same message is read as something else")
		}
		for _, event := range first { // what is written is JSON, whatever was read; what is in it may be refused
			var e models.Event
			var bad *models.Invalid
			if err := e.Decode(event, at); errors.As(err, &bad) && (bad.Code == models.NotJSON || bad.Code == models.BadUTF8) {
				t.Fatalf("%s: %v", event, err)
			}
		}
	})
}
