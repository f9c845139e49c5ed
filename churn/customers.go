// Package churn knows who the customers of a shop are: Customers keeps every contact's purchases and answers, at any
// moment, how good a customer this is (rfm), whether still one, when and how much they will buy next (btyd, forecast). Its
// sub-packages hold the models.
//
// One goroutine writes (Purchase, Refund, Advance, Sweep, Freeze); any number read (Score, Days, Fit). A contact takes
// 64 bytes, and whoever bought again a list of purchase days of 4 bytes each.
package churn

import (
	"math"
	"sync/atomic"

	"orrery/churn/btyd"
	"orrery/churn/rfm"
	"orrery/models"
	"orrery/models/slab"
)

// The words of a contact.
const (
	wVersion = iota // odd while the writer is at it: readers try again
	wKey            // distinct days << 32 | first day << 16 | last day
	wSpent          // in all, less refunds: models.Money
	wFirst          // on the first day
	wOrders         // orders << 32 | settled R, F, M, band: 8 bits each
	wGap            // median days between purchases, float64; 0 with less than two
	wList           // index of the list of days + 1 << 16 | capacity
	wCount          // entries in the list
	stride
)

// MaxDays is the number of a contact's purchase days that are known one by one; of who has more, the oldest are forgotten
// but for their number. It bounds a contact's memory at 64 + 2 x 256 bytes, outgrown lists included.
const MaxDays = 64

// Customers is the customer base of one shop, by dense contact numbers from 0.
type Customers struct {
	words slab.Words // stride a contact
	lists slab.Words // days, two to a word

	rules  rfm.Rules
	table  *rfm.Table
	counts *btyd.Counts
	cuts   rfm.Cuts // of the newest dawn: what settled scores are made by
	buyers atomic.Uint32

	content atomic.Uint64 // sum of all contacts' stamps
	grid    atomic.Pointer[grid]

	models  atomic.Pointer[Models]
	watch   watch
	scratch [MaxDays + 1]dayOrders // the writer's
}

// New returns an empty customer base that scores by rules.
func New(rules rfm.Rules) *Customers {
	return &Customers{rules: rules, table: rfm.NewTable(), counts: btyd.NewCounts(), watch: newWatch()}
}

// DayOf returns the day of a moment, counted from 1970-01-01 UTC; moments before are day 0.
func DayOf(t models.Time) btyd.Day {
	return btyd.Day(min(math.MaxUint16, max(0, t/models.Day)))
}

// RFM returns the live table of recency, frequency and money.
func (c *Customers) RFM() *rfm.Table { return c.table }

// Counts returns the live counts of purchase histories.
func (c *Customers) Counts() *btyd.Counts { return c.counts }

// Buyers returns the number of contacts with a purchase.
func (c *Customers) Buyers() int { return int(c.buyers.Load()) }

// Content returns a number that stands for all that is known of all customers: the same for the same customers, in whatever
// order their orders came and whatever their numbers are.
func (c *Customers) Content() uint64 { return c.content.Load() }

// stamp is a contact's part of Content.
func (r *record) stamp() uint64 {
	if r.key.Days == 0 {
		return 0
	}
	h := uint64(r.key.Days)<<32 | uint64(r.key.First)<<16 | uint64(r.key.Last)
	for _, w := range [...]uint64{uint64(r.spent), uint64(r.first), uint64(r.orders), math.Float64bits(r.gap)} {
		h = (h ^ h>>29 ^ w) * 0x9e3779b97f4a7c15
	}
	return h ^ h>>32
}

// Bytes returns the memory held.
func (c *Customers) Bytes() uint64 {
	return c.words.Bytes() + c.lists.Bytes() + c.counts.Bytes() + c.table.Bytes()
}

// record is a contact's words, decoded.
type record struct {
	key    btyd.Key
	spent  models.Money
	first  models.Money
	orders uint32
	scores rfm.Scores
	band   uint8
	gap    float64
	list   uint64
	size   uint32 // capacity of the list, in entries
	count  uint32
}

func decode(w *[stride]uint64) record {
	return record{
		key:    btyd.Key{Days: uint32(w[wKey] >> 32), First: btyd.Day(w[wKey] >> 16), Last: btyd.Day(w[wKey])},
		spent:  models.Money(w[wSpent]),
		first:  models.Money(w[wFirst]),
		orders: uint32(w[wOrders] >> 32),
		scores: rfm.Scores{R: uint8(w[wOrders] >> 24), F: uint8(w[wOrders] >> 16), M: uint8(w[wOrders] >> 8)},
		band:   uint8(w[wOrders]),
		gap:    math.Float64frombits(w[wGap]),
		list:   w[wList] >> 16,
		size:   uint32(w[wList] & 0xffff),
		count:  uint32(w[wCount]),
	}
}

// store writes a record between an odd and an even version, after edit has written the list of days, if it has to.
func (c *Customers) store(contact uint32, r *record, edit func()) {
	at := uint64(contact) * stride
	version := c.words.Load(at) | 1
	c.words.Set(at, version)
	if edit != nil {
		edit()
	}
	c.words.Set(at+wKey, uint64(r.key.Days)<<32|uint64(r.key.First)<<16|uint64(r.key.Last))
	c.words.Set(at+wSpent, uint64(r.spent))
	c.words.Set(at+wFirst, uint64(r.first))
	c.words.Set(at+wOrders, uint64(r.orders)<<32|uint64(r.scores.R)<<24|uint64(r.scores.F)<<16|uint64(r.scores.M)<<8|uint64(r.band))
	c.words.Set(at+wGap, math.Float64bits(r.gap))
	c.words.Set(at+wList, r.list<<16|uint64(r.size))
	c.words.Set(at+wCount, uint64(r.count))
	c.words.Set(at, version+1)
}

// load reads a contact for the writer.
func (c *Customers) load(contact uint32) record {
	at := uint64(contact) * stride
	if at+stride > c.words.Len() {
		return record{}
	}
	var w [stride]uint64
	for i := range w {
		w[i] = c.words.Load(at + uint64(i))
	}
	return decode(&w)
}

// head reads a contact beside the writer, without the days. ok is false where there is nobody.
func (c *Customers) head(contact uint32) (r record, ok bool) {
	at := uint64(contact) * stride
	if at+stride > c.words.Len() {
		return r, false
	}
	for {
		block := c.words.Block(at, stride)
		var w [stride]uint64
		for i := range w {
			w[i] = atomic.LoadUint64(&block[i])
		}
		if w[wVersion]&1 == 0 && atomic.LoadUint64(&block[wVersion]) == w[wVersion] {
			r = decode(&w)
			return r, r.key.Days > 0
		}
	}
}

// read reads a contact beside the writer, and its days into buf: consistent, by trying again where the version has
// changed meanwhile. ok is false where there is nobody.
func (c *Customers) read(contact uint32, buf []btyd.Day) (r record, days []btyd.Day, ok bool) {
	at := uint64(contact) * stride
	if at+stride > c.words.Len() {
		return r, buf, false
	}
	for {
		var w [stride]uint64
		for i := range w {
			w[i] = c.words.Load(at + uint64(i))
		}
		if w[wVersion]&1 == 1 {
			continue
		}
		r, days = decode(&w), buf
		if r.key.Days > 1 {
			for i := range r.count {
				day, _ := c.entry(&r, i)
				days = append(days, day)
			}
		} else if r.key.Days == 1 {
			days = append(days, r.key.First)
		}
		if c.words.Load(at) == w[wVersion] {
			return r, days, r.key.Days > 0
		}
	}
}
