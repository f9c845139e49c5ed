package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"strings"

	"orrery/engine"
	"orrery/models"
	"orrery/serve"
	"orrery/stream"
	"orrery/stream/columnar"
	"orrery/stream/snapshot"
)

// exports writes tables of the engine and of the log, for the server.
type exports struct {
	engine  *engine.Engine
	cluster stream.Cluster
	pace    *pace // nil: exports never rest
}

// rest returns what an export calls all along: it holds it up while the machine has nothing to spare.
func (x *exports) rest() func() {
	if x.pace == nil {
		return func() {}
	}
	return newSpare(*x.pace).pause
}

// exportPace leaves frames and events what they need, and takes the rest.
var exportPace = pace{least: 0.2, most: 1, ofIdle: 4, blind: 0.5}

// exportTables are the tables that there are.
var exportTables = map[string]func(*exports, *serve.ExportRequest) *rowTable{
	"contacts":        (*exports).contacts,
	"recommendations": (*exports).recommendations,
	"orders":          (*exports).orders,
	"order_lines":     (*exports).orderLines,
	"products":        (*exports).products,
	"neighbours":      (*exports).neighbours,
}

const exportedEvents = "events" // of the log

// exportNames returns what can be exported, sorted.
func exportNames() []string {
	names := []string{exportedEvents}
	for name := range exportTables {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// rowTable is a table of the engine: rows in the order of numbers, which a restart keeps.
type rowTable struct {
	table *columnar.Table
	about int64
	// each hands the rows of about most things to put, from the one of a number on, and returns the number to go on from, 0 after the last.
	// key tells the things of the numbers apart: a contact's id, an order's. One can be several rows, or none: then the row is nil.
	each func(from uint32, most int, put func(key string, row []columnar.Value) error) (next uint32, err error)
}

// cursor is where an export goes on. At is the moment that all of its parts are of.
type cursor struct {
	What string              `json:"w"`
	Shop string              `json:"s"`
	Ask  uint32              `json:"q"` // sum of what else was asked for
	At   models.Time         `json:"t"`
	Next uint32              `json:"n,omitempty"`
	Last uint32              `json:"l,omitempty"` // sum of the last key
	Log  []snapshot.Position `json:"p,omitempty"` // of events: where to go on
	Ends []int64             `json:"e,omitempty"` // and where to end
}

func (c *cursor) String() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic("BUG: a cursor is no JSON: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func sumOf(text string) uint32 { return crc32.ChecksumIEEE([]byte(text)) }

// askOf sums what a cursor belongs to, beside table and shop.
func askOf(q *serve.ExportRequest) uint32 {
	text, _ := json.Marshal([]any{q.Segment, q.Frame, q.N})
	return sumOf(string(text))
}

func badExport(field, reason string) error {
	return &models.Invalid{Code: "bad_parameter", Field: field, Reason: reason}
}

// readCursor returns the cursor of a request, a new one where it has none.
func readCursor(q *serve.ExportRequest) (*cursor, error) {
	if q.Shop == "" {
		q.Shop = models.DefaultShop
	}
	c := &cursor{What: q.What, Shop: q.Shop, Ask: askOf(q), At: q.Now, Next: 1}
	if q.Cursor == "" {
		return c, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	var given cursor
	if err == nil {
		err = json.Unmarshal(text, &given)
	}
	switch {
	case err != nil:
		return nil, badExport("cursor", "it is none that an export has ended with")
	case given.What != c.What || given.Shop != c.Shop || given.Ask != c.Ask:
		return nil, badExport("cursor", "it is of another export: what, shop, segment, frame and n must be as they were")
	}
	return &given, nil
}

// OpenExport implements serve.Exports.
func (x *exports) OpenExport(ctx context.Context, q serve.ExportRequest) (serve.Export, error) {
	if q.Format == "" {
		q.Format = string(columnar.Lines)
	}
	format, err := columnar.ParseFormat(q.Format)
	if err != nil {
		return nil, badExport("format", err.Error())
	}
	at, err := readCursor(&q)
	if err != nil {
		return nil, err
	}
	q.Now = at.At
	if q.Segment != "" && q.What != "contacts" && q.What != "recommendations" {
		return nil, badExport("segment", "contacts and recommendations have segments")
	}
	if q.What == exportedEvents {
		return x.openEvents(ctx, &q, at, format)
	}
	open := exportTables[q.What]
	if open == nil {
		return nil, &models.Invalid{Code: "unknown_export", Field: "what", Reason: "there are " + strings.Join(exportNames(), ", ")}
	}
	if q.What == "recommendations" && !slices.Contains(x.engine.Frames(), q.Frame) {
		return nil, badExport("frame", "there are "+strings.Join(x.engine.Frames(), ", "))
	}
	out := &tableExport{rowTable: open(x, &q), at: at, format: format, limit: limitOf(&q), headless: q.Cursor != "", rest: x.rest()}
	return out, out.verify()
}

func limitOf(q *serve.ExportRequest) int64 {
	if q.Limit <= 0 {
		return math.MaxInt64
	}
	return q.Limit
}

// tableExport is a table of the engine on its way.
type tableExport struct {
	*rowTable
	at       *cursor
	format   columnar.Format
	limit    int64
	headless bool // it goes behind what was written before
	rest     func()
}

// verify looks whether numbers are still what they were when the cursor was made: a log that is folded anew can number otherwise.
func (t *tableExport) verify() error {
	if t.at.Last == 0 || t.at.Next < 2 {
		return nil
	}
	found := uint32(0)
	next, err := t.each(t.at.Next-1, 1, func(key string, _ []columnar.Value) error { found = sumOf(key); return nil })
	if err != nil {
		return err
	}
	if next == t.at.Next && found != t.at.Last {
		return badExport("cursor", "the state was built anew since, and counts otherwise: begin again without it")
	}
	return nil // or what was last is gone: somebody was erased
}

// ContentType implements serve.Export.
func (t *tableExport) ContentType() string { return t.format.ContentType() }

// Rows implements serve.Export.
func (t *tableExport) Rows() int64 { return min(t.about, t.limit) }

// exportPart is how many things are looked at in one piece.
const exportPart = 256

// Write implements serve.Export.
func (t *tableExport) Write(ctx context.Context, w io.Writer) (rows int64, cursor string, err error) {
	out, err := columnar.NewWriter(w, t.table, t.format, columnar.Options{Headless: t.headless})
	if err != nil {
		return 0, "", err
	}
	for t.at.Next != 0 && out.Rows() < t.limit && err == nil {
		if err = ctx.Err(); err == nil {
			err = t.part(out)
		}
		t.rest()
	}
	if err = errors.Join(err, out.Close()); err != nil || t.at.Next == 0 {
		return out.Rows(), "", err
	}
	return out.Rows(), t.at.String(), nil
}

// part writes some rows.
func (t *tableExport) part(out *columnar.Writer) error {
	most := int(min(exportPart, t.limit-out.Rows()))
	next, err := t.each(t.at.Next, most, func(key string, row []columnar.Value) error {
		t.at.Last = sumOf(key)
		if row == nil {
			return nil
		}
		return out.Append(row)
	})
	t.at.Next = next
	return err
}
