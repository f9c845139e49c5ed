package files

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"orrery/models"
)

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

	agent *text

	props  []prop // of the event
	item   []prop // of its items
	group  []int
	rules  []rule
	values map[string]*values // by field
	either [][]string         // columns of which a file has one at least
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
		"user_agent": &m.agent,
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
	errs = append(errs, m.settle(fields)...)
	for _, column := range group {
		m.group = append(m.group, m.column(column))
	}
	if m.event == nil {
		errs = append(errs, errors.New("no event mapped: event=COLUMN or event==NAME"))
	}
	if m.visitor == nil && m.contact == nil && !m.catalogue() {
		errs = append(errs, errors.New("neither visitor nor contact mapped"))
	}
	if m.price != nil && m.amount != nil && !(m.price.mayLack() && m.amount.mayLack()) { // of a row that has both the amount counts
		errs = append(errs, errors.New("price and amount mapped: one says the other"))
	}
	return m, errors.Join(errs...)
}

func (m *mapping) entry(fields map[string]**text, entry string) error {
	if isRule(entry) {
		r, err := m.rule(entry)
		if err != nil {
			return fmt.Errorf("cannot read map entry %q: %w", entry, err)
		}
		m.rules = append(m.rules, r)
		return nil
	}
	field, from, ok := strings.Cut(entry, "=")
	if !ok || from == "" && !strings.Contains(field, ".") {
		return fmt.Errorf("cannot read map entry %q: it is field=column, field==constant, field=text-{column}, field.value=other or where column = value", entry)
	}
	if name, value, ok := strings.Cut(field, "."); ok && name != "props" && name != "item" {
		return m.translate(name, value, from)
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

// translate notes what a value of a field is to be read as.
func (m *mapping) translate(field, value, as string) error {
	if _, ok := m.fields()[field]; !ok {
		return fmt.Errorf("cannot map %q: there is no such field: there are %s", field, strings.Join(Fields(), ", "))
	}
	if m.values[field] == nil {
		if m.values == nil {
			m.values = map[string]*values{}
		}
		m.values[field] = &values{as: map[string][]byte{}}
	}
	return m.values[field].add(field, value, as)
}

// settle gives the fields their values.
func (m *mapping) settle(fields map[string]**text) (errs []error) {
	for _, field := range slices.Sorted(maps.Keys(m.values)) {
		at := fields[field]
		if *at == nil {
			errs = append(errs, fmt.Errorf("values of %q are mapped, but it is not: add %s=COLUMN", field, field))
			continue
		}
		(*at).values = m.values[field]
	}
	return errs
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
	if m.event == nil || len(m.event.parts) != 1 || len(m.event.parts[0].refs) > 0 {
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
