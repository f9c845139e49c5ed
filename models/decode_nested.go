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
			i = d.side(i, d.plain(i, &p.URL), &p.URL, "page.url")
		case "title":
			i = d.side(i, d.plain(i, &p.Title), &p.Title, "page.title")
		case "referrer":
			i = d.side(i, d.plain(i, &p.Referrer), &p.Referrer, "page.referrer")
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

// items reads the items array, or the one object that stands for it. A second one replaces the first.
func (d *decoder) items(i int) int {
	d.e.Items, d.e.odd, d.lineDoubt = d.e.Items[:0], d.e.odd[:0], nil
	d.item = 0
	switch {
	case d.b[i] == '{':
		i = d.oneItem(i)
		d.scope = inEvent
		return i
	case literal(d.b, i, "null"):
		return i + 4
	case d.b[i] != '[':
		return d.owed(i, d.wrongType(i, "an array of items"), nil, "items", true)
	}
	i, more := d.open(i)
	for ; more; d.item++ {
		if d.item == MaxItems {
			return d.fail("items", TooMany, "has more than %d items", MaxItems)
		}
		d.scope = inItems
		if i >= len(d.b) {
			return d.broken(i)
		}
		if d.b[i] == '{' {
			i = d.oneItem(i)
		} else {
			i = d.owed(i, d.wrongType(i, "an object"), nil, "", true)
		}
		if i < 0 {
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
	d.scope, d.hasPieces, d.told = inItem, false, false
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
	if i < 0 {
		return -1
	}
	if len(e.levels) > 0 {
		d.joinLevels(it)
	}
	if len(it.ID) == 0 || it.Price < 0 || d.hasPieces {
		e.odd = append(e.odd, oddLine{int32(len(e.Items) - 1), int32(d.item), d.pieces, d.hasPieces, d.told && len(it.ID) == 0})
	}
	it.Props = d.gather(mark, span{})
	return i
}

// itemMember reads the value of a member of an item; known is false where it was only skipped.
func (d *decoder) itemMember(i int, it *Item) (end int, known bool) {
	switch string(d.name) {
	case "item_id":
		return d.side(i, d.key(i, &it.ID, "item_id", false), &it.ID, "item_id"), true
	case "item_name":
		return d.side(i, d.label(i, &it.Name), &it.Name, "item_name"), true
	case "item_category":
		if d.b[i] == '[' {
			return d.side(i, d.levelList(i), nil, "item_category"), true
		}
		return d.side(i, d.label(i, &it.Category), &it.Category, "item_category"), true
	case "price":
		return d.price(i, it), true
	case "quantity":
		return d.quantity(i, it), true
	case "item_category2", "item_category3", "item_category4", "item_category5":
		return d.level(i), true
	}
	return d.skip(i, 3), false
}

// level is one step of a category's path: those of a list have the digit 1.
type level struct {
	digit byte
	name  []byte
}

// level reads item_category2 to 5.
func (d *decoder) level(i int) int {
	l := level{digit: d.name[len(d.name)-1]}
	if i = d.side(i, d.label(i, &l.name), &l.name, "item_category2"); i >= 0 && len(l.name) > 0 && unset(l.name, false) == "" {
		d.e.levels = append(d.e.levels, l)
	}
	return i
}

// levelList reads a category that is a list of names.
func (d *decoder) levelList(i int) int {
	i, more := d.open(i)
	for more {
		l := level{digit: '1'}
		if i >= len(d.b) {
			return d.broken(i)
		}
		if i = d.label(i, &l.name); i < 0 {
			return -1
		}
		if len(l.name) > 0 {
			d.e.levels = append(d.e.levels, l)
		}
		i, more = d.next(i, ']')
	}
	return i
}

// joinLevels puts the path of a category together.
func (d *decoder) joinLevels(it *Item) {
	e := d.e
	start := len(e.scratch)
	e.scratch = append(e.scratch, it.Category...)
	for digit := byte('1'); digit <= '5'; digit++ {
		for _, l := range e.levels {
			if l.digit != digit {
				continue
			}
			if len(e.scratch) > start {
				e.scratch = append(e.scratch, " > "...)
			}
			e.scratch = append(e.scratch, l.name...)
		}
	}
	it.Category = e.scratch[start:len(e.scratch):len(e.scratch)]
	e.levels = e.levels[:0]
}
