package history

import (
	"orrery/models"
	"orrery/stream"
	"orrery/stream/columnar"
)

// Events is the table of all events, as the log has them.
var Events = columnar.Table{Name: "events", Version: 1, Columns: []columnar.Column{
	{Name: "shop", Kind: columnar.ID}, {Name: "topic", Kind: columnar.ID}, {Name: "partition", Kind: columnar.Int}, {Name: "offset", Kind: columnar.Int}, {Name: "repeat", Kind: columnar.Bool},
	{Name: "time", Kind: columnar.Moment}, {Name: "record_time", Kind: columnar.Moment}, {Name: "event", Kind: columnar.ID}, {Name: "id", Kind: columnar.Text},
	{Name: "visitor", Kind: columnar.Text}, {Name: "contact", Kind: columnar.Text}, {Name: "session", Kind: columnar.Text}, {Name: "trust", Kind: columnar.ID},
	{Name: "page_url", Kind: columnar.Text}, {Name: "page_title", Kind: columnar.Text}, {Name: "page_referrer", Kind: columnar.Text}, {Name: "query", Kind: columnar.Text},
	{Name: "order", Kind: columnar.Text}, {Name: "value", Kind: columnar.Money}, {Name: "currency", Kind: columnar.ID}, {Name: "recommendation", Kind: columnar.Text}, {Name: "slot", Kind: columnar.Int},
	{Name: "items", Kind: columnar.List, Fields: []columnar.Column{
		{Name: "item_id", Kind: columnar.ID}, {Name: "name", Kind: columnar.ID}, {Name: "category", Kind: columnar.ID}, {Name: "price", Kind: columnar.Money}, {Name: "quantity", Kind: columnar.Int}, {Name: "props", Kind: columnar.Text},
	}},
	{Name: "props", Kind: columnar.Text},
}}

// Orders is the table of purchases, refunds and cancellations among them.
var Orders = columnar.Table{Name: "orders", Version: Events.Version, Columns: Events.Columns}

// Topics are the topics of what is exported as events.
var Topics = []models.Topic{models.Contacts, models.Pageviews, models.Transactions}

// Row makes rows of events. What it returns holds until the next one.
type Row struct {
	row   []columnar.Value
	items [][]columnar.Value
}

// object returns a member list as a JSON object, null where it has none.
func object(members []byte) columnar.Value {
	if len(members) == 0 {
		return columnar.Value{}
	}
	return columnar.OfText(append(append(append(make([]byte, 0, len(members)+2), '{'), members...), '}'))
}

// ShopOf returns the shop of an event.
func ShopOf(e *models.Event) string {
	if len(e.Shop) == 0 {
		return models.DefaultShop
	}
	return string(e.Shop)
}

// Of returns the row of a record with an event. It holds until the next one.
func (r *Row) Of(rec *stream.Record) []columnar.Value {
	e := rec.Event
	value, slot := columnar.Value{}, columnar.Value{}
	if e.HasValue {
		value = columnar.OfMoney(e.Value)
	}
	if e.Slot > 0 {
		slot = columnar.OfInt(e.Slot)
	}
	r.row = append(r.row[:0],
		columnar.OfString(ShopOf(e)), columnar.OfString(string(rec.Topic)), columnar.OfInt(rec.Partition), columnar.OfInt(rec.Offset), columnar.OfBool(rec.Repeat),
		columnar.OfMoment(e.Time), columnar.OfMoment(rec.Time), columnar.OfText(e.Name), columnar.OfName(e.ID),
		columnar.OfName(e.Visitor), columnar.OfName(e.Contact), columnar.OfName(e.Session), columnar.OfString(e.Trust.String()),
		columnar.OfName(e.Page.URL), columnar.OfName(e.Page.Title), columnar.OfName(e.Page.Referrer), columnar.OfName(e.Query),
		columnar.OfName(e.Order), value, columnar.OfName(e.Currency), columnar.OfName(e.Recommendation), slot,
		r.list(e.Items), object(e.Props))
	return r.row
}

func (r *Row) list(items []models.Item) columnar.Value {
	for len(r.items) < len(items) {
		r.items = append(r.items, make([]columnar.Value, 6))
	}
	for i := range items {
		it, to := &items[i], r.items[i]
		to[0], to[1], to[2], to[3] = columnar.OfText(it.ID), columnar.OfName(it.Name), columnar.OfName(it.Category), columnar.Value{}
		if it.HasPrice {
			to[3] = columnar.OfMoney(it.Price)
		}
		to[4], to[5] = columnar.OfInt(it.Quantity), object(it.Props)
	}
	return columnar.OfList(r.items[:len(items)])
}
