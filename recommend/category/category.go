// Package category forecasts the category of the product that a visitor looks at next: Next. A view costs O(1), one in 8 that is
// forecast (later one in 64) a few microseconds; a category takes 136 B, a shop 96 B, and there is one table of 512 KiB.
package category

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/people"
	"orrery/models/slab"
)

// Next forecasts the category of the product that a visitor looks at next. It mixes what it knows: where visitors of the
// shop went from this category, what this visitor has looked at lately, and the shop's shares of views. How much each is
// trusted is learned from every view that comes, as the mean responsibility of a mixture (online EM, Neal, Hinton 1998).
type Next struct {
	people    *people.People
	catalogue *catalogue.Catalogue
	rows      slab.Words // rowWords a category: what is looked at after it
	views     slab.Words // views of a category; of a shop at its own category
	last      slab.Words // lossy, by visitor: visitor<<32 | category looked at last
	shops     slab.Words // shelfWords a shop
	reader    *people.Reader
}

const (
	// rowNext is how many categories are remembered after one: the commonest, by the space-saving algorithm (Metwally,
	// Agrawal, El Abbadi 2005, doi 10.1007/978-3-540-30570-5_27).
	rowNext  = 15
	rowWords = 1 + rowNext // all moves, then category<<32 | moves
	rowMost  = 1 << 20     // moves of a row at which all of it is halved
	lastSize = 1 << 16
	// recentItems is how many products of a visitor's history are looked at.
	recentItems = 8
	// shelfEvery is of how many views one is forecast, to learn and to judge; shelfRarely once shelfKnown have been.
	shelfEvery  = 8
	shelfRarely = 64
	shelfKnown  = 40_000
)

// The words of a shop, all float64.
const (
	shMix = iota // responsibilities of the three, fading sums
	_
	_
	shN
	shWeight
	shLoss
	shBase
	shHits
	shStays
	shMoves
	shMoveHits
	shMoveBase
	shelfWords
)

// categoryMemory is over how many forecasts record and mixture fade to their e-th part.
const categoryMemory = 5000

// New returns forecasts that have learned nothing.
func New(p *people.People, c *catalogue.Catalogue) *Next {
	s := &Next{people: p, catalogue: c, reader: p.Reader()}
	s.last.Grow(lastSize)
	return s
}

// View takes that a visitor who is no bot looks at a product, before it has become part of the visitor's history.
func (s *Next) View(shop, visitor, item uint32, began bool, chance uint64) {
	to := s.catalogue.Category(item)
	if to == 0 {
		return
	}
	at := uint64(visitor % lastSize)
	before := s.last.Load(at)
	s.last.Set(at, uint64(visitor)<<32|uint64(to))
	root := s.root(to)
	if from := uint32(before); !began && uint32(before>>32) == visitor && from != 0 {
		every := uint64(shelfEvery)
		if s.number(shop, shN) >= shelfKnown {
			every = shelfRarely
		}
		if chance%every == 0 {
			s.judge(shop, visitor, from, to, root)
		}
		s.move(from, to)
	}
	s.move(root, to)
	for _, c := range [2]uint32{to, root} {
		s.views.Grow(uint64(c) + 1)
		s.views.Set(uint64(c), s.views.Load(uint64(c))+1)
	}
}

// Prefetch asks for what a visitor has looked at last. See intern.Hashes.Prefetch.
func (s *Next) Prefetch(visitor uint32) { s.last.Prefetch(uint64(visitor % lastSize)) }

// root returns the category of the shop itself.
func (s *Next) root(category uint32) uint32 {
	for {
		above := s.catalogue.Parent(category)
		if above == 0 {
			return category
		}
		category = above
	}
}

// move counts a move in the row of a category.
func (s *Next) move(from, to uint32) {
	row := uint64(from) * rowWords
	s.rows.Grow(row + rowWords)
	all := s.rows.Load(row)
	if all >= rowMost {
		all /= 2
		for i := row + 1; i < row+rowWords; i++ {
			w := s.rows.Load(i)
			s.rows.Set(i, w&^math.MaxUint32|uint64(uint32(w)/2))
		}
	}
	s.rows.Set(row, all+1)
	least, fewest := uint64(1), uint32(math.MaxUint32)
	for i, w := range s.rows.Block(row, rowWords) {
		if i == 0 {
			continue
		}
		if uint32(w>>32) == to {
			s.rows.Set(row+uint64(i), w+1)
			return
		}
		if uint32(w) < fewest {
			least, fewest = uint64(i), uint32(w)
		}
	}
	s.rows.Set(row+least, uint64(to)<<32|uint64(fewest+1))
}

