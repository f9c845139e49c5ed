package models

import "bytes"

// span is a run of unknown members: record[from:to]. Those of a page stand alone, as their names get a prefix.
type span struct {
	from, to int
	page     bool
}

// ownProps takes the members of "props" as they are. A second one replaces the first.
func (d *decoder) ownProps(i int) int {
	d.props = span{}
	if d.b[i] != '{' {
		if literal(d.b, i, "null") {
			return i + 4
		}
		return d.wrongType(i, "an object")
	}
	end := d.skip(i, 1)
	if end >= 0 {
		d.props = span{from: i + 1, to: end - 1}
	}
	return end
}

// forgetPage empties the spans of the page before. They stay where they are, so that a record of many pages costs no
// more than its length.
func (d *decoder) forgetPage() {
	for i := d.pageFrom; i < d.pageTo; i++ {
		d.e.spans[i].to = d.e.spans[i].from
	}
	d.pageFrom = d.pageTo
}

// skip goes past a value that lies level deep.
func (d *decoder) skip(i, level int) int {
	end, why := skip(d.b, i, MaxDepth-level)
	if why != sound {
		return d.faulty(end, why)
	}
	return end
}

// keep remembers an unknown member; where the one before was unknown too, their run grows.
func (d *decoder) keep(from, to int, first bool) {
	spans := d.e.spans
	if n := len(spans); !first && !spans[n-1].page {
		spans[n-1].to = to
		return
	}
	d.e.spans = append(spans, span{from: from, to: to})
}

// gather returns the member list of the spans from mark on and of own after them, and forgets them. A single run is a
// part of the record; more are put together in e.props.
func (d *decoder) gather(mark int, own span) []byte {
	e := d.e
	spans := e.spans[mark:]
	e.spans = e.spans[:mark]
	list := trimSpace(d.b[own.from:own.to])
	switch {
	case len(spans) == 0:
		return list[:len(list):len(list)]
	case len(spans) == 1 && len(list) == 0 && !spans[0].page:
		return d.b[spans[0].from:spans[0].to:spans[0].to]
	}
	start := len(e.props)
	for _, s := range spans {
		if s.to == s.from {
			continue
		}
		members := d.b[s.from:s.to]
		if s.page {
			e.props = append(e.props, `"page.`...)
			members = members[1:]
		}
		e.props = append(append(e.props, members...), ',')
	}
	e.props = append(e.props, list...)
	out := bytes.TrimSuffix(e.props[start:], comma)
	return out[:len(out):len(out)]
}

var comma = []byte{','}
