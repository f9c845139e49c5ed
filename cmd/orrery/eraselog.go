package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"orrery/engine"
	"orrery/models"
	"orrery/stream"
	"orrery/stream/broker"
	"orrery/stream/snapshot"
)

type eraseLogCmd struct {
	DataDir string `name:"data-dir" default:"data" type:"path" help:"Folder of the snapshots, and of the embedded broker's log."`
	Prefix  string `name:"kafka.prefix" default:"orrery." help:"What the names of all topics begin with."`
	Now     bool   `name:"now" help:"Really do it: records are changed before they expire, and nobody can take that back."`
}

// Help says what becomes of the log.
func (*eraseLogCmd) Help() string {
	return "For a server that is stopped. Of all who were erased, as the newest snapshot says, events are removed from the embedded log, dead letters too; " +
		"orders, refunds and cancellations stay under a visitor that leads nowhere. Offsets and times of all other records stay. Without --now it says what it would do."
}

// Run rewrites the log.
func (c *eraseLogCmd) Run(all *cli) error {
	nf := &nodeFlags{DataDir: c.DataDir}
	files, err := snapshot.List(nf.snapshotDir())
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("data-dir: there is no snapshot in %q, which says who was erased: start the server once, and stop it", nf.snapshotDir())
	}
	e, err := engine.New(engine.Config{})
	if err != nil {
		return err
	}
	if _, err := restoreFacts(e, files[0].Path); err != nil {
		return err
	}
	o := oblivion{e: e, prefix: c.Prefix}
	var done broker.Rewritten
	if c.Now {
		done, err = broker.Rewrite(nf.brokerDir(), o.change)
	} else {
		err = broker.EachRecord(nf.brokerDir(), func(r *broker.Record) error {
			done.Records++
			switch o.change(r) {
			case broker.Edit:
				done.Edited++
			case broker.Remove:
				done.Removed++
			}
			return nil
		})
	}
	if err != nil {
		return err
	}
	if all.JSON {
		return printJSON(os.Stdout, done)
	}
	what := "would be"
	if c.Now {
		what = "were"
	}
	fmt.Printf("%d records: %d %s removed, %d orders %s put down to nobody.\n", done.Records, done.Removed, what, done.Edited, what)
	return nil
}

// oblivion says what becomes of a record of the log.
type oblivion struct {
	e      *engine.Engine
	prefix string
	event  models.Event
}

func (o *oblivion) change(r *broker.Record) broker.Change {
	topic := models.Topic(bytes.TrimPrefix([]byte(r.Topic), []byte(o.prefix)))
	switch topic {
	case models.Scores:
		if shop, contact, ok := bytes.Cut(r.Key, []byte{models.KeySeparator}); ok && o.e.WasErased(shop, contact, nil) {
			return broker.Remove
		}
		return broker.Leave
	case models.Pageviews, models.Transactions, models.Contacts, models.DeadLetter:
	default:
		return broker.Leave
	}
	ev := &o.event
	if err := ev.Decode(r.Value, models.Time(1<<50)); err != nil {
		return o.undecoded(r)
	}
	if ev.Kind == models.Erasure || !o.e.WasErased(ev.Shop, ev.Contact, ev.Visitor) {
		return broker.Leave
	}
	if ev.Kind.Topic() != models.Transactions || topic == models.DeadLetter {
		return broker.Remove
	}
	r.Value = models.AppendWithout(nil, r.Value, "visitor")
	if len(ev.Contact) > 0 && !o.e.WasErased(ev.Shop, ev.Contact, nil) { // the order is the contact's, without its browser
		return broker.Edit
	}
	r.Key = o.nobody(r)
	r.Value = models.AppendWithout(nil, r.Value, "contact")
	r.Value = append(models.AppendString(append(r.Value[:len(r.Value)-1], `,"visitor":`...), r.Key), '}')
	return broker.Edit
}

// nobody names a browser that nothing else is known of, and that belongs in the record's partition.
func (o *oblivion) nobody(r *broker.Record) []byte {
	name := o.e.Nobody(o.event.Shop, &o.event)
	for i := 0; ; i++ {
		if key := fmt.Appendf(nil, "nobody-%s-%d", name, i); stream.PartitionOf(key, r.Of) == r.Partition {
			return key
		}
	}
}

// undecoded looks at a record that is no event, a dead letter most of the time: at its key, and at the members that would name somebody.
func (o *oblivion) undecoded(r *broker.Record) broker.Change {
	var said struct{ Shop, Contact, Visitor any }
	_ = json.Unmarshal(r.Value, &said) // what is no object names nobody
	text := func(v any) []byte { s, _ := v.(string); return []byte(s) }
	shop := text(said.Shop)
	if o.e.WasErased(shop, text(said.Contact), text(said.Visitor)) || o.e.WasErased(shop, r.Key, r.Key) {
		return broker.Remove
	}
	return broker.Leave
}
