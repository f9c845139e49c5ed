package main

import (
	"context"
	"errors"
	"io"

	"orrery/serve"
	"orrery/stream"
	"orrery/stream/columnar"
	past "orrery/stream/history"
)

// exportRemembered is how many ids of a partition are known when one comes again: some MB, where the state has some dozen.
const exportRemembered = 1 << 17

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
	r, err := stream.OpenReader(ctx, stream.ReaderConfig{Cluster: x.cluster, Topics: past.Topics, From: at.Log, Remembered: exportRemembered})
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
	out, err := columnar.NewWriter(w, &past.Events, x.format, columnar.Options{Headless: x.headless})
	if err != nil {
		return 0, "", err
	}
	var row past.Row
	if x.left() > 0 {
		err = x.reader.Run(ctx, func(records []stream.Record) error {
			for i := range records {
				rec := &records[i]
				if rec.Event == nil || past.ShopOf(rec.Event) != x.shop || rec.Offset >= x.at.Ends[rec.Place] {
					continue
				}
				if err := out.Append(row.Of(rec)); err != nil {
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
