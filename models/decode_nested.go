package models

// page reads the page object. A second one replaces the first.
func (d *decoder) page(i int) int {
	p := &d.e.Page
	*p = Page{}
	d.forgetPage()
	if d.b[i] != '{' {
		if literal(d.b, i, "null") {
			return i + 4
		}
		return d.wrongType(i, "an object")
	}
	i, more := d.open(i)
	d.scope, d.pageFrom = inPage, len(d.e.spans)
	for more {
		var from int
		from, i = i, d.member(i)
		if i < 0 {
			return -1
		}
		switch string(d.name) {
		case "url":
			i = d.plain(i, &p.URL)
		case "title":
			i = d.plain(i, &p.Title)
		case "referrer":
			i = d.plain(i, &p.Referrer)
		default:
			if i = d.skip(i, 2); i >= 0 {
				d.e.spans = append(d.e.spans, span{from, i, true})
			}
		}
		if i < 0 {
			return -1
		}
		i, more = d.next(i, '}')
	}
	d.scope, d.pageTo = inEvent, len(d.e.spans)
	return i
}

// items reads the items array. A second one replaces the first.
func (d *decoder) items(i int) int {
	d.e.Items = d.e.Items[:0]
	if d.b[i] != '[' {
		if literal(d.b, i, "null") {
			return i + 4
		}
		return d.wrongType(i, "an array of items")
	}
	i, more := d.open(i)
	for d.item = 0; more; d.item++ {
		if d.item == MaxItems {
			return d.fail("items", TooMany, "has more than %d items", MaxItems)
		}
		d.scope = inItems
		if i >= len(d.b) {
			return d.broken(i)
		}
		if d.b[i] != '{' {
			return d.wrongType(i, "an object")
		}
		if i = d.oneItem(i); i < 0 {
			return -1
		}
		d.scope = inEvent
		i, more = d.next(i, ']')
	}
	return i
}

// oneItem reads the item that begins at b[i].
func (d *decoder) oneItem(i int) int {
	e := d.e
	e.Items = append(e.Items, Item{Quantity: 1})
	it := &e.Items[len(e.Items)-1]
	mark := len(e.spans)
	d.scope = inItem
	i, more := d.open(i)
	known := true
	for more {
		var from int
		from, i = i, d.member(i)
		if i < 0 {
			return -1
		}
		was := known
		if i, known = d.itemMember(i, it); i < 0 {
			return -1
		}
		if !known {
			d.keep(from, i, was)
		}
		i, more = d.next(i, '}')
	}
	if i >= 0 && len(it.ID) == 0 {
		d.name = itemID
		return d.refuse(Missing, "is missing")
	}
	it.Props = d.gather(mark, span{})
	return i
}

var itemID = []byte("item_id")

// itemMember reads the value of a member of an item; known is false where it was only skipped.
func (d *decoder) itemMember(i int, it *Item) (end int, known bool) {
	switch string(d.name) {
	case "item_id":
		return d.id(i, &it.ID, MaxID), true
	case "item_name":
		return d.label(i, &it.Name), true
	case "item_category":
		return d.label(i, &it.Category), true
	case "price":
		return d.money(i, &it.Price, &it.HasPrice, MaxPrice), true
	case "quantity":
		return d.count(i, &it.Quantity, 1, 1, MaxQuantity), true
	}
	return d.skip(i, 3), false
}
