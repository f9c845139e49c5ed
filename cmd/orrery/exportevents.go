package main

import (
	"context"
	"errors"
	"io"

	"orrery/models"
	"orrery/serve"
	"orrery/stream"
	"orrery/stream/columnar"
)

var eventTable = columnar.Table{Name: "events", Version: 1, Columns: []columnar.Column{
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

// eventTopics are the topics of what is exported as events.
var eventTopics = []models.Topic{models.Contacts, models.Pageviews, models.Transactions}

// exportRemembered is how many ids of a partition are known when one comes again: some MB, where the state has some dozen.
const exportRemembered = 1 << 17

// eventRow makes rows of events. What it returns holds until the next one.
type eventRow struct {
	row   []columnar.Value
	items [][]columnar.Value
}

// object returns a member list as a JSON object, null where it has none.
func object(members []byte) columnar.Value {
	if len(members) == 0 {
		return null
	}
	return columnar.OfText(append(append(append(make([]byte, 0, len(members)+2), '{'), members...), '}'))
}

func shopOf(e *models.Event) string {
	if len(e.Shop) == 0 {
		return models.DefaultShop
	}
	return string(e.Shop)
}

func (r *eventRow) of(rec *stream.Record) []columnar.Value {
	e := rec.Event
	value, slot := null, null
	if e.HasValue {
		value = columnar.OfMoney(e.Value)
	}
	if e.Slot > 0 {
		slot = columnar.OfInt(e.Slot)
	}
	r.row = append(r.row[:0],
		columnar.OfString(shopOf(e)), columnar.OfString(string(rec.Topic)), columnar.OfInt(rec.Partition), columnar.OfInt(rec.Offset), columnar.OfBool(rec.Repeat),
		columnar.OfMoment(e.Time), columnar.OfMoment(rec.Time), columnar.OfText(e.Name), columnar.OfName(e.ID),
		columnar.OfName(e.Visitor), columnar.OfName(e.Contact), columnar.OfName(e.Session), columnar.OfString(e.Trust.String()),
		columnar.OfName(e.Page.URL), columnar.OfName(e.Page.Title), columnar.OfName(e.Page.Referrer), columnar.OfName(e.Query),
		columnar.OfName(e.Order), value, columnar.OfName(e.Currency), columnar.OfName(e.Recommendation), slot,
		r.list(e.Items), object(e.Props))
	return r.row
}

func (r *eventRow) list(items []models.Item) columnar.Value {
	for len(r.items) < len(items) {
		r.items = append(r.items, make([]columnar.Value, 6))
	}
	for i := range items {
		it, to := &items[i], r.items[i]
		to[0], to[1], to[2], to[3] = columnar.OfText(it.ID), columnar.OfName(it.Name), columnar.OfName(it.Category), null
		if it.HasPrice {
			to[3] = columnar.OfMoney(it.Price)
		}
		to[4], to[5] = columnar.OfInt(it.Quantity), object(it.Props)
	}
	return columnar.OfList(r.items[:len(items)])
}

// eventExport is the events of a shop on their way: what the log held when the first part was asked for.
type eventExport struct {
	reader   *stream.Reader
	at       *cursor
	shop     string
	format   columnar.Format
	limit    int64
	headless bool
	rest     func()
}

func (x *exports) openEvents(ctx context.Context, q *serve.ExportRequest, at *cursor, format columnar.Format) (serve.Export, error) {
	if len(x.cluster.Brokers) == 0 {
		return nil, errors.New("cannot export events: there is no log")
	}
	r, err := stream.OpenReader(ctx, stream.ReaderConfig{Cluster: x.cluster, Topics: eventTopics, From: at.Log, Remembered: exportRemembered})
	if errors.Is(err, stream.ErrGap) {
		return nil, badExport("cursor", "the log does not hold any more what follows: begin again without it")
	}
	if err != nil {
		return nil, err
	}
	if at.Ends == nil {
		at.Ends = r.Ends()
	}
	if len(at.Ends) != len(r.Ends()) {
		r.Close()
		return nil, badExport("cursor", "the log has other partitions now: begin again without it")
	}
	return &eventExport{reader: r, at: at, shop: q.Shop, format: format, limit: limitOf(q), headless: q.Cursor != "", rest: x.rest()}, nil
}

// ContentType implements serve.Export.
func (x *eventExport) ContentType() string { return x.format.ContentType() }

// Rows implements serve.Export: with those of other shops.
func (x *eventExport) Rows() int64 { return min(x.left(), x.limit) }

// left returns how many records are between where the reader stands and the end.
func (x *eventExport) left() (n int64) {
	for i, p := range x.reader.Positions() {
		n += max(0, x.at.Ends[i]-p.Next)
	}
	return n
}

// Write implements serve.Export.
func (x *eventExport) Write(ctx context.Context, w io.Writer) (rows int64, cursor string, err error) {
	defer x.reader.Close()
	out, err := columnar.NewWriter(w, &eventTable, x.format, columnar.Options{Headless: x.headless})
	if err != nil {
		return 0, "", err
	}
	var row eventRow
	if x.left() > 0 {
		err = x.reader.Run(ctx, func(records []stream.Record) error {
			for i := range records {
				rec := &records[i]
				if rec.Event == nil || shopOf(rec.Event) != x.shop || rec.Offset >= x.at.Ends[rec.Place] {
					continue
				}
				if err := out.Append(row.of(rec)); err != nil {
					return err
				}
			}
			x.rest()
			if x.left() == 0 || out.Rows() >= x.limit {
				return stream.ErrDone
			}
			return nil
		})
	}
	if err = errors.Join(err, ctx.Err(), out.Close()); err != nil || x.left() == 0 {
		return out.Rows(), "", err
	}
	x.at.Log = x.reader.Positions()
	return out.Rows(), x.at.String(), nil
}
