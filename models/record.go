package models

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// ErrFull says that the log takes nothing more at the moment: nothing of the call was appended, try again shortly.
var ErrFull = errors.New("the stream is full")

// ErrStalled says that the log has not acknowledged for a while what it was given before: nothing of the call was or will
// be appended, try again shortly.
var ErrStalled = errors.New("the log does not answer")

// ErrQuota says that the log has no room for more until older records may go: nothing of the call was appended.
var ErrQuota = errors.New("the log's share of the disk is used up")

// ErrTooLarge says that a record is larger than the log takes: it will never be appended, nor was anything of the call.
var ErrTooLarge = errors.New("the record is too large")

// Record is one message on its way into the log.
type Record struct {
	Topic Topic
	Key   []byte
	Value []byte
}

// RecordOf routes an event that was decoded from value: topic by kind, key by person, for the catalogue by product. The
// catalogue topic keeps the newest record of a key, and a price or a stock does not stand for the whole product: these
// two have keys of their own, ending in the kind.
func RecordOf(e *Event, value []byte) Record {
	r := Record{Topic: e.Kind.Topic(), Key: e.Person(), Value: value}
	if r.Topic == Catalogue && (len(e.Items) > 0 || e.Kind == FeedTaken) {
		shop := e.Shop
		if len(shop) == 0 {
			shop = []byte(DefaultShop)
		}
		if e.Kind == FeedTaken { // the newest one of a shop is kept, and no product has such a key
			r.Key = append(append(append([]byte(nil), shop...), KeySeparator, KeySeparator), e.Kind.String()...)
			return r
		}
		r.Key = append(append(append(make([]byte, 0, len(shop)+1+len(e.Items[0].ID)), shop...), KeySeparator), e.Items[0].ID...)
		if e.Kind == ProductPrice || e.Kind == ProductStock {
			r.Key = append(append(r.Key, KeySeparator), e.Kind.String()...)
		}
	}
	return r
}

// ProductOfKey returns shop and id of the product that a key of the catalogue topic names, and false for any key that
// RecordOf makes of no product: it is as strict as Decode, since whoever removes a product sends nothing but the key.
func ProductOfKey(key []byte) (shop, item []byte, ok bool) {
	shop, item, ok = bytes.Cut(key, []byte{KeySeparator})
	return shop, item, ok && isID(shop, MaxShop) && len(item) > 0 && isID(item, MaxID)
}

// isID tells whether Decode takes the text for an id.
func isID(text []byte, limit int) bool {
	return len(text) <= limit && utf8.Valid(text) && !hasControl(text)
}

// DefaultShop is the tenant of events that name none.
const DefaultShop = "default"

// KeySeparator stands between shop and product in the keys of the catalogue topic.
const KeySeparator = 0x1f
