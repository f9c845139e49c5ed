package people

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"orrery/models"
	"orrery/models/slab"
)

// What is known of a contact is a JSON member list, merged key by key: of each key the value of the newest event that has one
// counts, and null takes it away. Tags are a set, merged tag by tag: "tags" adds, "remove_tags" takes away, "tags":null takes away all.
// Of two events of one moment the greater text wins, and what is there wins over what is taken away. So neither the order nor the
// number of events makes a difference.
//
// A text is the member list by key, and where not all of it is of the moment cAttrAt, behind a zero, how many milliseconds
// before it each value and tag was said, and what was taken away, with the same.

// attribute is one value, or one tag. The bytes are shared.
type attribute struct {
	key   []byte
	tag   []byte // of the key tags: one of them
	value []byte // nil: taken away
	at    models.Time
}

const (
	tagsKey    = "tags"
	removeTags = "remove_tags"
)

// described returns the member list of what is known of a contact. Any goroutine may call it.
func (p *People) described(c uint32) []byte {
	text := p.attributes.Get(uint64(c))
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return text[:i:i]
	}
	return text
}

// Identify takes what an event says of a contact, a JSON member list.
func (p *People) Identify(c uint32, attributes []byte, t models.Time) {
	if len(attributes) == 0 || len(attributes) > slab.MaxText {
		return
	}
	p.fresh = said(p.fresh[:0], attributes, t)
	p.identify(c)
}

// identify merges p.fresh into what is known of a contact.
func (p *People) identify(c uint32) {
	p.before = p.attributesOf(p.before[:0], c)
	list := merged(append(p.fresh, p.before...))
	newest := models.Time(0)
	for i := range list {
		newest = max(newest, list[i].at)
	}
	text := written(p.written[:0], list, newest)
	p.fresh, p.written = list[:0], text[:0]
	if len(text) > slab.MaxText {
		p.bump(cntUnsaid, 1)
		return
	}
	p.contacts.Set(p.cword(c, cAttrAt), uint64(newest))
	p.attributes.Set(uint64(c), text)
}

// said appends what a member list says at a moment.
func said(dst []attribute, members []byte, t models.Time) []attribute {
	models.Members(members, func(name []byte, v models.Value) bool {
		null := string(v) == "null"
		switch string(name) {
		case removeTags:
			eachTag(v, func(tag []byte) { dst = append(dst, attribute{key: []byte(tagsKey), tag: tag, at: t}) })
		case tagsKey:
			if null {
				dst = append(dst, attribute{key: name, at: t})
			} else {
				eachTag(v, func(tag []byte) { dst = append(dst, attribute{key: name, tag: tag, value: tag, at: t}) })
			}
		default:
			if null {
				v = nil
			}
			dst = append(dst, attribute{key: name, value: v, at: t})
		}
		return true
	})
	return dst
}

// eachTag calls f with the tags of a list, or of a text with commas between them.
func eachTag(v models.Value, f func(tag []byte)) {
	if len(v) > 0 && v[0] == '[' {
		models.Elements(v, func(element models.Value) bool {
			if tag, _, ok := element.Text(nil); ok && len(bytes.TrimSpace(tag)) > 0 {
				f(bytes.TrimSpace(tag))
			}
			return true
		})
		return
	}
	text, _, _ := v.Text(nil)
	for tag := range bytes.SplitSeq(text, []byte{','}) {
		if tag = bytes.TrimSpace(tag); len(tag) > 0 {
			f(tag)
		}
	}
}

func (a *attribute) compare(b *attribute) int {
	return cmp.Or(bytes.Compare(a.key, b.key), bytes.Compare(a.tag, b.tag), cmp.Compare(b.at, a.at), bytes.Compare(b.value, a.value))
}

// merged leaves of each key and each tag what counts, by key and tag.
func merged(list []attribute) []attribute {
	slices.SortFunc(list, func(a, b attribute) int { return a.compare(&b) })
	list = slices.CompactFunc(list, func(a, b attribute) bool { return bytes.Equal(a.key, b.key) && bytes.Equal(a.tag, b.tag) })
	cleared := models.Time(0)
	return slices.DeleteFunc(list, func(a attribute) bool {
		if string(a.key) != tagsKey {
			return false
		}
		if a.tag == nil { // all tags were taken away; it stands before them
			cleared = a.at
			return false
		}
		return a.at < cleared
	})
}

// written appends a text of attributes that are merged.
func written(dst []byte, list []attribute, newest models.Time) []byte {
	from, old, tags := len(dst), false, false
	for i := range list {
		a := &list[i]
		old = old || a.at != newest || a.value == nil
		if a.value == nil {
			continue
		}
		if a.tag == nil || !tags {
			if len(dst) > from {
				dst = append(dst, ',')
			}
			dst = append(models.AppendString(dst, a.key), ':')
		}
		switch {
		case a.tag == nil:
			dst = append(dst, a.value...)
			continue
		case tags:
			dst = append(dst, ',')
		default:
			dst, tags = append(dst, '['), true
		}
		dst = models.AppendString(dst, a.tag)
		if !anotherTag(list[i+1:]) {
			dst = append(dst, ']')
		}
	}
	if !old {
		return dst
	}
	dst = append(dst, 0)
	for i := range list {
		if list[i].value != nil {
			dst = binary.AppendUvarint(dst, uint64(newest-list[i].at))
		}
	}
	for i := range list {
		if a := &list[i]; a.value == nil {
			dst = binary.AppendUvarint(dst, uint64(len(a.key)))
			dst = append(dst, a.key...)
			dst = binary.AppendUvarint(dst, uint64(len(a.tag)))
			dst = append(dst, a.tag...)
			dst = binary.AppendUvarint(dst, uint64(newest-a.at))
		}
	}
	return dst
}

// anotherTag tells whether there is a tag among attributes that are there.
func anotherTag(list []attribute) bool {
	return slices.ContainsFunc(list, func(a attribute) bool { return a.tag != nil && a.value != nil })
}

// attributesOf appends what is known of a contact, with the moments. What a snapshot of version 11 holds is all of one moment.
func (p *People) attributesOf(dst []attribute, c uint32) []attribute {
	text := p.attributes.Get(uint64(c))
	if len(text) == 0 {
		return dst
	}
	return attributesIn(dst, text, models.Time(p.contacts.Load(p.cword(c, cAttrAt))))
}

// attributesIn is attributesOf of a text whose newest moment is known.
func attributesIn(dst []attribute, text []byte, newest models.Time) []attribute {
	members, rest, _ := bytes.Cut(text, []byte{0})
	from := len(dst)
	dst = said(dst, members, newest)
	if len(rest) == 0 {
		return dst
	}
	number := func() int {
		n, size := binary.Uvarint(rest)
		rest = rest[max(0, size):]
		return int(n)
	}
	bytesOf := func() []byte {
		n := number()
		n = max(0, min(n, len(rest)))
		b := rest[:n:n]
		rest = rest[n:]
		return b
	}
	for i := from; i < len(dst); i++ {
		dst[i].at -= models.Time(number())
	}
	for left := len(rest) + 1; len(rest) > 0 && len(rest) < left; {
		left = len(rest)
		a := attribute{key: bytesOf()}
		if tag := bytesOf(); len(tag) > 0 {
			a.tag = tag
		}
		a.at = newest - models.Time(number())
		dst = append(dst, a)
	}
	return dst
}
