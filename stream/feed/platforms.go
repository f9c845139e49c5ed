package feed

import (
	"maps"
	"slices"
	"strings"
)

func sortedKeys(v map[string]any) []string { return slices.Sorted(maps.Keys(v)) }

// wooCommerce gives a row of WooCommerce's product export the names of Google's feeds.
func wooCommerce(f *fields) {
	number := f.get("id")
	set := func(name, value string) {
		for i, n := range f.names {
			if n == name {
				f.values[i] = value
				return
			}
		}
		f.add(name, value)
	}
	if sku := f.get("sku"); sku != "" {
		set("id", sku)
	}
	if parent := f.get("parent"); parent != "" {
		set("item_group_id", strings.TrimPrefix(parent, "id:"))
	}
	f.variable = strings.Contains(f.get("type"), "variable")
	if f.variable {
		set("item_group_id", f.get("id"))
	}
	if f.get("parent") == "id:"+number {
		set("item_group_id", "")
	}
	if kinds := strings.Split(f.get("product_type"), ","); len(kinds) > 1 {
		set("product_type", strings.TrimSpace(kinds[0]))
		f.add("categories_more", strings.TrimSpace(strings.Join(kinds[1:], ",")))
	}
	for i, image := range strings.Split(f.get("images"), ",") {
		if i == 0 {
			f.add("image_link", image)
		} else {
			f.add("additional_image_link", image)
		}
	}
	if p := f.get("published"); p != "" && p != "1" || f.get("catalog_visibility") == "hidden" {
		f.add("hidden", "true")
	}
}

// shopify takes a row of Shopify's product export: the first row of a handle has what all its variants share, the others a variant
// or a picture each.
func (r *reader) shopify(f *fields) error {
	handle := f.get("handle")
	if handle == "" {
		return r.bad(f.line, "Handle is empty")
	}
	if r.pushed == nil || r.pushed["handle"] != handle {
		r.pushed = map[string]string{"handle": handle}
		for _, name := range []string{"title", "brand", "type", "custom_product_type", "product_type", "standard_product_type", "status", "published", "tags", "option1_name", "option2_name", "option3_name", "image_src"} {
			r.pushed[name] = f.get(name)
		}
	}
	if f.get("variant_price", "variant_sku", "option1_value") == "" { // a picture
		return nil
	}
	var v fields
	v.reset(f.line)
	option := ""
	for _, n := range []string{"1", "2", "3"} {
		if value := f.get("option" + n + "_value"); value != "" && value != "Default Title" {
			option += "-" + value
			v.add(r.pushed["option"+n+"_name"], value)
		}
	}
	if id := f.get("variant_sku"); id != "" {
		v.add("id", strings.TrimPrefix(id, "'"))
	} else {
		v.add("id", handle+option)
	}
	v.add("item_group_id", handle)
	v.add("title", r.pushed["title"])
	v.add("brand", r.pushed["brand"])
	v.add("image_link", first(f.get("variant_image"), f.get("image_src"), r.pushed["image_src"]))
	v.add("product_type", first(r.pushed["product_type"], r.pushed["type"], r.pushed["custom_product_type"], r.pushed["standard_product_type"]))
	v.add("gtin", strings.TrimPrefix(f.get("variant_barcode"), "'"))
	v.add("tags", r.pushed["tags"])
	shopifyPrice(f, &v)
	if tracked := f.get("variant_inventory_tracker"); tracked != "" && f.get("variant_inventory_policy") != "continue" {
		v.add("stock", f.get("variant_inventory_qty"))
	}
	if s := strings.ToLower(r.pushed["status"]); s != "" && s != "active" || strings.EqualFold(r.pushed["published"], "false") {
		v.add("hidden", "true")
	}
	return r.entry(&v)
}

// shopifyPrice: the price to compare at is what the product costs while it is not on sale.
func shopifyPrice(f, v *fields) {
	price, before := f.get("variant_price"), f.get("variant_compare_at_price")
	if before == "" || before == price || before == "0" || before == "0.00" {
		v.add("price", price)
		return
	}
	v.add("price", before)
	v.add("sale_price", price)
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
