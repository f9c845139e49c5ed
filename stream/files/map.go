package files

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"orrery/models"
)

// text is where a field comes from: parts that are constant or a column.
type text struct {
	parts []part
}

type part struct {
	constant string
	column   int   // index among the bound columns, -1 for a constant
	others   []int // columns that stand in where it is empty; nil: the column was not in braces
}

// render returns the field's text of a row. A single column is returned as it lies in the row; anything else is put
// together in *scratch. A text with a column that is empty, or says that there is nothing, is empty. Spaces around a column are not part of it.
func (t *text) render(scratch *[]byte, r *row) []byte {
	if len(t.parts) == 1 {
		if p := t.parts[0]; p.column >= 0 && p.others == nil {
			return bytes.TrimSpace(r.cells[p.column])
		}
	}
	from := len(*scratch)
	for _, p := range t.parts {
		if p.column < 0 {
			*scratch = append(*scratch, p.constant...)
			continue
		}
		cell := p.cell(r)
		if len(cell) == 0 {
			*scratch = (*scratch)[:from]
			return nil
		}
		*scratch = append(*scratch, cell...)
	}
	return (*scratch)[from:len(*scratch):len(*scratch)]
}

// cell returns the first column of a part that is not empty.
func (p *part) cell(r *row) []byte {
	cell := bytes.TrimSpace(r.cells[p.column])
	for i := 0; (len(cell) == 0 || isNull(cell)) && i < len(p.others); i++ {
		cell = bytes.TrimSpace(r.cells[p.others[i]])
	}
	if isNull(cell) {
		return nil
	}
	return cell
}

// prop is a text that becomes a member of props.
type prop struct {
	name string
	text
}

// mapping is a parsed column map. A field that is not mapped is nil.
type mapping struct {
	columns []string // to bind, in the order of the parts' indexes

	event, time                      *text
	price, quantity, amount          *text
	value, slot                      *text
	itemID, itemName, itemCategory   *text
	id, shop, visitor, contact       *text
	session, url, title, referrer    *text
	order, currency, query, recommen *text

	props []prop // of the event
	item  []prop // of its items
	group []int
}

// fields returns where each field of the vocabulary is kept.
func (m *mapping) fields() map[string]**text {
	return map[string]**text{
		"event": &m.event, "time": &m.time,
		"price": &m.price, "quantity": &m.quantity, "amount": &m.amount,
		"value": &m.value, "slot": &m.slot,
		"item_id": &m.itemID, "item_name": &m.itemName, "item_category": &m.itemCategory,
		"id": &m.id, "shop": &m.shop, "visitor": &m.visitor, "contact": &m.contact,
		"session": &m.session, "url": &m.url, "title": &m.title, "referrer": &m.referrer,
		"order": &m.order, "currency": &m.currency, "query": &m.query, "recommendation": &m.recommen,
	}
}

// Fields returns the names of the fields that a map can fill, in alphabetical order.
func Fields() []string {
	return append(slices.Sorted(maps.Keys((&mapping{}).fields())), "item.NAME", "props.NAME")
}

// parseMapping reads a column map and the grouping columns.
func parseMapping(entries, group []string) (*mapping, error) {
	m := &mapping{}
	fields := m.fields()
	var errs []error
	for _, entry := range entries {
		if err := m.entry(fields, entry); err != nil {
			errs = append(errs, err)
		}
	}
	for _, column := range group {
		m.group = append(m.group, m.column(column))
	}
	if m.event == nil {
		errs = append(errs, errors.New("no event mapped: event=COLUMN or event==NAME"))
	}
	if m.visitor == nil && m.contact == nil && !m.catalogue() {
		errs = append(errs, errors.New("neither visitor nor contact mapped"))
	}
	if m.price != nil && m.amount != nil {
		errs = append(errs, errors.New("price and amount mapped: one says the other"))
	}
	return m, errors.Join(errs...)
}

func (m *mapping) entry(fields map[string]**text, entry string) error {
	field, from, ok := strings.Cut(entry, "=")
	if !ok || from == "" {
		return fmt.Errorf("cannot read map entry %q: it is field=column, field==constant or field=text-{column}", entry)
	}
	t, err := m.text(from)
	if err != nil {
		return fmt.Errorf("cannot read map entry %q: %w", entry, err)
	}
	if name, ok := strings.CutPrefix(field, "props."); ok && name != "" {
		m.props = append(m.props, prop{name, *t})
		return nil
	}
	if name, ok := strings.CutPrefix(field, "item."); ok && name != "" {
		m.item = append(m.item, prop{name, *t})
		return nil
	}
	at, ok := fields[field]
	switch {
	case !ok:
		return fmt.Errorf("cannot map %q: there is no such field: there are %s", field, strings.Join(Fields(), ", "))
	case *at != nil:
		return fmt.Errorf("cannot map %q: it is mapped twice", field)
	}
	*at = t
	return nil
}

// text reads what stands behind the first equals sign of an entry.
func (m *mapping) text(from string) (*text, error) {
	if constant, ok := strings.CutPrefix(from, "="); ok {
		return &text{[]part{{constant: constant, column: -1}}}, nil
	}
	if !strings.Contains(from, "{") {
		return &text{[]part{{column: m.column(from)}}}, nil
	}
	t := &text{}
	for from != "" {
		before, rest, ok := strings.Cut(from, "{")
		if before != "" {
			t.parts = append(t.parts, part{constant: before, column: -1})
		}
		if !ok {
			break
		}
		column, after, ok := strings.Cut(rest, "}")
		if !ok || column == "" {
			return nil, errors.New("a brace without a column and its closing brace")
		}
		names := strings.Split(column, "|")
		p := part{column: m.column(names[0]), others: []int{}}
		for _, name := range names[1:] {
			p.others = append(p.others, m.column(name))
		}
		t.parts = append(t.parts, p)
		from = after
	}
	return t, nil
}

// column returns the index of a column among those to bind.
func (m *mapping) column(name string) int {
	if i := slices.Index(m.columns, name); i >= 0 {
		return i
	}
	m.columns = append(m.columns, name)
	return len(m.columns) - 1
}

// catalogue tells whether all events are about products.
func (m *mapping) catalogue() bool {
	if m.event == nil || len(m.event.parts) != 1 || m.event.parts[0].column >= 0 {
		return false
	}
	return models.KindOf([]byte(m.event.parts[0].constant)).Topic() == models.Catalogue
}

// appendProps appends props of a row as a member list.
func appendProps(dst []byte, props []prop, scratch *[]byte, r *row) []byte {
	from := len(dst)
	for i := range props {
		value := props[i].render(scratch, r)
		if len(value) == 0 || isNull(value) {
			continue
		}
		if len(dst) > from {
			dst = append(dst, ',')
		}
		dst = models.AppendString(dst, []byte(props[i].name))
		dst = append(dst, ':')
		dst = models.AppendString(dst, value)
	}
	return dst
}
