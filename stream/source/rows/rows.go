// Package rows reads JSON of any shape by a mapping that names where each field of an event stands: topics that a shop's own systems
// write, and those of change data capture, whose envelope (Debezium's: before, after, op) is taken off first.
package rows

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"orrery/models"
	"orrery/stream/source/foreign"
)

// Mapping says where the fields of an event stand in a record: a path of members ("customer.email"), or "=TEXT" for the text itself.
type Mapping struct {
	Fields map[string]string // by Fields, ItemFields, and props.NAME
	Items  string            // path of the list of products; without it the item's fields are of the record itself
	// Deleted is the event that the deletion of a row tells ("cancel", "product_remove"); without it a deletion tells nothing.
	Deleted string
}

// Fields are the names that a mapping may give a place, beside props.NAME.
var Fields = []string{"event", "id", "time", "visitor", "contact", "session", "order", "value", "currency", "query", "url", "title", "referrer"}

// ItemFields are those of a product.
var ItemFields = []string{"item_id", "item_name", "item_category", "item_brand", "item_group_id", "price", "quantity", "image", "link", "availability", "stock", "sale_price"}

// Check reports what is wrong with a mapping.
func (m *Mapping) Check() error {
	if m.Fields["event"] == "" {
		return fmt.Errorf("event is missing: name it as =purchase, or the member that has it")
	}
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		if !slices.Contains(Fields, name) && !slices.Contains(ItemFields, name) && !strings.HasPrefix(name, "props.") {
			return fmt.Errorf("cannot map %q: there is no such field, but %s, %s and props.NAME", name, strings.Join(Fields, ", "), strings.Join(ItemFields, ", "))
		}
	}
	return nil
}

// Read turns a record into an event.
func (m *Mapping) Read(in *foreign.Message, out *foreign.Events) error {
	if len(bytes.TrimSpace(in.Body)) == 0 {
		out.Skip("tombstone")
		return nil
	}
	row, deleted, err := Row(in.Body)
	if err != nil {
		return err
	}
	ev := foreign.Event{Name: m.text(row, "event")}
	if deleted {
		if ev.Name = m.Deleted; ev.Name == "" {
			out.Skip("deleted row")
			return nil
		}
	}
	for name, to := range map[string]*string{"id": &ev.ID, "time": &ev.Time, "visitor": &ev.Visitor, "contact": &ev.Contact, "session": &ev.Session, "order": &ev.Order,
		"value": &ev.Value, "currency": &ev.Currency, "query": &ev.Query, "url": &ev.URL, "title": &ev.Title, "referrer": &ev.Referrer} {
		*to = m.text(row, name)
	}
	if deleted {
		ev.ID = "" // that of the row was the event that made it
	}
	ev.Time = foreign.UTC(foreign.Text(ev.Time))
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		if prop, ok := strings.CutPrefix(name, "props."); ok {
			ev.Props = append(ev.Props, foreign.String(prop, m.text(row, name))...)
		}
	}
	products := foreign.List[foreign.Object]{row}
	if m.Items != "" {
		products = nil
		_ = products.UnmarshalJSON(at(row, m.Items))
	}
	for _, p := range products {
		if it := m.item(p); it.ID != "" || it.Price != "" {
			ev.Items = append(ev.Items, it)
		}
	}
	out.Add(&ev)
	return nil
}

func (m *Mapping) item(row foreign.Object) foreign.Item {
	it := foreign.Item{ID: m.text(row, "item_id"), Name: m.text(row, "item_name"), Category: m.text(row, "item_category"), Price: m.text(row, "price"), Quantity: m.text(row, "quantity")}
	for _, name := range ItemFields[3:] {
		if name != "price" && name != "quantity" {
			it.Props = append(it.Props, foreign.String(name, m.text(row, name))...)
		}
	}
	return it
}

// text returns a field's text.
func (m *Mapping) text(row foreign.Object, name string) string {
	place := m.Fields[name]
	if place == "" {
		return ""
	}
	if constant, ok := strings.CutPrefix(place, "="); ok {
		return constant
	}
	var t foreign.Text
	if v := at(row, place); v != nil {
		_ = t.UnmarshalJSON(v)
	}
	return string(t)
}

// at returns the value at a path of members, nil where there is none.
func at(row foreign.Object, path string) (v []byte) {
	for name := range strings.SplitSeq(path, ".") {
		if len(row) < 2 || row[0] != '{' {
			return nil
		}
		if v = models.Member(row[1:len(row)-1], name); v == nil {
			return nil
		}
		row = v
	}
	return v
}

// Row takes the envelope of change data capture off a record, where there is one: the row as it is after the change, or as it was where
// it has been deleted.
func Row(body []byte) (row foreign.Object, deleted bool, err error) {
	var outer struct {
		Payload foreign.Object  `json:"payload"`
		Schema  json.RawMessage `json:"schema"`
	}
	if err := foreign.Parse(body, &outer); err != nil {
		return nil, false, err
	}
	row = bytes.TrimSpace(body)
	if len(outer.Payload) > 0 && (outer.Schema != nil || outer.Payload.Text("op") != "") {
		row = outer.Payload
	}
	var change struct {
		Before foreign.Object `json:"before"`
		After  foreign.Object `json:"after"`
	}
	row.Read(&change)
	switch op := row.Text("op"); {
	case op == "":
		return row, row.Text("__deleted").True(), nil // as Debezium's own flattening marks it
	case len(change.After) > 0:
		return change.After, false, nil
	case op == "d" && len(change.Before) > 0:
		return change.Before, true, nil
	}
	return nil, false, &models.Invalid{Field: "after", Code: models.Missing, Reason: "after is missing: the change says nothing of its row"}
}
