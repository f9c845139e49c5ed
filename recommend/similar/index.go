// Package similar finds products that are alike by what the catalogue says of them: words of the title, category path,
// brand, price. It needs no click, so a product has neighbours from the moment it is listed.
//
// It is an inverted index, counted at query time: feature -> the newest products that have it, bounded, so that a
// change is an append and nothing is rebuilt. A feature weighs its inverse document frequency ln(1 + N/n) (Sparck
// Jones, 1972); a title word counts once, a level of the category path half of that, the brand as much as a word. The sum of shared
// weights is scaled by how close the prices are: (1 + min(p,q)/max(p,q)) / 2.
//
// Cost: 8 B a feature of a product (about 12 features), at most 4 KiB a feature; a query walks at most 24 features of at
// most 512 products each, 20 to 100 us.
package similar

import (
	"io"
	"math"
	"unicode"
	"unicode/utf8"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

const (
	maxFeatures = 24 // per product: the first words of the title, the category's levels, the brand
	classes     = 8  // 4..512 products a feature
	minRoom     = 4

	wordWeight  = 1
	levelWeight = 0.5
	brandWeight = 1
)

// The words of a feature.
const (
	fHash  = iota // key
	fPlace        // offset<<8 | class+1 of its products, 0 while it has none
	fCount        // products that ever had it: the next one's position in the ring, too
	featureWords
)

// Index is the features of all products. One goroutine writes, any number read.
type Index struct {
	features slab.Words
	byHash   *intern.Hashes
	rings    slab.Words // products of features
	products slab.Words // product: hash of what it was indexed for
	counts   slab.Words // shop: number of products
	free     [classes]uint64
	buf      []feature
	seed     intern.Seed
}

// New returns an empty index.
func New() *Index {
	x := &Index{}
	x.features.Grow(featureWords)
	x.byHash = intern.NewHashes(&x.features, featureWords)
	return x
}

// Seed sets what features are known by: see intern.Seed. It must not be called beside readers, nor while there are
// products, unless ReadFrom follows.
func (x *Index) Seed(s intern.Seed) {
	x.seed = s
	x.byHash.Seed(s)
}

// Table describes the table of features, for the writer.
func (x *Index) Table() intern.Table { return intern.Describe("features", x.byHash) }

// feature is something that products have in common.
type feature struct {
	hash   uint64
	weight float32
}

// builder collects the features of a product of a shop, each once.
type builder struct {
	list []feature
	shop uint32
	seed intern.Seed
}

func (b *builder) add(kind byte, text []byte, weight float32) {
	h := max(b.seed.Hash(text)^uint64(kind)<<56^uint64(b.shop)*0x9e3779b97f4a7c15, 1)
	for i := range b.list {
		if b.list[i].hash == h {
			return
		}
	}
	if len(b.list) < maxFeatures {
		b.list = append(b.list, feature{h, weight})
	}
}

// featuresOf appends the features of a product of a shop to dst.
func (x *Index) featuresOf(dst []feature, shop uint32, p *models.Product) []feature {
	b := builder{list: dst, shop: shop, seed: x.seed}
	if len(p.Brand) > 0 {
		b.add('b', p.Brand, brandWeight)
	}
	for i, c := range p.Category {
		if c == '>' {
			b.add('c', p.Category[:i], levelWeight)
		}
	}
	if len(p.Category) > 0 {
		b.add('c', p.Category, levelWeight)
	}
	b.words(p.Title)
	return b.list
}

// words adds the words of a title in lower case: runs of letters and digits, at least two bytes long.
func (b *builder) words(title []byte) {
	var buf [64]byte
	word := buf[:0]
	for i := 0; i < len(title); {
		r, n := utf8.DecodeRune(title[i:])
		i += n
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if letter && len(word)+utf8.UTFMax <= len(buf) {
			word = utf8.AppendRune(word, unicode.ToLower(r))
		}
		if !letter || i == len(title) {
			if len(word) >= 2 {
				b.add('w', word, wordWeight)
			}
			word = buf[:0]
		}
	}
}

// List takes a product as the catalogue has it now. What has not changed costs a comparison.
func (x *Index) List(shop uint32, p *models.Product) {
	x.buf = x.featuresOf(x.buf[:0], shop, p)
	all := uint64(1)
	for _, f := range x.buf {
		all = (all ^ f.hash) * 0x9ddfea08eb382d69
	}
	x.products.Grow(uint64(p.Item) + 1)
	old := x.products.Load(uint64(p.Item))
	if old == all {
		return
	}
	if old == 0 {
		x.counts.Grow(uint64(shop) + 1)
		x.counts.Set(uint64(shop), x.counts.Load(uint64(shop))+1)
	}
	x.products.Set(uint64(p.Item), all)
	for _, f := range x.buf {
		x.add(f.hash, p.Item)
	}
}

// add makes product the newest of a feature.
func (x *Index) add(hash uint64, product uint32) {
	number, _ := x.byHash.Add(hash)
	at := uint64(number) * featureWords
	place, count := x.features.Load(at+fPlace), x.features.Load(at+fCount)
	room := roomOf(place)
	if count == room && room < minRoom<<(classes-1) {
		place = x.grow(at, place)
		room = roomOf(place)
	}
	x.rings.Set(place>>8+count%room, uint64(product))
	x.features.Set(at+fCount, count+1)
}

// roomOf returns how many products a place holds.
func roomOf(place uint64) uint64 {
	if place == 0 {
		return 0
	}
	return minRoom << (place&0xff - 1)
}

// grow moves a feature's products to a place of twice the size. A reader of the old place notices that it has changed.
func (x *Index) grow(at, place uint64) uint64 {
	class := place & 0xff // the old one's number + 1, so the new one's
	var offset uint64
	if x.free[class] != 0 {
		offset = x.free[class] - 1
		x.free[class] = x.rings.Load(offset)
	} else {
		offset = x.rings.Alloc(minRoom << class)
	}
	for i := range roomOf(place) {
		x.rings.Set(offset+i, x.rings.Load(place>>8+i))
	}
	bigger := offset<<8 | (class + 1)
	x.features.Set(at+fPlace, bigger)
	if place != 0 {
		x.rings.Set(place>>8, x.free[class-1])
		x.free[class-1] = place>>8 + 1
	}
	return bigger
}

// Bytes returns the memory held, in bytes.
func (x *Index) Bytes() uint64 {
	return x.features.Bytes() + x.byHash.Bytes() + x.rings.Bytes() + x.products.Bytes()
}

// Freeze returns the index of this moment for a snapshot.
func (x *Index) Freeze() *slab.Parts {
	return slab.Join(append(slab.Numbers{}, x.free[:]...), x.features.Freeze(), x.rings.Freeze(), x.products.Freeze(), x.counts.Freeze())
}

// ReadFrom replaces the index by what Freeze wrote. It must not run beside readers.
func (x *Index) ReadFrom(r io.Reader) (int64, error) {
	n, err := slab.ReadAll(r, slab.Numbers(x.free[:]), &x.features, &x.rings, &x.products, &x.counts)
	if err != nil {
		return n, err
	}
	x.features.Grow(featureWords)
	x.byHash.Rebuild()
	return n, nil
}

// idf returns the weight of a feature that n of all products have.
func idf(all, n uint64) float32 { return float32(math.Log(1 + float64(all)/float64(max(n, 1)))) }
