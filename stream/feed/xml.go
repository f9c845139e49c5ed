package feed

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// entryNames are the elements that are products.
var entryNames = map[string]bool{"item": true, "entry": true, "offer": true, "shopitem": true}

// xml reads a feed of elements. The feed is cut into entries by their tags, and each is read by itself: so an entry that is no XML
// costs itself alone, and memory is bounded by the longest.
func (r *reader) xml(in *bufio.Reader) error {
	s := &splitter{in: in, line: 1}
	var f fields
	for {
		e, err := s.next()
		switch {
		case errors.Is(err, io.EOF):
			r.sum.Cut = s.root != "" && !s.closed
			return nil
		case errors.Is(err, errEntry):
			if err := r.bad(e.line, err.Error()); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		if r.sum.Platform == "" {
			r.sum.Platform = platformOf(s.root)
		}
		f.reset(e.line)
		if e.name == "category" {
			r.branch(e.text)
			continue
		}
		if err := readEntry(e.text, &f); err != nil {
			if err := r.badOf(e.line, f.get("id", "sku"), "it is no XML: "+err.Error()); err != nil {
				return err
			}
			continue
		}
		if s.root == "yml_catalog" {
			r.yml(&f)
		}
		if err := r.entry(&f); err != nil {
			return err
		}
	}
}

func platformOf(root string) string {
	switch root {
	case "yml_catalog":
		return "yml"
	case "shop":
		return "heureka"
	}
	return "google"
}

// readEntry reads an entry's elements into fields: those within elements with their parents' names before them (shipping_price), so
// that the price of shipping is none of the product. A parameter (param) goes by its name.
func readEntry(text []byte, f *fields) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict, d.Entity, d.AutoClose = false, xml.HTMLEntity, nil
	var path, plain []string
	var content strings.Builder
	defer func() { // Google's own elements come first: Atom has an id of its own
		for i := 0; i+1 < len(plain); i += 2 {
			f.add(plain[i], plain[i+1])
		}
	}()
	for {
		t, err := d.RawToken()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(path) == 0 {
				attributes(t.Attr, f)
			}
			path = append(path, nameOf(t))
			content.Reset()
			if len(path) == 2 {
				link(t, f)
			}
			if len(path) > 8 {
				return errors.New("its elements are nested more than 8 deep")
			}
		case xml.CharData:
			content.Write(t)
		case xml.EndElement:
			switch {
			case len(path) > 1 && t.Name.Space == "g":
				f.add(strings.Join(path[1:], "_"), content.String())
			case len(path) > 1 && len(plain) < 2*maxFields:
				plain = append(plain, strings.Join(path[1:], "_"), content.String())
			}
			content.Reset()
			if len(path) > 0 {
				path = path[:len(path)-1]
			}
		}
	}
}

// nameOf returns what an element is called; a YML or Heureka parameter by what it says of itself.
func nameOf(t xml.StartElement) string {
	name := t.Name.Local
	if strings.EqualFold(name, "param") {
		for _, a := range t.Attr {
			if a.Name.Local == "name" {
				return "param " + a.Value
			}
		}
	}
	return strings.ToLower(name)
}

func attributes(attrs []xml.Attr, f *fields) {
	for _, a := range attrs {
		switch a.Name.Local {
		case "id", "available", "group_id":
			f.add(a.Name.Local, a.Value)
		}
	}
}

// link takes Atom's link.
func link(t xml.StartElement, f *fields) {
	if t.Name.Local != "link" {
		return
	}
	href, rel := "", ""
	for _, a := range t.Attr {
		switch a.Name.Local {
		case "href":
			href = a.Value
		case "rel":
			rel = a.Value
		}
	}
	if rel == "" || rel == "alternate" {
		f.add("link", href)
	}
}

// maxBranches bounds the categories of a YML feed.
const maxBranches = 100_000

// branch takes a category of a YML feed.
func (r *reader) branch(text []byte) {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict, d.Entity = false, xml.HTMLEntity
	var b branch
	id := ""
	for {
		t, err := d.RawToken()
		if err != nil {
			break
		}
		switch t := t.(type) {
		case xml.StartElement:
			for _, a := range t.Attr {
				switch strings.ToLower(a.Name.Local) {
				case "id":
					id = a.Value
				case "parentid":
					b.parent = a.Value
				}
			}
		case xml.CharData:
			b.name += string(t)
		}
	}
	if r.categories == nil {
		r.categories = map[string]branch{}
	}
	if b.name = strings.TrimSpace(b.name); id != "" && b.name != "" && len(r.categories) < maxBranches {
		r.categories[id] = b
	}
}

// yml gives an offer the names of Google's feeds: a category's number is its path, price and oldprice are sale and price.
func (r *reader) yml(f *fields) {
	var path []string
	for id := f.get("categoryid", "category_id"); id != "" && len(path) < 8; id = r.categories[id].parent {
		if name := r.categories[id].name; name != "" {
			path = append([]string{name}, path...)
		}
	}
	f.add("product_type", strings.Join(path, " > "))
	if f.get("title") == "" {
		f.add("title", strings.Join(strings.Fields(f.get("typeprefix")+" "+f.get("brand")+" "+f.get("model")), " "))
	}
	if old := f.get("old_price"); old != "" {
		for i, name := range f.names {
			if name == "price" {
				f.names[i] = "sale_price"
			}
		}
		f.add("price", old)
	}
}
