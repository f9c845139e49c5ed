package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"orrery/stream/columnar"
)

// exportCmd fetches a table from a running engine.
type exportCmd struct {
	What    string `arg:"" name:"what" enum:"${exports}" help:"One of ${exports}."`
	URL     string `name:"url" default:"http://127.0.0.1:8080" help:"Address of the engine."`
	Key     string `name:"http.secret-key" help:"Secret key of the shop, where it has one."`
	Shop    string `name:"shop" help:"The tenant, where the key is not bound to one."`
	Out     string `name:"out" short:"o" default:"-" help:"File to write; - is standard output. It has its name when it is whole; csv and jsonl that broke off go on where they ended when the command is given again."`
	Format  string `name:"format" enum:"arrow,parquet,csv,jsonl," default:"" help:"arrow, parquet, csv (safe to open as a spreadsheet) or jsonl; by default what the file's name ends in, else jsonl."`
	Segment string `name:"segment" help:"Of contacts and recommendations: those of one RFM segment, as Champions."`
	Frame   string `name:"frame" help:"Of recommendations: the frame or recipe; the mail's by default."`
	N       int    `name:"n" help:"Of recommendations: products of a contact; 8 by default."`
	Limit   int64  `name:"limit" help:"About so many rows; 0: all."`
	Quiet   bool   `name:"quiet" help:"No progress."`
}

// exportPage is how many rows of a text are asked for at a time: so much is fetched again when a connection breaks. Tests set it.
var exportPage int64 = 100_000

// Run fetches. Neither side holds more than a piece of it.
func (c *exportCmd) Run(ctx context.Context, all *cli) error {
	format, err := c.format()
	if err == nil {
		f := &fetching{exportCmd: c, format: format, show: !c.Quiet && terminal(os.Stderr)}
		err = f.run(ctx)
	}
	if err != nil {
		return fmt.Errorf("cannot export %s from %q: %w", c.What, c.URL, err)
	}
	return nil
}

func (c *exportCmd) format() (columnar.Format, error) {
	if c.Format != "" {
		return columnar.ParseFormat(c.Format)
	}
	if f, err := columnar.ParseFormat(strings.TrimPrefix(filepath.Ext(c.Out), ".")); err == nil {
		return f, nil
	}
	return columnar.Lines, nil
}

// fetching is an export on its way into a file.
type fetching struct {
	*exportCmd
	format columnar.Format
	show   bool

	out   io.Writer
	file  *os.File // nil: standard output
	state fetched
	about int64
	shown time.Time
}

// fetched is what is left beside a file that is not whole: where to go on.
type fetched struct {
	Query  string `json:"query"` // what was asked for
	Cursor string `json:"cursor"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
}

func (f *fetching) part() string  { return f.Out + ".part" }
func (f *fetching) notes() string { return f.Out + ".cursor" }

// query returns what is asked for, beside where and how much.
func (f *fetching) query() url.Values {
	v := url.Values{"format": {string(f.format)}}
	for name, value := range map[string]string{"shop": f.Shop, "segment": f.Segment, "frame": f.Frame} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if f.N > 0 {
		v.Set("n", strconv.Itoa(f.N))
	}
	return v
}

func (f *fetching) run(ctx context.Context) error {
	if f.Out == "-" {
		f.out = os.Stdout
		return f.pages(ctx)
	}
	if err := f.open(); err != nil {
		return err
	}
	f.out = f.file
	if err := f.pages(ctx); err != nil {
		return errors.Join(err, f.file.Close()) // what is there stays, and is gone on with
	}
	if err := errors.Join(f.file.Sync(), f.file.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.part(), f.Out); err != nil {
		return err
	}
	if err := os.Remove(f.notes()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// open begins the file, or goes on with what an earlier run has left of it.
func (f *fetching) open() (err error) {
	if f.file, err = os.OpenFile(f.part(), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return err
	}
	text, err := os.ReadFile(f.notes())
	var left fetched
	if err == nil && json.Unmarshal(text, &left) == nil && left.Query == f.What+"?"+f.query().Encode() {
		f.state = left
	}
	if f.state.Query = f.What + "?" + f.query().Encode(); f.state.Bytes > 0 && f.show {
		fmt.Fprintf(os.Stderr, "going on behind %d rows\n", f.state.Rows)
	}
	if err := f.file.Truncate(f.state.Bytes); err != nil {
		return err
	}
	_, err = f.file.Seek(f.state.Bytes, io.SeekStart)
	return err
}

// pages fetches until nothing is left. A text comes in pages, each of which is safe before the next is asked for.
func (f *fetching) pages(ctx context.Context) error {
	for {
		if err := f.page(ctx); err != nil {
			return err
		}
		if f.state.Cursor == "" || f.Limit > 0 && f.state.Rows >= f.Limit {
			f.tell("\n")
			return nil
		}
		if f.file == nil {
			continue
		}
		if err := f.file.Sync(); err != nil {
			return err
		}
		if err := columnar.WriteJSON(f.notes(), &f.state); err != nil {
			return err
		}
	}
}

func (f *fetching) page(ctx context.Context) error {
	q := f.query()
	limit := f.Limit
	if limit > 0 {
		limit -= f.state.Rows
	}
	if f.format.Joins() && (limit == 0 || limit > exportPage) {
		limit = exportPage
	}
	if limit > 0 {
		q.Set("limit", strconv.FormatInt(limit, 10))
	}
	if f.state.Cursor != "" {
		q.Set("cursor", f.state.Cursor)
	}
	resp, err := f.ask(ctx, q)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if f.about == 0 {
		f.about, _ = strconv.ParseInt(resp.Header.Get("Orrery-Rows-About"), 10, 64)
	}
	if _, err = io.Copy(counting{f}, resp.Body); err != nil {
		return fmt.Errorf("it broke off: %w", err)
	}
	rows, err := strconv.ParseInt(resp.Trailer.Get("Orrery-Rows"), 10, 64)
	if err != nil {
		return errors.New("it has no end: is a proxy in between that drops trailers?")
	}
	f.state.Rows += rows
	f.state.Cursor = resp.Trailer.Get("Orrery-Cursor")
	return nil
}

func (f *fetching) ask(ctx context.Context, q url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(f.URL, "/")+"/v1/export/"+f.What+"?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	if f.Key != "" {
		req.Header.Set("Authorization", "Bearer "+f.Key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	return nil, errors.Join(fmt.Errorf("%s: %s", resp.Status, strings.TrimSpace(string(body))), err)
}

// counting writes what comes, and says how much now and then.
type counting struct{ f *fetching }

func (c counting) Write(b []byte) (int, error) {
	n, err := c.f.out.Write(b)
	c.f.state.Bytes += int64(n)
	if time.Since(c.f.shown) > 200*time.Millisecond {
		c.f.tell("")
		c.f.shown = time.Now()
	}
	return n, err
}

// tell shows how far it has come.
func (f *fetching) tell(end string) {
	if !f.show {
		return
	}
	of := ""
	if f.about > 0 && f.state.Rows > 0 {
		of = fmt.Sprintf(", %d rows of about %d", f.state.Rows, f.about)
	}
	fmt.Fprintf(os.Stderr, "\r%.1f MB%s%s", float64(f.state.Bytes)/1e6, of, end)
}