// moves returns how often the category to came after from, and all moves from there.
func (s *Next) moves(from, to uint32) (n, all float64) {
	row := uint64(from) * rowWords
	if row+rowWords > s.rows.Len() {
		return 0, 0
	}
	all = float64(s.rows.Load(row))
	for i := row + 1; i < row+rowWords; i++ {
		if w := s.rows.Load(i); uint32(w>>32) == to {
			n = float64(uint32(w))
		}
	}
	return n, all
}

// share returns a category's share of the shop's views.
func (s *Next) share(root, to uint32) float64 {
	n, all := 0., 0.
	if uint64(to) < s.views.Len() {
		n = float64(s.views.Load(uint64(to)))
	}
	if uint64(root) < s.views.Len() {
		all = float64(s.views.Load(uint64(root)))
	}
	return (n + 0.1) / (all + 10)
}

// history fills in the categories that a visitor looked at lately, the newest first.
func (s *Next) history(r *people.Reader, visitor uint32, list *[recentItems]uint32) (n int) {
	for _, e := range r.Viewed(people.Person{Visitor: visitor}) {
		if c := s.catalogue.Category(e.ID); c != 0 {
			list[n] = c
			if n++; n == recentItems {
				break
			}
		}
	}
	return n
}

// parts returns what each of the three says of a category.
func (s *Next) parts(list []uint32, from, to, root uint32) (p [3]float64) {
	p[2] = s.share(root, to)
	n, all := s.moves(from, to)
	const weight = 10 // moves' worth of belief in the shop's shares
	p[0] = (n + weight*p[2]) / (all + weight)
	sum, hits := 0.5, 0.5*p[2]
	for i, c := range list {
		w := 1 / float64(i+1)
		sum += w
		if c == to {
			hits += w
		}
	}
	p[1] = hits / sum
	return p
}

// mixture returns how much each of the three is trusted.
func (s *Next) mixture(shop uint32) (m [3]float64) {
	prior := [3]float64{20, 10, 5}
	sum := 0.
	for i := range m {
		m[i] = prior[i] + s.number(shop, shMix+i)
		sum += m[i]
	}
	for i := range m {
		m[i] /= sum
	}
	return m
}

func (s *Next) number(shop uint32, i int) float64 {
	at := uint64(shop)*shelfWords + uint64(i)
	if at >= s.shops.Len() {
		return 0
	}
	return math.Float64frombits(s.shops.Load(at))
}

// judge compares what was to be expected with the category that has come, and learns.
func (s *Next) judge(shop, visitor, from, to, root uint32) {
	var buf [recentItems]uint32
	list := buf[:s.history(s.reader, visitor, &buf)]
	mix, p := s.mixture(shop), s.parts(list, from, to, root)
	mixed := mix[0]*p[0] + mix[1]*p[1] + mix[2]*p[2]
	best, other, _ := s.best(list, mix, from, root, nil)
	const fade = 1 - 1./categoryMemory
	s.shops.Grow((uint64(shop) + 1) * shelfWords)
	add := func(i int, fade, x float64) {
		s.shops.Set(uint64(shop)*shelfWords+uint64(i), math.Float64bits(s.number(shop, i)*fade+x))
	}
	for i := range p {
		add(shMix+i, fade, mix[i]*p[i]/mixed)
	}
	add(shN, 1, 1)
	add(shWeight, fade, 1)
	add(shLoss, fade, -math.Log(mixed))
	add(shBase, fade, -math.Log(p[2]))
	add(shHits, fade, yes(best == to))
	add(shStays, fade, yes(from == to))
	if from != to {
		add(shMoves, fade, 1)
		add(shMoveHits, fade, yes(other == to))
		add(shMoveBase, fade, yes(s.busiest(root, from) == to))
	}
}

