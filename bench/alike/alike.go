// Package alike makes a page for a person to judge content similarity by: products of a catalogue that nobody has looked
// at yet, and what the engine's recipe `similar` puts beside them. The catalogue goes the production way: replay, decode,
// engine, frame.
package alike

import (
	"context"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"

	"github.com/cespare/xxhash/v2"

	"orrery/engine"
	"orrery/models"
	"orrery/stream/files"
)

// Config says what to show.
type Config struct {
	Catalogue string // file
	Preset    string // of replay: google, hm
	Products  int    // products shown, chosen by a hash of their ids; default 20
	N         int    // neighbours of each; default 8
	Command   string // the command line, for the record
}

// Page is the content of the page.
type Page struct {
	Catalogue string
	Command   string
	Listed    int // products in the catalogue
	BadRows   int64
	Rows      []Row
}

// Row is one product and its neighbours.
type Row struct {
	Product Product
	Alike   []Product
}

// Product is what the page says of one.
type Product struct {
	ID, Title, Category, Image, URL, Price string
	Score, Shared                          float32 // of a neighbour: the recipe's, and the features in common
}

// sink hands the records of a replay to an engine, as the stream does.
type sink struct {
	engine *engine.Engine
	ids    []string
	event  models.Event
	now    models.Time
}

// Put implements files.Sink. What the engine would refuse is left out.
func (s *sink) Put(_ context.Context, r models.Record) error {
	if s.event.Decode(r.Value, s.now) == nil {
		s.now = max(s.now, s.event.Time)
		s.ids = append(s.ids, string(s.event.Items[0].ID))
		s.engine.Apply([]*models.Event{&s.event})
	}
	return nil
}

// Flush implements files.Sink.
func (s *sink) Flush(context.Context) error { return nil }

// Run reads the catalogue and asks for the neighbours.
func Run(ctx context.Context, c Config) (*Page, error) {
	if c.Products <= 0 {
		c.Products = 20
	}
	if c.N <= 0 {
		c.N = 8
	}
	e, err := engine.New(engine.Config{})
	if err != nil {
		return nil, err
	}
	s := &sink{engine: e}
	sum, err := files.Run(ctx, files.Config{Files: []string{c.Catalogue}, Preset: c.Preset}, s, nil)
	if err != nil {
		return nil, err
	}
	p := &Page{Catalogue: c.Catalogue, Command: c.Command, BadRows: sum.Bad, Listed: len(s.ids)}
	slices.SortFunc(s.ids, func(a, b string) int {
		x, y := xxhash.Sum64String(a), xxhash.Sum64String(b)
		if x < y {
			return -1
		}
		return 1
	})
	var f models.Frame
	for _, id := range s.ids[:min(c.Products, len(s.ids))] {
		product, known := e.Product(nil, []byte(id))
		if !known {
			continue
		}
		row := Row{Product: page(&product)}
		q := models.FrameQuery{Frame: []byte("similar"), Products: [][]byte{[]byte(id)}, N: c.N, Now: s.now}
		if err := e.Frame(&q, &f); err != nil {
			return nil, fmt.Errorf("cannot find what is like %q: %w", id, err)
		}
		for i := range f.Items {
			other := page(&f.Items[i].Product)
			other.Score, other.Shared = f.Items[i].Evidence.Score, f.Items[i].Evidence.Count
			row.Alike = append(row.Alike, other)
		}
		p.Rows = append(p.Rows, row)
	}
	return p, nil
}

func page(p *models.Product) Product {
	out := Product{ID: string(p.ID), Title: string(p.Title), Category: string(p.Category), Image: string(p.Image), URL: string(p.URL)}
	if p.Price > 0 {
		out.Price = fmt.Sprintf("%.2f %s", p.Price.Float(), p.Currency)
	}
	return out
}

//go:embed page.html
var pages embed.FS

// HTML writes the page. Images are those of the shops, loaded by who opens it.
func (p *Page) HTML(dst io.Writer) error {
	t, err := template.ParseFS(pages, "page.html")
	if err != nil {
		return fmt.Errorf("cannot read the page's template: %w", err)
	}
	return t.Execute(dst, p)
}
