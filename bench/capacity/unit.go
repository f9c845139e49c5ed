package capacity

import (
	"orrery/models"
	"orrery/recommend/neighbours"
)

// Unit is the memory of one thing that a shop can count.
type Unit struct {
	Name     string  `json:"unit"`
	Count    uint64  `json:"count"`
	Measured float64 `json:"bytes"`
	Least    float64 `json:"formula_least"` // by the layouts, with nothing in the lists
	Most     float64 `json:"formula_most"`  // with every list full
	Formula  string  `json:"formula"`
}

// Bytes that the layouts are made of, from the packages' own descriptions.
const (
	text = 440 // of a product here: its texts as sent, and as a frame shows them

	productLeast = 64 + 24 + text + // catalogue: record, id table, texts
		16 + // popular
		64 + // social proof: head
		3*16 + // neighbour lists: place and sides
		12*8 // similar: features
	productMost = productLeast + 3*8*neighbours.DefaultBound + // every list full
		256 + 512 + 256 + 256 // every window of social proof full

	clickLeast   = 32.0/6 + 4   // a session of six clicks a block, a posting
	clickMost    = 32.0/2 + 8   // a session of two
	visitorLeast = 64 + 12 + 72 // record, table, a list of four views
	visitorMost  = 64 + 24 + 2*12*128
	contactLeast = 64 + 12 + 16 // record, table, its id
	contactMost  = 64 + 24 + 512 + 12*16*2
	orderLeast   = 76 + 8
	orderMost    = 76 + 24 + 8*100
)

// units divides the memory of the models among what it is for.
func units(s *models.Stats) []Unit {
	b := s.Bytes
	products := b["catalogue"] + b["viewed_together"] + b["bought_together"] + b["bought_after_viewing"] + b["similar"] + b["popular"] + b["social"]
	clicks := s.Events["view_item"]
	out := []Unit{
		{Name: "product", Count: s.Items, Measured: per(products, s.Items), Least: productLeast, Most: productMost,
			Formula: "64 record + 24 id + texts + 16 popular + 64 social + 48 lists' heads + 96 similar .. + 3 lists x 8 x bound + 1,280 windows"},
		{Name: "click", Count: clicks, Measured: per(b["sessions"], clicks), Least: clickLeast, Most: clickMost,
			Formula: "32 B a block of 6 clicks of a session + 4..8 a posting"},
		{Name: "visitor", Count: s.Visitors, Measured: per(b["visitors"], s.Visitors), Least: visitorLeast, Most: visitorMost,
			Formula: "64 record + 12 table + 12 an entry of views and cart, in lists of 4 .. 128"},
		{Name: "contact", Count: s.Contacts, Measured: per(b["contacts"], s.Contacts), Least: contactLeast, Most: contactMost,
			Formula: "64 record + 12 table + id and attributes (the list of its visitors is among the visitors')"},
		{Name: "order", Count: s.Orders, Measured: per(b["orders"], s.Orders), Least: orderLeast, Most: orderMost,
			Formula: "76 an order + 8 a line"},
	}
	return out
}

func per(bytes, n uint64) float64 {
	if n == 0 {
		return 0
	}
	return float64(bytes) / float64(n)
}