// busiest returns the category with most views but one.
func (s *Next) busiest(root, but uint32) (category uint32) {
	most := uint64(0)
	for i := uint64(1); i < rowWords; i++ {
		c := uint32(s.rows.Load(uint64(root)*rowWords+i) >> 32)
		if c != 0 && c != but && s.views.Load(uint64(c)) > most {
			category, most = c, s.views.Load(uint64(c))
		}
	}
	return category
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// best returns the likeliest category, and the likeliest but the one that the visitor is in, and appends all that come into
// question with their chances where list is not nil.
func (s *Next) best(history []uint32, mix [3]float64, from, root uint32, list []categoryChance) (uint32, uint32, []categoryChance) {
	var best, other categoryChance
	var tried [2*rowNext + recentItems]uint32
	n := 0
	consider := func(c uint32) {
		if c == 0 || slices.Contains(tried[:n], c) {
			return
		}
		tried[n] = c
		n++
		p := s.parts(history, from, c, root)
		chance := categoryChance{c, mix[0]*p[0] + mix[1]*p[1] + mix[2]*p[2]}
		if chance.p > best.p {
			best = chance
		}
		if c != from && chance.p > other.p {
			other = chance
		}
		if list != nil {
			list = append(list, chance)
		}
	}
	for _, row := range [2]uint32{from, root} {
		for i := uint64(1); i < rowWords; i++ {
			if at := uint64(row)*rowWords + i; at < s.rows.Len() && (row == from || list != nil) {
				consider(uint32(s.rows.Load(at) >> 32))
			}
		}
	}
	for _, c := range history {
		consider(c)
	}
	return best.category, other.category, list
}

type categoryChance struct {
	category uint32
	p        float64
}

// maxShelves is how many categories an answer names, leastShelves how many forecasts the mixture must have been judged by.
const (
	maxShelves   = 3
	leastShelves = 200
)

// Of returns what a visitor will look at next. Any goroutine may call it, with a reader of its own.
func (s *Next) Of(r *people.Reader, shop, visitor uint32) *models.CategoryIntent {
	var buf [recentItems]uint32
	history := buf[:s.history(r, visitor, &buf)]
	if len(history) == 0 {
		return nil
	}
	from := history[0]
	out := &models.CategoryIntent{From: s.catalogue.CategoryName(from), Quality: s.Quality(shop)}
	mix := s.mixture(shop)
	switch q := out.Quality; {
	case q.Outcomes < leastShelves:
		out.Gate = fmt.Sprintf("shares of views: so far only %d outcomes of the %d that the model needs", q.Outcomes, leastShelves)
	case q.LogLoss >= q.BaseLoss:
		out.Gate = "shares of views: so far the model's forecasts have not been better"
	}
	if out.Gate != "" {
		mix = [3]float64{0, 0, 1}
	}
	_, _, list := s.best(history, mix, from, s.root(from), make([]categoryChance, 0, 2*rowNext+recentItems))
	slices.SortFunc(list, func(a, b categoryChance) int {
		return cmp.Or(cmp.Compare(b.p, a.p), cmp.Compare(a.category, b.category))
	})
	for _, c := range list[:min(maxShelves, len(list))] {
		n, _ := s.moves(from, c.category)
		out.Next = append(out.Next, models.CategoryChance{Category: s.catalogue.CategoryName(c.category), Probability: c.p, Moves: uint64(n)})
	}
	return out
}

// Quality returns how the forecasts of a shop have done.
func (s *Next) Quality(shop uint32) models.CategoryQuality {
	w := max(1, s.number(shop, shWeight))
	return models.CategoryQuality{
		Outcomes: uint64(s.number(shop, shN)), LogLoss: s.number(shop, shLoss) / w, BaseLoss: s.number(shop, shBase) / w,
		Hits: s.number(shop, shHits) / w, BaseHits: s.number(shop, shStays) / w,
		MoveHits: s.number(shop, shMoveHits) / max(1, s.number(shop, shMoves)), MoveBase: s.number(shop, shMoveBase) / max(1, s.number(shop, shMoves)),
	}
}

// Bytes returns the memory held.
func (s *Next) Bytes() uint64 {
	return s.rows.Bytes() + s.views.Bytes() + s.last.Bytes() + s.shops.Bytes()
}

// Freeze returns the state of this moment for a snapshot.
func (s *Next) Freeze() *slab.Parts {
	return slab.Join(s.rows.Freeze(), s.views.Freeze(), s.last.Freeze(), s.shops.Freeze())
}

// ReadFrom replaces the state by what Freeze wrote.
func (s *Next) ReadFrom(r io.Reader) (int64, error) {
	n, err := slab.ReadAll(r, &s.rows, &s.views, &s.last, &s.shops)
	s.last.Grow(lastSize)
	return n, err
}

// Forget forgets a visitor.
func (s *Next) Forget(visitor uint32) {
	if at := uint64(visitor % lastSize); uint32(s.last.Load(at)>>32) == visitor {
		s.last.Set(at, 0)
	}
}
