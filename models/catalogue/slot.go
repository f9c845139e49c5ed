package catalogue

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"orrery/models"
)

// slot is what a frame shows of a product.
type slot struct {
	title, url, image []byte
	price, sale       models.Money // sale below price, or 0
	currency          []byte
	lowest            models.Money // of the 30 days before the present price, 0 where none is known
}

// facts is what an event says of an item.
type facts struct {
	slot
	brand, category []byte
	group           []byte
	hasPrice        bool
	hasSale         bool        // the event says whether there is a sale price
	from, until     uint32      // seconds, when it holds; 0: open
	at              models.Time // when its price holds from, 0 where it says none
}

// money returns what is said of money alone.
func (f *facts) money() facts {
	return facts{slot: slot{price: f.price, sale: f.sale, currency: f.currency}, hasPrice: f.hasPrice, hasSale: f.hasSale}
}

// Bounds of the texts of a slot: a longer title is cut, another text that is longer is left out, so that a slot stays well below slab.MaxText.
const (
	maxTitle = 512
	maxURL   = 2048
)

// factsOf reads an item of an event. Names are Orrery's own and those of Google Merchant feeds.
func factsOf(it *models.Item, currency []byte) (f facts) {
	f.title, f.category = clipped(it.Name), bounded(it.Category, maxURL)
	f.price, f.hasPrice, f.currency = it.Price, it.HasPrice, currency
	models.Members(it.Props, func(name []byte, v models.Value) bool {
		text, _, ok := v.Text(nil)
		switch string(name) {
		case "title":
			if ok && len(it.Name) == 0 {
				f.title = clipped(text)
			}
		case "url", "link":
			f.url = address(text)
		case "image", "image_link":
			f.image = address(text)
		case "brand", "item_brand":
			f.brand = bounded(text, maxTitle)
		case "item_group_id":
			f.group = text
		case "product_type":
			if len(it.Category) == 0 {
				f.category = bounded(text, maxURL)
			}
		case "sale_price":
			f.sale, f.hasSale = 0, true
			if m, ok := v.Money(); ok {
				f.sale = max(0, m)
			}
		case "sale_from":
			f.from = moment(text)
		case "sale_until":
			f.until = moment(text)
		case "sale_price_effective_date":
			from, until, _ := bytes.Cut(text, []byte{'/'})
			f.from, f.until = moment(from), moment(until)
		}
		return true
	})
	return f
}

// moment reads a time, to the second; 0 where it is none.
func moment(text []byte) uint32 {
	t, ok := models.ParseTime(bytes.TrimSpace(text))
	if !ok {
		return 0
	}
	return t.Seconds()
}

// address returns a link of the web, nothing where it is another one: whoever shows a product puts it into a page.
func address(text []byte) []byte {
	if !models.WebAddress(text) {
		return nil
	}
	return bounded(text, maxURL)
}

// clipped returns as much of a title as is kept.
func clipped(text []byte) []byte {
	if len(text) <= maxTitle {
		return text
	}
	cut := maxTitle
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}

func bounded(text []byte, n int) []byte {
	if len(text) > n {
		return nil
	}
	return text
}

// A slot is kept as headBytes of lengths and its JSON members, the texts first:
//
//	length of the id, title, url, image: u16 each, as escaped in the JSON; the last one's upper bit: escapes occur
//	"item_id":"...","title":"...","url":"...","image":"...","price":24.9,"sale_price":19.9,"currency":"EUR"
//
// so that Product finds its texts without parsing.
const (
	headBytes = 8
	escaped   = 1 << 15
)

var textNames = [4]string{`"item_id":"`, `,"title":"`, `,"url":"`, `,"image":"`}

// append appends the slot of the item with an id.
func (s *slot) append(dst, id []byte) []byte {
	start, escapes := len(dst), byte(0)
	dst = append(dst, make([]byte, headBytes)...)
	for i, text := range [...][]byte{id, s.title, s.url, s.image} {
		if len(text) == 0 {
			continue
		}
		from := len(dst) + len(textNames[i])
		dst = append(dst, textNames[i]...)
		dst = models.AppendString(dst[:len(dst)-1], text) // brings its own quotes
		n := len(dst) - 1 - from
		binary.LittleEndian.PutUint16(dst[start+2*i:], uint16(n))
		if n != len(text) || bytes.IndexByte(dst[from:len(dst)-1], '\\') >= 0 {
			escapes = escaped >> 8
		}
	}
	dst[start+headBytes-1] |= escapes
	if s.price > 0 {
		dst = models.AppendMoney(append(dst, `,"price":`...), s.price)
	}
	if s.sale > 0 {
		dst = models.AppendMoney(append(dst, `,"sale_price":`...), s.sale)
		if s.lowest > 0 {
			dst = models.AppendMoney(append(dst, `,"lowest_price":`...), s.lowest)
		}
	}
	if len(s.currency) > 0 {
		dst = models.AppendString(append(dst, `,"currency":`...), s.currency)
	}
	return dst
}

// idOf returns the id in a kept slot, nil where the slot has escapes.
func idOf(kept []byte) []byte {
	if kept[headBytes-1]&(escaped>>8) != 0 {
		return nil
	}
	from := headBytes + len(textNames[0])
	n := int(binary.LittleEndian.Uint16(kept))
	return kept[from : from+n : from+n]
}

// texts returns title, url and image of a kept slot. It allocates only where one of them has escapes.
func texts(kept []byte) (title, url, image []byte) {
	if len(kept) == 0 {
		return nil, nil, nil
	}
	var found [4][]byte
	escapes := kept[headBytes-1]&(escaped>>8) != 0
	at := headBytes
	for i := range found {
		n := int(binary.LittleEndian.Uint16(kept[2*i:]) &^ escaped)
		if n == 0 {
			continue
		}
		at += len(textNames[i])
		found[i] = kept[at : at+n : at+n]
		if escapes && i > 0 {
			found[i], _, _ = models.Value(kept[at-1 : at+n+1]).Text(nil)
		}
		at += n + 1
	}
	return found[1], found[2], found[3]
}
