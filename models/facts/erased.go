package facts

import (
	"cmp"

	"orrery/models"
	"orrery/models/erased"
	"orrery/models/people"
)

// EachErased calls f with who was erased and has not come back, as facts. Any goroutine may call it.
func (s *State) EachErased(f func(*models.Fact)) {
	s.Erased.Each(func(shop uint32, visitor bool, m erased.Mark, t models.Time) {
		fact := &models.Fact{Fact: models.FactErased, Shop: string(s.Shops.Name(shop)), Time: t}
		if mark := (models.Mark{m.Lo, m.Hi, uint64(m.Bits)}); visitor {
			fact.VisitorMark = &mark
		} else {
			fact.ContactMark = &mark
		}
		f(fact)
	})
}

func (s *State) takeErased(shop uint32, f *models.Fact) error {
	mark, visitor := f.ContactMark, false
	if mark == nil {
		mark, visitor = f.VisitorMark, true
	}
	switch {
	case mark != nil:
		s.Erased.Put(shop, visitor, erased.Mark{Lo: mark[0], Hi: mark[1], Bits: uint32(mark[2])}, f.Time)
	case f.Erased != 0: // of exports from before there were marks
		s.Erased.Add(s.Who(shop, uint64(f.Erased), false), f.Time)
	case f.Visitor != 0:
		s.Erased.Add(s.Who(shop, uint64(f.Visitor), true), f.Time)
	default:
		return missing("contact_mark")
	}
	return nil
}

// Who is somebody of a shop, by the hash of the id.
func (s *State) Who(shop uint32, hash uint64, visitor bool) *erased.Who {
	return &erased.Who{Shop: shop, Name: s.Shops.Name(shop), Hash: hash, Visitor: visitor}
}

// Scrub takes out of a fact that was told before, with keys of this state's seed, who was erased since: an order becomes nobody's.
// It reports false for a fact that is about nothing else. Any goroutine may call it.
func (s *State) Scrub(f *models.Fact) (stays bool) {
	shop, p := s.Shops.Find(0, []byte(cmp.Or(f.Shop, models.DefaultShop))), s.People
	if shop == 0 {
		return true
	}
	contact, visitor := false, false
	if f.Contact != "" {
		_, contact = s.Erased.Find(s.Who(shop, p.Hashed(models.CanonicalContact([]byte(f.Contact))), false))
	}
	if f.Visitor != 0 && f.Fact != models.FactErased {
		_, visitor = s.Erased.Find(s.Who(shop, uint64(f.Visitor), true))
	}
	switch {
	case !contact && !visitor:
		return true
	case f.Fact != models.FactOrder:
		return false
	case f.Contact != "" && !contact: // the order is the contact's, without the browser
		f.Visitor = 0
	default:
		s.disown(shop, f)
	}
	return true
}

// disown makes an order nobody's.
func (s *State) disown(shop uint32, f *models.Fact) {
	p := s.People
	switch {
	case f.Key != 0:
	case f.Again:
		f.Key = models.Key(people.ConflictKey(p.HashOf(shop, []byte(f.Order)), p.HashOf(shop, ContactOf(f))))
	default:
		f.Key = models.Key(p.HashOf(shop, []byte(f.Order)))
	}
	f.Order, f.Contact, f.Again, f.Coupon = "", "", false, ""
	for i := range f.Lines {
		f.Lines[i].Coupon = "" // it may be the customer's own
	}
	f.Visitor = models.Key(people.KeyIn(shop, p.NobodyKey(uint64(f.Key))))
}
