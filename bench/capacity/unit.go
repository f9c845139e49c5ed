package capacity

import (
	"math"
	"math/bits"

	"orrery/models"
	"orrery/recommend/neighbours"
)

// Unit is the memory of one thing that a shop can count.
type Unit struct {
	Name     string  `json:"unit"`
	Count    uint64  `json:"count"`
	Measured float64 `json:"bytes"`
	Formula  float64 `json:"formula_bytes"` // by the layouts, for what this shop counts
	Most     float64 `json:"formula_most"`  // with every list full
	Text     string  `json:"formula"`
}

// Bytes that the layouts are made of, from the packages' own descriptions.
const (
	text       = 440                   // of a product here: its texts as sent, and as a frame shows them
	productOwn = 64 + text + 16 + 64 + // catalogue record, texts, popular, social proof's head
		3*16 + 12*8 + 2*8 // heads of neighbour lists, features of similar, repurchases and wants
	windows    = 256 + 512 + 256 + 256 // of social proof, full: viewers now and within a day, carts, orders
	pairsAView = 2                     // neighbours that a view adds to a list, while there is room
	visitorOwn = 64 + 8 + 8            // record, running session, running visit
	listEntry  = 12                    // a product viewed or in the cart, in lists of 4 to 128
	contactOwn = 64 + 22 + 8           // record, its id, its number in the shop's customer base
	customer   = 121                   // a contact with an order: see bench customers
	orderOwn   = 64 + 16 + 8           // record, credit, a line
	login      = 16
	buyer      = 24 + 4*24 // what was bought, in lists of 4 to 128
)

// Fixed is what every shop has: pools of running sessions (40 B) and pending forecasts (56 B), both of at most 262,144, of
// outlooks (at most 65,536), the wheels that they hang in, the ring of changes of customers.
const fixedMost = (40+56)<<18 + 64<<16 + 2<<20

// table returns the bytes a name of a table of so many: 8 B slots, a power of two of them, at most two thirds taken.
func table(names uint64) float64 {
	if names == 0 {
		return 0
	}
	slots := 64
	for 3*(names+1) >= uint64(2*slots) {
		slots *= 2
	}
	return float64(8*slots) / float64(names)
}

// list returns the bytes of a list with so many entries on average, in rooms of powers of two from least to most.
func list(entries, entry, least, most float64) float64 {
	return entry * min(max(1.5*entries, least), most)
}

// lists returns the mean bytes of the three neighbour lists and of the windows of social proof of a product, where views are
// shared out by zipf's law with exponent 0.9.
func lists(products, views, orders uint64) float64 {
	sum := 0.0
	for i := range products {
		sum += math.Pow(float64(i+1), -0.9)
	}
	neighbour := func(pairs float64) float64 {
		n := min(uint64(pairs), neighbours.DefaultBound)
		if n == 0 {
			return 0
		}
		return 8 * float64(max(uint64(1)<<bits.Len64(n-1), 4))
	}
	window := func(visitors, most float64) float64 {
		if visitors < 1 {
			return 0
		}
		return min(64*float64(uint64(1)<<bits.Len64(uint64(visitors)/16)), most)
	}
	total := 0.0
	for i := range products {
		v := float64(views) * math.Pow(float64(i+1), -0.9) / sum
		o := v * float64(orders) / float64(max(views, 1))
		total += neighbour(pairsAView*v) + neighbour(4*o) + neighbour(o) + window(v, 256) + window(v, 512) + window(o, 256) + window(o, 256)
	}
	return total / float64(max(products, 1))
}

// units divides the memory of the models among what it is for.
func units(s *models.Stats) []Unit {
	b := s.Bytes
	views, share := s.Events["view_item"], func(a, b uint64) float64 { return float64(a) / float64(max(b, 1)) }
	products := b["catalogue"] + b["viewed_together"] + b["bought_together"] + b["bought_after_viewing"] + b["similar"] + b["popular"] + b["social"] + b["shelves"]
	visitors := b["visitors"] + b["session_rows"] + b["visit_rows"] + b["logins"]
	perSession := max(share(views, s.Sessions), 1)
	viewed := share(views, s.Visitors)
	identified := share(s.Events["identify"]+s.Contacts, s.Visitors)
	var out []Unit
	add := func(name string, count, bytes uint64, formula, most float64, text string) {
		out = append(out, Unit{Name: name, Count: count, Measured: share(bytes, count), Formula: formula, Most: most, Text: text})
	}
	add("product", s.Items, products, productOwn+table(s.Items)+lists(s.Items, views, s.Orders),
		productOwn+24+3*8*neighbours.DefaultBound+windows, "744 with texts of 440 + table + 3 lists x 8 x up to 128 + windows up to 1,280")
	add("click", views, b["sessions"], 32*math.Ceil(perSession/6)/perSession+6, 32.0/2+8,
		"32 a block of 6 clicks of a session (at most 16 Mi blocks) + 4 .. 8 a posting (at most 512 a product)")
	add("visitor", s.Visitors, visitors, visitorOwn+table(s.Visitors)+list(viewed, listEntry, 4, 128)+min(identified, 1)*login+8,
		visitorOwn+24+2*listEntry*128+login+8, "88 + table + 12 x products viewed, in lists of 4 .. 128 + 16 a login")
	add("contact", s.Contacts, b["contacts"]+b["customers"]+b["mails"], contactOwn+table(s.Contacts)+customer*min(share(s.Buyers, s.Contacts), 1),
		contactOwn+24+customer+72+512, "94 with an id of 22 + table + 121 where it has bought + 72 where it gets mails + attributes")
	add("order", s.Orders, b["orders"]+b["rebuy"], orderOwn+table(s.Orders)+(buyer+table(s.Buyers))*share(s.Buyers, s.Orders),
		orderOwn+24+8*100+24*100, "80 + 8 a line + table + 120 a buyer")
	fixed := b["intent"] + b["outlook"]
	add("shop", 1, fixed, float64(40+56)*float64(min(s.Visitors, 1<<18))+float64(64<<16+2<<20), fixedMost, "running sessions and pending forecasts, bounded")
	return out
}
