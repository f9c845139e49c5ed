package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/pelletier/go-toml/v2"

	"orrery/stream"
	"orrery/stream/source"
	"orrery/stream/source/foreign"
	"orrery/stream/source/rows"
)

// mapFile is what --kafka.map names: a table [[topic]] for each topic that others write.
type mapFile struct {
	Topics []mappedTopic `toml:"topic"`
}

// mappedTopic says what a topic holds: the messages of a platform, or rows that a mapping reads.
type mappedTopic struct {
	Name     string            `toml:"name"`
	Platform string            `toml:"platform"`
	About    string            `toml:"about"` // in the platform's words: "orders/create"
	Map      map[string]string `toml:"map"`
	Items    string            `toml:"items"`
	Deleted  string            `toml:"deleted"`
}

// translators reads the file of mappings.
func (f *nodeFlags) translators() (map[string]stream.Translate, error) {
	if f.Map == "" {
		return nil, nil
	}
	text, err := os.ReadFile(f.Map)
	if err != nil {
		return nil, fmt.Errorf("kafka.map: cannot read the mappings: %w", err)
	}
	var file mapFile
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("kafka.map: cannot read the mappings in %s: %w", f.Map, err)
	}
	if len(file.Topics) == 0 {
		return nil, fmt.Errorf("kafka.map: cannot read the mappings in %s: there is no table [[topic]]", f.Map)
	}
	all := map[string]stream.Translate{}
	for _, t := range file.Topics {
		read, err := t.reader()
		if err == nil && (t.Name == "" || all[t.Name] != nil) {
			err = fmt.Errorf("name is missing, or is there twice")
		}
		if err != nil {
			return nil, fmt.Errorf("kafka.map: topic %q: %w", t.Name, err)
		}
		all[t.Name] = t.translate(read, f.Source.by())
	}
	return all, nil
}

// reader returns what reads the topic's records.
func (t *mappedTopic) reader() (func(*foreign.Message, *foreign.Events) error, error) {
	if (t.Platform == "") == (len(t.Map) == 0) {
		return nil, fmt.Errorf("it wants either platform or a table [topic.map]")
	}
	if t.Platform == "" {
		m := &rows.Mapping{Fields: t.Map, Items: t.Items, Deleted: t.Deleted}
		return m.Read, m.Check()
	}
	a, ok := source.Find(t.Platform)
	if !ok {
		return nil, fmt.Errorf("there is no platform %q, but %v", t.Platform, source.Names())
	}
	return a.Read, nil
}

func (t *mappedTopic) translate(read func(*foreign.Message, *foreign.Events) error, by foreign.ItemID) stream.Translate {
	return func(value []byte) (events [][]byte, skipped map[string]int, err error) {
		var out foreign.Events
		if err := read(&foreign.Message{Topic: t.About, Body: value, ItemID: by}, &out); err != nil {
			return nil, nil, err
		}
		out.Each(func(event []byte) { events = append(events, event) })
		return events, out.Skipped(), nil
	}
}

// startBridge begins to read the topics of --kafka.map.
func (n *node) startBridge() error {
	topics, err := n.flags.translators()
	if err != nil || len(topics) == 0 {
		return err
	}
	if n.bridge, err = stream.NewBridge(n.cluster, n.flags.Group+"-map", topics, n.writer); err != nil {
		return err
	}
	ctx, halt := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.bridge.Run(ctx)
	}()
	n.stopsWith("bridge", func(context.Context) error { halt(); <-ended; return nil })
	return nil
}
