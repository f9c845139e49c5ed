package catalogue

import "orrery/models"

// slot is what a frame shows of a product, read from an item of an event.
type slot struct {
	title, url, image, brand, category []byte
	sale                               models.Money
}

// Bounds of the texts of a slot: what is longer is left out, so that a slot stays well below slab.MaxText.
const (
	maxTitle = 512
	maxURL   = 2048
)

func (s *slot) read(it *models.Item) {
	s.title, s.category = bounded(it.Name, maxTitle), bounded(it.Category, maxURL)
	models.Members(it.Props, func(name []byte, v models.Value) bool {
		text, _, ok := v.Text(nil)
		switch string(name) {
		case "title":
			if ok && len(it.Name) == 0 {
				s.title = bounded(text, maxTitle)
			}
		case "url", "link":
			s.url = bounded(text, maxURL)
		case "image", "image_link":
			s.image = bounded(text, maxURL)
		case "brand", "item_brand":
			s.brand = bounded(text, maxTitle)
		case "product_type":
			if len(it.Category) == 0 {
				s.category = bounded(text, maxURL)
			}
		case "sale_price":
			if m, ok := v.Money(); ok {
				s.sale = m
			}
		}
		return true
	})
	if it.HasPrice && s.sale >= it.Price || s.sale < 0 {
		s.sale = 0
	}
}

func bounded(text []byte, n int) []byte {
	if len(text) > n {
		return nil
	}
	return text
}

// source appends the member list that Product reads the texts back from.
func (s *slot) source(dst []byte) []byte {
	dst = member(dst, "title", s.title)
	dst = member(dst, "url", s.url)
	dst = member(dst, "image", s.image)
	if s.sale > 0 {
		dst = models.AppendMoney(comma(dst, `"sale_price":`), s.sale)
	}
	return dst
}

// json appends the members of a frame's slot.
func (s *slot) json(dst, id []byte, price models.Money, currency []byte) []byte {
	dst = member(dst, "item_id", id)
	dst = member(dst, "title", s.title)
	dst = member(dst, "url", s.url)
	dst = member(dst, "image", s.image)
	if price > 0 {
		dst = models.AppendMoney(comma(dst, `"price":`), price)
	}
	if s.sale > 0 {
		dst = models.AppendMoney(comma(dst, `"sale_price":`), s.sale)
	}
	return member(dst, "currency", currency)
}

func member(dst []byte, name string, text []byte) []byte {
	if len(text) == 0 {
		return dst
	}
	dst = comma(dst, "")
	dst = append(append(append(dst, '"'), name...), '"', ':')
	return models.AppendString(dst, text)
}

func comma(dst []byte, name string) []byte {
	if len(dst) > 0 {
		dst = append(dst, ',')
	}
	return append(dst, name...)
}
