package feed

import (
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"orrery/models"
	"orrery/models/catalogue"
	"orrery/stream/files"
)

// Bounds of what is kept of a product.
const (
	maxTitle      = 512
	maxAttribute  = 200
	maxAttributes = 24
)

// product reads an entry's fields.
func (r *reader) product(f *fields) (*Product, []Problem) {
	p := &Product{Line: f.line, ID: string(models.CanonicalID([]byte(f.get("id", "sku"))))}
	var problems []Problem
	note := func(field, reason string) { problems = append(problems, Problem{Field: field, Reason: reason}) }
	fail := func(field, reason string) {
		problems = append(problems, Problem{Field: field, Reason: reason, Fatal: true})
	}
	switch {
	case p.ID == "":
		fail("id", "it is missing: nothing can be said of a product without one")
		return p, problems
	case len(p.ID) > models.MaxID:
		fail("id", fmt.Sprintf("it has %d bytes: %d are possible", len(p.ID), models.MaxID))
		return p, problems
	case strings.ContainsFunc(p.ID, unicode.IsControl) || strings.ContainsRune(p.ID, '\ufffd'):
		fail("id", fmt.Sprintf("%.60q holds a line break or what could not be read", p.ID))
		return p, problems
	case models.IsUnset([]byte(p.ID)):
		fail("id", fmt.Sprintf("%q stands for nothing and is no id", p.ID))
		return p, problems
	}
	text := func(field, value string, most int) string {
		switch {
		case strings.ContainsRune(value, '\ufffd'):
			note(field, "it holds characters that could not be read: save the feed as UTF-8")
			return ""
		case len(value) > most:
			note(field, fmt.Sprintf("it has %d bytes: %d are possible", len(value), most))
			return ""
		}
		return value
	}
	p.Title = text("title", title(f.get("title"), note), maxTitle)
	p.Brand = text("brand", plain(f.get("brand")), maxTitle)
	if p.Group = text("item_group_id", f.get("item_group_id"), models.MaxID); models.IsUnset([]byte(p.Group)) {
		p.Group = ""
	}
	p.Category = text("product_type", plain(f.get("product_type")), maxTitle)
	if google := f.get("google_product_category"); p.Category == "" && strings.Trim(google, "0123456789") != "" {
		p.Category = text("google_product_category", plain(google), maxTitle)
	}
	p.Category = strings.ReplaceAll(p.Category, " | ", " > ") // Heureka's
	p.Link = r.address("link", f.get("link"), r.base, note)
	if r.base == "" {
		r.base = p.Link
	}
	p.Image = r.address("image_link", f.get("image_link"), first(p.Link, r.base), note)
	if p.Title == "" && f.get("title") == "" {
		note("title", "it is missing: a frame shows a product by its title")
	}
	r.prices(p, f, note)
	stock(p, f, note)
	p.Hidden = truth(f.get("hidden")) || truth(f.get("pause")) || f.get("pause") == "ads"
	attributesOf(p, f)
	return p, problems
}

func truth(word string) bool { return word == "true" || word == "yes" || word == "1" }

// plain resolves the entities of HTML that a shop's own pages have left in a text: a feed escapes them once more, or not at all.
func plain(text string) string {
	if strings.IndexByte(text, '&') < 0 {
		return text
	}
	return html.UnescapeString(text)
}

// title returns a title on one line, as much of it as is kept.
func title(text string, note func(field, reason string)) string {
	text = strings.Join(strings.Fields(plain(text)), " ")
	if len(text) <= maxTitle {
		return text
	}
	note("title", fmt.Sprintf("it has %d bytes, of which the first %d are kept", len(text), maxTitle))
	cut := maxTitle
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strings.TrimSpace(text[:cut])
}

// address returns a link of the web. One that leaves out the scheme, or the shop, is what a browser makes of it on the page base.
func (r *reader) address(field, value, base string, note func(field, reason string)) string {
	if value == "" {
		return ""
	}
	switch {
	case models.WebAddress([]byte(value)):
	case strings.HasPrefix(value, "//"):
		value = "https:" + value
	case strings.HasPrefix(strings.ToLower(value), "www."):
		value = "https://" + value
	case base != "" && !strings.Contains(value, ":"):
		if page, err := url.Parse(base); err == nil {
			if at, err := page.Parse(value); err == nil {
				value = at.String()
			}
		}
	}
	value = strings.ReplaceAll(value, " ", "%20")
	if len(value) > 2048 || !models.WebAddress([]byte(value)) {
		note(field, fmt.Sprintf("%.60q is no address of the web: begin it with https://", value))
		return ""
	}
	return value
}

// prices reads what a product costs.
func (r *reader) prices(p *Product, f *fields, note func(field, reason string)) {
	p.Currency = r.o.Currency
	if c := strings.ToUpper(f.get("currency")); models.KnownCurrency([]byte(c)) {
		p.Currency = c
	}
	read := func(field string) (m models.Money, ok bool) {
		value := f.get(field)
		if value == "" {
			return 0, false
		}
		m, currency, err := r.amount(value)
		switch {
		case err != nil:
			note(field, fmt.Sprintf("%.40q %v", value, err))
			return 0, false
		case m < 0 || m > models.MaxPrice:
			note(field, fmt.Sprintf("%.40q is out of range", value))
			return 0, false
		}
		switch {
		case models.KnownCurrency([]byte(currency)):
			p.Currency = currency
		case currency != "":
			note(field, fmt.Sprintf("%q is no currency of ISO 4217", currency))
		}
		return m, true
	}
	sale, onSale := read("sale_price")
	if p.Price, p.HasPrice = read("price"); !p.HasPrice {
		if onSale {
			note("sale_price", "there is no price that it is lower than")
		}
		return
	}
	if p.Price == 0 {
		note("price", "it is 0: a product that is sold has one")
	}
	if p.HasSale = onSale; onSale && sale >= p.Price {
		if sale > p.Price {
			note("sale_price", "it is higher than the price")
		}
		sale = 0
	}
	p.Sale = sale
	if onSale {
		window(p, f, note)
	}
}

