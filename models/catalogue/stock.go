package catalogue

import (
	"bytes"

	"orrery/models"
)

// The words for what can be had, those of Google's feeds.
const (
	InStock    = "in_stock"
	OutOfStock = "out_of_stock"
	Preorder   = "preorder"
	Backorder  = "backorder"
)

// Availability returns the word that a platform's word for what can be had stands for, "" where it is not known: "In stock",
// "instock", "https://schema.org/InStock" and "true" are in_stock.
func Availability(word []byte) string {
	var buf [32]byte
	plain := buf[:0]
	word = bytes.TrimRight(word, "/ ")
	for _, b := range word[bytes.LastIndexByte(word, '/')+1:] {
		switch {
		case b == ' ' || b == '_' || b == '-':
		case len(plain) == len(buf):
			return ""
		case 'A' <= b && b <= 'Z':
			plain = append(plain, b+'a'-'A')
		default:
			plain = append(plain, b)
		}
	}
	switch string(plain) {
	case "instock", "available", "availablefororder", "instoreonly", "onlineonly", "limitedavailability", "limited", "lowstock", "true", "yes", "y", "1",
		"auflager", "lieferbar", "sofortlieferbar", "verfügbar", "ja", "dostępny", "dostepny", "tak", "skladem", "disponible", "enstock", "disponibile":
		return InStock
	case "outofstock", "soldout", "discontinued", "unavailable", "notavailable", "nostock", "temporarilyoutofstock", "reserved", "false", "no", "n", "0",
		"ausverkauft", "vergriffen", "nichtlieferbar", "nichtverfügbar", "nein", "niedostępny", "niedostepny", "brak", "nie", "vyprodáno", "agotado", "épuisé", "rupture", "esaurito":
		return OutOfStock
	case "preorder", "presale":
		return Preorder
	case "backorder", "onbackorder", "madetoorder":
		return Backorder
	}
	return ""
}

// stock returns an item's flags as the availability of a member list says, in the words of any platform, or the number of
// pieces; unchanged where it says neither. What may be ordered without a piece in the house can be had. n is the number of
// pieces, -1 where it is not said.
func stock(kind uint64, props []byte) (flags uint64, n int64, said bool) {
	n = -1
	sold, pieces, late := false, true, false
	models.Members(props, func(name []byte, v models.Value) bool {
		switch string(name) {
		case "availability", "in_stock", "stock_status":
			word := availabilityOf(v)
			late = late || word == Preorder || word == Backorder
			said, sold = said || len(v) > 0 && string(v) != "null", sold || word == OutOfStock
		case "stock", "stock_quantity":
			if f, ok := v.Float(); ok {
				said, pieces, n = true, f > 0, int64(max(0, min(f, 1e12)))
			}
		}
		return true
	})
	switch {
	case sold || !pieces && !late:
		kind |= flagSold
	case said:
		kind &^= flagSold
	}
	return kind, n, said
}

func availabilityOf(v models.Value) string {
	yes, ok := v.Bool()
	if n, isNumber := v.Float(); isNumber {
		yes, ok = n > 0, true
	}
	if ok {
		if yes {
			return InStock
		}
		return OutOfStock
	}
	text, _, _ := v.Text(nil)
	return Availability(text)
}
