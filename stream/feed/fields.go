package feed

import "strings"

// fields is what an entry says, under the names of Google's feeds where they have one, else in lower case.
type fields struct {
	line     int64
	names    []string
	values   []string
	variable bool // a product whose variants follow
}

func (f *fields) reset(line int64) {
	f.line, f.names, f.values, f.variable = line, f.names[:0], f.values[:0], false
}

// add adds a value. What a platform calls otherwise is translated.
func (f *fields) add(name, value string) {
	value = strings.TrimSpace(value)
	if value == "" || len(value) > maxField || len(f.names) == maxFields {
		return
	}
	name = canonical(name)
	if name == "" {
		return
	}
	f.names, f.values = append(f.names, name), append(f.values, value)
}

// get returns the first value of a name.
func (f *fields) get(names ...string) string {
	for _, name := range names {
		for i, n := range f.names {
			if n == name {
				return f.values[i]
			}
		}
	}
	return ""
}

// canonical returns a field's name as Google's feeds have it: "g:imageLink", "Image link" and "image_link" are one.
func canonical(name string) string {
	name = strings.TrimSpace(name)
	if i := strings.LastIndexByte(name, ':'); i >= 0 && !strings.ContainsRune(name, ' ') {
		name = name[i+1:]
	}
	var b strings.Builder
	lower := false
	for _, c := range name {
		switch {
		case c >= 'A' && c <= 'Z':
			if lower { // imageLink
				b.WriteByte('_')
			}
			b.WriteRune(c + 'a' - 'A')
			lower = false
			continue
		case c == ' ' || c == '-' || c == '.' || c == '/':
			c = '_'
		case c == '(' || c == ')' || c == '?' || c == '*' || c == '[' || c == ']':
			continue
		}
		lower = c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		b.WriteRune(c)
	}
	name = strings.Trim(b.String(), "_")
	if other, ok := aliases[name]; ok {
		return other
	}
	return name
}

// aliases are what platforms call a field of Google's feeds.
var aliases = map[string]string{
	// JSON of Google's API, Orrery's own items, GA4
	"offer_id": "id", "item_id": "id", "item_name": "title", "name": "title", "url": "link", "canonical_link": "canonical_link", "image": "image_link",
	"item_brand": "brand", "item_category": "product_type", "product_types": "product_type", "category": "product_type", "item_group": "item_group_id",
	"group_id": "item_group_id", "additional_image_links": "additional_image_link", "in_stock": "availability", "currency_code": "currency",
	"quantity_to_sell_on_facebook": "stock", "inventory": "stock", "stock_quantity": "stock", "sale_price_dates": "sale_price_effective_date",
	// YML
	"vendor": "brand", "picture": "image_link", "currency_id": "currency", "currencyid": "currency", "oldprice": "old_price", "available": "availability", "type_prefix": "typeprefix",
	"count": "stock", "barcode": "gtin",
	// Heureka
	"productname": "title", "product": "title_long", "imgurl": "image_link", "imgurl_alternative": "additional_image_link", "price_vat": "price",
	"categorytext": "product_type", "manufacturer": "brand", "itemgroup_id": "item_group_id", "ean": "gtin",
	// WooCommerce
	"regular_price": "price", "categories": "product_type", "images": "images", "date_sale_price_starts": "sale_from", "date_sale_price_ends": "sale_until",
	"date_on_sale_from": "sale_from", "date_on_sale_to": "sale_until", "date_on_sale_from_gmt": "sale_from", "date_on_sale_to_gmt": "sale_until", "stock_status": "availability", "permalink": "link",
	"visibility_in_catalog": "catalog_visibility", "brands": "brand",
}