// amount reads an amount by the decimal mark of the feed so far.
func (r *reader) amount(text string) (models.Money, string, error) {
	b := []byte(text)
	if vote := files.DecimalMark(b); vote != 0 {
		r.votes[vote]++
	}
	m, currency, err := files.Amount(b, r.mark())
	if err != nil {
		if m, currency, err = files.Amount([]byte(strings.ToUpper(text)), r.mark()); err != nil {
			return 0, "", err
		}
	}
	return m, currency, nil
}

// window reads from when to when a sale goes.
func window(p *Product, f *fields, note func(field, reason string)) {
	from, until := f.get("sale_from"), f.get("sale_until")
	field := "sale_from"
	if both := f.get("sale_price_effective_date"); both != "" {
		field = "sale_price_effective_date"
		var ok bool
		if from, until, ok = strings.Cut(both, "/"); !ok {
			note(field, fmt.Sprintf("%.60q is not two moments with a slash between them: the sale counts as open", both))
			return
		}
	}
	read := func(s string, last bool) models.Time {
		if s = strings.TrimSpace(s); s == "" {
			return 0
		}
		t, ok := moment(s, last)
		if !ok {
			note(field, fmt.Sprintf("%.40q is no moment: write it as 2026-11-27T00:00+0100", s))
		}
		return t
	}
	p.From, p.Until = read(from, false), read(until, true)
	if p.From != 0 && p.Until != 0 && p.Until <= p.From {
		note(field, "the sale ends before it begins")
		p.From, p.Until, p.Sale = 0, 0, 0
	}
}

var momentLayouts = []string{
	time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02T15:04-0700", "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05Z07", "2006-01-02T15:04Z07",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 -07:00", "2006-01-02 15:04:05-0700", "2006-01-02 15:04 -0700", "2006-01-02 15:04Z07:00",
	"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "02.01.2006 15:04:05", "02.01.2006 15:04",
}

var dayLayouts = []string{time.DateOnly, "2006/01/02", "02.01.2006"}

// moment reads a time; a day that ends something ends with it.
func moment(s string, last bool) (models.Time, bool) {
	for _, layout := range momentLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return models.TimeOf(t), true
		}
	}
	for _, layout := range dayLayouts {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if last {
			t = t.AddDate(0, 0, 1)
		}
		return models.TimeOf(t), true
	}
	return 0, false
}

// stock reads whether a product can be had. The number of pieces does not say so by itself: a shop may take orders without any.
func stock(p *Product, f *fields, note func(field, reason string)) {
	if n := f.get("stock"); n != "" {
		v, err := strconv.ParseFloat(strings.Replace(n, ",", ".", 1), 64) // 3,000 pieces are a few all the same
		if err != nil || v < -1e9 || v > 1e9 {
			note("stock", fmt.Sprintf("%.40q is no number of pieces", n))
		} else {
			p.Stock, p.HasStock = int64(v), true
		}
	}
	word := f.get("availability")
	if word == "" {
		return
	}
	p.Availability = catalogue.Availability([]byte(word))
	if p.Availability == "" {
		note("availability", fmt.Sprintf("%.40q is none of in_stock, out_of_stock, preorder, backorder", word))
	}
}

// kept are the attributes beside labels and parameters that rules and segments ask for.
var kept = map[string]bool{
	"color": true, "size": true, "material": true, "pattern": true, "gender": true, "age_group": true, "gtin": true, "mpn": true, "condition": true,
	"cost_of_goods_sold": true, "expiration_date": true, "promotion_id": true, "is_bundle": true, "multipack": true, "adult": true, "tags": true, "categories_more": true,
	"custom_label_0": true, "custom_label_1": true, "custom_label_2": true, "custom_label_3": true, "custom_label_4": true,
}

// reserved are the names that an item has for something else.
var reserved = map[string]bool{
	"item_id": true, "item_name": true, "price": true, "quantity": true, "item_category": true, "title": true, "url": true, "link": true, "image": true,
	"image_link": true, "brand": true, "item_brand": true, "product_type": true, "sale_price": true, "sale_from": true, "sale_until": true, "availability": true,
	"in_stock": true, "stock_status": true, "stock": true, "stock_quantity": true, "item_group_id": true, "sale_price_effective_date": true,
	"item_category2": true, "item_category3": true, "item_category4": true, "item_category5": true,
}

func attributesOf(p *Product, f *fields) {
	seen := map[string]bool{}
	for i, name := range f.names {
		if rest, ok := strings.CutPrefix(name, "param_"); ok {
			name = rest
		} else if !kept[name] {
			continue
		}
		if reserved[name] {
			continue
		}
		if value := f.values[i]; !seen[name] && len(value) <= maxAttribute && len(name) <= 64 && len(p.Attributes) < maxAttributes && !strings.ContainsRune(value, '\ufffd') {
			seen[name] = true
			p.Attributes = append(p.Attributes, Attribute{name, value})
		}
	}
}
