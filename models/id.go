package models

import (
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// Seeds keep given, shop-bound and derived ids apart.
const (
	seedShop    = 1
	seedDerived = 2
)

// derivedMark begins an id that a server has made of an event's content: what AppendDerivedID wrote. Hexadecimal digits of
// the content's hash follow.
const derivedMark = '~'

// AppendDerivedID appends the id that stands for an event without one in the log, where its time may not be the one that it
// was sent with. IDHash of it is that of the event as it was sent.
func AppendDerivedID(dst []byte, e *Event) []byte {
	return AppendHash(append(dst, derivedMark), e.derive())
}

// Derived tells whether the sender gave no id, so that IDHash has to be made of the content.
func (e *Event) Derived() bool { return len(e.ID) == 0 }

// IDHash is the event's identity for deduplication. Of an id that the sender gave it is the xxHash64 of the id, the
// shop before it where it is not the default one, so that two shops may number their events alike. Where none was
// given it is made of everything that tells two events apart (see derive): the same bytes sent again, or read again
// from the log, have the same hash. Two events that agree in all of that, time to the millisecond included, count as one.
// With NoTime the time is the record's, so that a second record of the same bytes is a second event: losing one would
// be worse than counting a retry that carries neither id nor time.
func (e *Event) IDHash() uint64 {
	if e.Derived() {
		return e.derive()
	}
	if e.ID[0] == derivedMark {
		if h, ok := parseHash(e.ID[1:]); ok {
			return h
		}
	}
	if len(e.Shop) == 0 || string(e.Shop) == DefaultShop {
		return xxhash.Sum64(e.ID)
	}
	var h hasher
	h.d.ResetWithSeed(seedShop)
	h.text(e.Shop)
	h.text(e.ID)
	return h.d.Sum64()
}

// derive hashes shop, visitor, contact, name, time, order, query, recommendation, slot, page URL, value, items with
// quantities, prices and attributes, and props; each text with its length. Of a product also its name, category and currency: a title
// that is put right is no retry.
func (e *Event) derive() uint64 {
	var h hasher
	h.d.ResetWithSeed(seedDerived)
	if string(e.Shop) != DefaultShop {
		h.text(e.Shop)
	} else {
		h.text(nil)
	}
	h.text(e.Visitor)
	h.text(e.Contact)
	h.text(e.Name)
	if e.SentAt != 0 && e.said != 0 {
		h.number(int64(e.said)) // as sent: a retry says another SentAt, and may be corrected by another difference
	} else {
		h.number(int64(e.Time))
	}
	h.text(e.Order)
	h.text(e.Query)
	h.text(e.Recommendation)
	h.number(int64(e.Slot))
	h.text(e.Page.URL)
	h.number(int64(e.Value))
	for i := range e.Items {
		it := &e.Items[i]
		h.text(it.ID)
		h.number(int64(it.Quantity))
		h.number(int64(it.Price))
		h.text(it.Props)
		if e.Kind.Topic() == Catalogue {
			h.text(it.Name)
			h.text(it.Category)
			h.text(e.Currency)
		}
	}
	if e.Unlisted != 0 {
		h.number(int64(e.Unlisted))
	}
	h.text(e.Props)
	return h.d.Sum64()
}

// hasher is xxHash64 over texts and numbers, self-delimiting.
type hasher struct {
	d xxhash.Digest
	n [8]byte
}

func (h *hasher) text(s []byte) {
	h.number(int64(len(s)))
	h.d.Write(s)
}

func (h *hasher) number(v int64) {
	binary.LittleEndian.PutUint64(h.n[:], uint64(v))
	h.d.Write(h.n[:])
}
