package serve

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"

	"orrery/models"
	"orrery/serve/door"
)

// ExportRequest says what is to be exported of a shop.
type ExportRequest struct {
	What    string // contacts, orders, ...
	Shop    string
	Format  string // arrow, parquet, csv, jsonl; jsonl where empty
	Cursor  string // where an earlier export of the same ended; empty: from the start
	Limit   int64  // rows at most; 0: all
	Segment string // of contacts and recommendations: those of one RFM segment
	Frame   string // of recommendations: a frame or recipe; the mail's where empty
	N       int    // of recommendations: products of a contact; the frame's own where 0
	Now     models.Time
	NewID   func(dst []byte) []byte // appends the id of a recommendation
}

// Exports writes tables of a shop.
type Exports interface {
	// OpenExport checks a request. What is wrong with it is a *models.Invalid.
	OpenExport(ctx context.Context, q ExportRequest) (Export, error)
}

// Export is a table that is about to be written.
type Export interface {
	ContentType() string
	// Rows is about how many there are, 0 where that is not known.
	Rows() int64
	// Write writes it in pieces, holding no more than one of them, until it is whole or ctx ends. Cursor is where to go on behind what was
	// written; it is empty when nothing is left.
	Write(ctx context.Context, w io.Writer) (rows int64, cursor string, err error)
}

const (
	exportWrite = 30 * time.Second // a reader that takes nothing for so long is dropped

	// maxExports is how many exports are written at a time: each holds a group of rows, and works as fast as it can.
	maxExports = 2
)

// Headers of an export: the first is about how many rows come, the others are trailers, since the end of it decides them.
const (
	headerAbout  = "Orrery-Rows-About"
	headerRows   = "Orrery-Rows"
	headerCursor = "Orrery-Cursor"
)

// answerExport answers POST /v1/export/{what}: a table of a shop, streamed.
func (s *Server) answerExport(c *call) *fault {
	if s.deps.Exports == nil {
		return notFound("no_exports", "this server exports nothing")
	}
	q, f := c.exportRequest()
	if f != nil {
		return f
	}
	q.Now = s.deps.Clock()
	q.NewID = func(dst []byte) []byte { return s.ids.append(dst, q.Now) }
	if q.Frame == "" {
		q.Frame = s.cfg.MailFrame
	}
	if s.exports.Add(1) > maxExports {
		s.exports.Add(-1)
		return &fault{fasthttp.StatusServiceUnavailable, "busy", "as many exports as there may be are being written: ask again when one is done", ""}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := func() { cancel(); s.exports.Add(-1) }
	table, err := s.deps.Exports.OpenExport(ctx, q)
	if err != nil {
		done()
		var why *models.Invalid
		if errors.As(err, &why) {
			return &fault{fasthttp.StatusBadRequest, why.Code, why.Reason, why.Field}
		}
		s.cfg.Logger.Warn("cannot export", "what", q.What, "error", err)
		return &fault{fasthttp.StatusServiceUnavailable, "unavailable", "the export could not begin: ask again", ""}
	}
	s.streamExport(c, ctx, done, table)
	return nil
}

// streamExport has the table be the response's body. Both sides work at once: rows are made while others are on their way.
func (s *Server) streamExport(c *call, ctx context.Context, done func(), table Export) {
	header, conn := &c.ctx.Response.Header, door.Inner(c.ctx.Conn())
	header.SetContentType(table.ContentType())
	if n := table.Rows(); n > 0 {
		header.Set(headerAbout, strconv.FormatInt(n, 10))
	}
	_ = header.SetTrailer(headerRows + "," + headerCursor) // neither is one of those that may not be trailers
	out, in := io.Pipe()
	body := &exportBody{s: s, src: out, conn: conn, ctx: c.ctx, done: done}
	what := string(c.param)
	go func() {
		w := bufio.NewWriterSize(in, 64<<10)
		rows, cursor, err := table.Write(ctx, w)
		if err == nil {
			err = w.Flush()
		}
		body.rows, body.cursor = rows, cursor
		if err == nil {
			in.Close()
			return
		}
		if ctx.Err() == nil && !errors.Is(err, io.ErrClosedPipe) {
			s.cfg.Logger.Warn("an export broke off", "what", what, "rows", rows, "error", err)
		}
		in.CloseWithError(err)
	}()
	c.ctx.Response.SetBodyStream(body, -1)
}

// exportBody is the response's body: what comes out of the pipe, and at its end the trailers.
type exportBody struct {
	s      *Server
	src    *io.PipeReader
	conn   net.Conn
	ctx    *fasthttp.RequestCtx
	done   func()
	rows   int64  // set before the pipe is closed
	cursor string // likewise
}

// Read implements io.Reader. The writer of the response calls it, in turns with writing to the connection.
func (b *exportBody) Read(p []byte) (int, error) {
	if b.s.stopping.Load() {
		return 0, errors.New("the server stops") // the client must not take a part for the whole
	}
	_ = b.conn.SetWriteDeadline(time.Now().Add(exportWrite))
	n, err := b.src.Read(p)
	if err == io.EOF {
		b.ctx.Response.Header.Set(headerRows, strconv.FormatInt(b.rows, 10))
		b.ctx.Response.Header.Set(headerCursor, b.cursor)
	}
	return n, err
}

// Close implements io.Closer: the response is written, or never will be.
func (b *exportBody) Close() error {
	if b.done != nil {
		b.src.CloseWithError(io.ErrClosedPipe)
		b.done()
		b.done = nil
	}
	return nil
}

// exportRequest reads the parameters of an export.
func (c *call) exportRequest() (q ExportRequest, f *fault) {
	var shop []byte
	q.What = string(c.param)
	for {
		name, value, ok, more := c.args.next()
		if !more {
			break
		}
		if !ok || len(value) > maxID && string(name) != "cursor" {
			return q, badParameter(string(name), "the value is too long or not validly escaped")
		}
		switch string(name) {
		case "shop":
			shop = value
		case "format":
			q.Format = string(value)
		case "cursor":
			q.Cursor = string(value)
		case "segment":
			q.Segment = string(value)
		case "frame":
			q.Frame = string(value)
		case "limit":
			n, err := strconv.ParseInt(string(value), 10, 64)
			if err != nil || n < 1 {
				return q, badParameter("limit", "limit is a number of rows from 1 on")
			}
			q.Limit = n
		case "n":
			n, err := strconv.Atoi(string(value))
			if err != nil || n < 1 || n > mostExported {
				return q, badParameter("n", "n is a number of products from 1 to "+strconv.Itoa(mostExported))
			}
			q.N = n
		}
	}
	shop, f = c.shop(shop)
	q.Shop = string(shop)
	return q, f
}

// mostExported is how many products of a contact are exported at most.
const mostExported = 20
