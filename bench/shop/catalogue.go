package shop

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"

	"orrery/models"
)

// product is one of the catalogue.
type product struct {
	id, name, brand []byte
	shelf           shelfID
	price, sale     models.Money // sale is 0 where it is not on sale
	level           float32      // 0 the cheap to 1 the dear one of its sort
	stock, supply   int32        // pieces there, and pieces delivered next time
	launch          models.Time  // when it enters the catalogue
}

// cost is what a piece costs now.
func (p *product) cost() models.Money {
	if p.sale > 0 {
		return p.sale
	}
	return p.price
}

// shelfRange is where a shelf's products lie, the most wanted first, and how often each is.
type shelfRange struct {
	from, n int
	demand  alias
}

const (
	minProducts = 50
	popularity  = 0.9              // exponent of the zipf law of demand within a shelf
	novelties   = 20               // one product in so many is launched later
	launchSpan  = 14 * models.Day  // within this time from the beginning
	onSale      = 12               // one product in so many is on sale
	saleFloor   = models.Money(50) // percent of the price that the best offer leaves
)

// stockShelves makes the catalogue.
func (s *Shop) stockShelves() {
	weights := make([]float64, shelfCount)
	total := 0
	for i := range shelves {
		weights[i] = float64(shelves[i].footfall)
		total += shelves[i].footfall
	}
	s.footfall = newAlias(weights)
	passed := 0
	for i := range shelves {
		passed += shelves[i].footfall
		n := s.cfg.Products*passed/total - len(s.products)
		s.stockShelf(shelfID(i), max(n, 1))
	}
	slices.SortStableFunc(s.launches, func(a, b int32) int {
		return cmp.Compare(s.products[a].launch, s.products[b].launch)
	})
}

func (s *Shop) stockShelf(id shelfID, n int) {
	from := len(s.products)
	names := newNamer(&shelves[id])
	demand := make([]float64, n)
	for i := range n {
		demand[i] = math.Pow(float64(i+1), -popularity)
		p := s.newProduct(id, names)
		if i%novelties == novelties/4 { // never the first of a shelf, which stands in for those to come
			p.launch = s.now + models.Time(s.rng.Int64N(int64(launchSpan)))
			s.launches = append(s.launches, int32(len(s.products)))
		}
		s.products = append(s.products, p)
	}
	s.ranges[id] = shelfRange{from, n, newAlias(demand)}
}

func (s *Shop) newProduct(id shelfID, names *namer) product {
	number := len(s.products) + 1
	brand, name, rank := names.name(mix(s.cfg.Seed, uint64(number)))
	level := s.rng.Float64()
	low, high := float64(shelves[id].low), float64(shelves[id].high)
	p := product{
		id: []byte("P" + pad(number)), name: []byte(name), brand: []byte(brand), shelf: id,
		price: tag(low * math.Pow(high/low, (float64(rank)+level)/float64(len(names.nouns)))),
		level: float32(level), supply: int32(20 + s.rng.IntN(180)),
	}
	p.stock = p.supply
	if s.rng.IntN(onSale) == 0 {
		p.sale = s.offer(p.price)
	}
	return p
}

// offer is a sale price: 10 to 50 % off, and none (0) where that makes no difference.
func (s *Shop) offer(price models.Money) models.Money {
	percent := saleFloor + models.Money(s.rng.IntN(41))
	if offer := tag((price * percent / 100).Float()); offer < price {
		return offer
	}
	return 0
}

// tag makes a price look like one: whole euros less a cent up to 100, less one euro above.
func tag(amount float64) models.Money {
	whole := math.Max(1, math.Round(amount))
	if whole > 100 {
		return models.Money(math.Round(whole/10)*10-1) * models.Micros
	}
	return models.Money(whole)*models.Micros - models.Micros/100
}

func pad(n int) string {
	digits := strconv.Itoa(n)
	return strings.Repeat("0", max(0, 5-len(digits))) + digits
}

// namer names the products of a shelf. No name comes twice: where the words run out a colour is added, and then a
// number.
type namer struct {
	nouns, styles, brands, tints []string
	used                         map[string]bool
}

func newNamer(sh *shelf) *namer {
	return &namer{words(sh.nouns), words(sh.styles), words(sh.brands), words(colours), map[string]bool{}}
}

// name makes a name of a hash, and says what it is: the noun's place among the shelf's.
func (n *namer) name(h uint64) (brand, name string, noun int) {
	brand = n.brands[h%uint64(len(n.brands))]
	noun = int((h >> 16) % uint64(len(n.nouns)))
	name = brand + " " + n.styles[(h>>8)%uint64(len(n.styles))] + " " + n.nouns[noun]
	if n.used[name] {
		name += ", " + n.tints[(h>>24)%uint64(len(n.tints))]
	}
	plain := name
	for i := 2; n.used[name]; i++ {
		name = plain + " No. " + strconv.Itoa(i)
	}
	n.used[name] = true
	return brand, name, noun
}

func words(list string) []string { return strings.Split(list, "|") }

// Catalogue yields the records that put the products into the catalogue, those left out that are launched later. A
// record lives until the next one. The events' time is the start of the simulation.
func (s *Shop) Catalogue() iter.Seq[models.Record] {
	return func(yield func(models.Record) bool) {
		for i := range s.products {
			if s.products[i].launch > s.now {
				continue
			}
			s.upsert(int32(i))
			if s.encode(); !yield(s.record) {
				return
			}
		}
	}
}

// upsert describes a product as a whole.
func (s *Shop) upsert(i int32) {
	p := &s.products[i]
	e := s.fresh(models.ProductUpsert)
	e.Currency = s.currency
	from := len(s.text)
	s.text = append(append(append(append(s.text, `"url":"`...), s.cfg.BaseURL...), "/demo/p/"...), p.id...)
	s.text = append(append(append(append(s.text, `","image":"`...), s.cfg.BaseURL...), "/demo/img/"...), p.id...)
	s.text = append(s.text, `.svg","brand":`...)
	s.text = models.AppendString(s.text, p.brand)
	s.text = append(s.text, ',')
	s.text = appendAvailability(s.text, p)
	if p.sale > 0 {
		s.text = models.AppendMoney(append(s.text, `,"sale_price":`...), p.sale)
	}
	e.Items = append(e.Items, models.Item{
		ID: p.id, Name: p.name, Category: shelfPaths[p.shelf], Price: p.price, HasPrice: true, Quantity: 1,
		Props: s.written(from),
	})
}

func appendAvailability(dst []byte, p *product) []byte {
	if p.stock > 0 {
		return append(dst, `"availability":"in_stock"`...)
	}
	return append(dst, `"availability":"out_of_stock"`...)
}
