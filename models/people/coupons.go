package people

import (
	"orrery/models/intern"
	"orrery/models/slab"
)

// coupons numbers the coupons of all orders. Orders that have one are counted, so that it goes with the last of them that is erased.
type coupons struct {
	records slab.Words
	byHash  *intern.Hashes
	most    int // see maxCoupons
}

// The words of a coupon's record. Its number is not given to another one: who reads an order beside the writer would take one for
// the other.
const (
	kHash = iota // key
	kText        // as sent
	kUses        // lines and orders that have it
	couponWords

	// What could not be kept is counted in record 0, which is no coupon's.
	kLost = kText // lines and orders whose coupon there was no room for
	kLong = kUses // or is too long
)

const (
	// maxCoupons bounds them: 2^20 take 40 MB. A shop that gives each customer one of their own comes there after a million
	// orders; from then on new ones are left out, and counted.
	maxCoupons = 1 << 20
	// maxCoupon bounds a coupon: shops type at most a few dozen signs, and several on one order share a text.
	maxCoupon = 128
)

// coupon returns the number of a coupon that one more line or order has, 0 where there is no room for it. A new one is made only
// where fresh says so.
func (p *People) coupon(text []byte, fresh bool) uint32 {
	switch {
	case len(text) == 0:
		return 0
	case len(text) > maxCoupon:
		p.coupons.lose(kLong)
		return 0
	}
	c := &p.coupons
	hash := max(p.seed.Hash(text), 1)
	number := c.byHash.Find(hash)
	if number == 0 {
		if !fresh || c.byHash.Len() >= c.most {
			c.lose(kLost)
			return 0
		}
		number, _ = c.byHash.Add(hash)
		c.records.Set(uint64(number)*couponWords+kText, uint64(p.text.Append(text)))
	}
	at := uint64(number)*couponWords + kUses
	c.records.Set(at, c.records.Load(at)+1)
	return number
}

// couponText returns a coupon by its number, nothing for 0.
func (p *People) couponText(number uint64) []byte {
	if number == 0 {
		return nil
	}
	return p.text.Get(slab.Ref(p.coupons.records.Load(number*couponWords + kText)))
}

// unuse takes a coupon from a line or an order. Nobody has it after the last.
func (p *People) unuse(number uint64) {
	if number == 0 {
		return
	}
	c, at := &p.coupons, number*couponWords
	uses := c.records.Load(at+kUses) - 1
	c.records.Set(at+kUses, uses)
	if uses > 0 {
		return
	}
	p.text.Wipe(slab.Ref(c.records.Load(at + kText)))
	c.records.Set(at+kText, 0)
	c.byHash.Delete(uint32(number))
}

func (c *coupons) lose(why uint64) { c.records.Set(why, c.records.Load(why)+1) }

// CouponsLost returns how many coupons of lines and orders there was no room for, and how many were too long. Any goroutine may call it.
func (p *People) CouponsLost() (ceiling, long uint64) {
	return p.coupons.records.Load(kLost), p.coupons.records.Load(kLong)
}

func (c *coupons) bytes() uint64 { return c.records.Bytes() + c.byHash.Bytes() }
