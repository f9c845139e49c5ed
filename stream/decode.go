package stream

import (
	"bytes"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// The classes of dead letters that are not codes of models.Invalid.
const (
	NoValue = "no_value" // a tombstone on a topic that knows none
	BadKey  = "bad_key"  // a tombstone of the catalogue whose key names no product
)

// decodeRecord decodes and checks a record and returns the hash that it is deduplicated by. The event refers to the
// record's bytes. A record whose own time lies ahead of the clock is refused: it would stand in for the times of events,
// and one moment in the far future would outweigh everything that fades with time.
func decodeRecord(e *models.Event, topic models.Topic, r *kgo.Record, at, now models.Time) (uint64, error) {
	if at > now+models.MaxAhead {
		return 0, &models.Invalid{Code: models.BadTime, Reason: "the record's time lies more than a day ahead"}
	}
	if topic == models.Learned {
		return tombstoneHash(r) &^ publicID, decodeLearned(e, r)
	}
	if topic == models.Settings {
		return tombstoneHash(r) &^ publicID, decodeSetting(e, r)
	}
	if r.Value == nil {
		return tombstoneHash(r) &^ publicID, decodeTombstone(e, topic, r, at)
	}
	if err := e.Decode(r.Value, at); err != nil {
		return 0, err
	}
	return dedupeKey(e), nil
}

// publicID is the bit of a dedupe key that tells ids of strangers from those of the shop: who guesses the id of an order must not
// be able to use it up beforehand.
const publicID = 1

// dedupeKey is the event's IDHash with its lowest bit giving way to publicID.
func dedupeKey(e *models.Event) uint64 {
	if e.Trust == models.Trusted {
		return e.IDHash() &^ publicID
	}
	return e.IDHash() | publicID
}

// tombstoneHash tells the tombstones of a partition apart, and what was learned, and those of a topic of the same name that was there before.
func tombstoneHash(r *kgo.Record) uint64 {
	return uint64(r.Offset)*0x9e3779b97f4a7c15 ^ uint64(r.Timestamp.UnixMilli())*0xd6e8feb86659fd93
}

// decodeTombstone turns a tombstone of the catalogue into the removal of its product.
func decodeTombstone(e *models.Event, topic models.Topic, r *kgo.Record, at models.Time) error {
	if topic != models.Catalogue {
		return &models.Invalid{Code: NoValue, Reason: "the record has no value"}
	}
	shop, item, ok := models.ProductOfKey(r.Key)
	if !ok {
		return &models.Invalid{Code: BadKey, Reason: "the key of the removed product is not shop, 0x1f, item id"}
	}
	item = models.CanonicalID(item)
	*e = models.Event{
		Kind: models.ProductRemove, Name: removeName,
		Time: at, NoTime: true, Shop: shop,
		Items: append(e.Items[:0], models.Item{ID: item, Quantity: 1}),
	}
	return nil
}

// decodeLearned takes a record of what was learned as it is: whoever learned it reads it. It has no time of its own.
func decodeLearned(e *models.Event, r *kgo.Record) error {
	shop, _, ok := bytes.Cut(r.Key, []byte{models.KeySeparator})
	if !ok || r.Value == nil {
		return &models.Invalid{Code: BadKey, Reason: "the key of what was learned is not shop, 0x1f, what, or it has no value"}
	}
	*e = models.Event{Kind: models.LearnedRecord, Shop: shop, Props: r.Value, Items: e.Items[:0]}
	return nil
}

// decodeSetting takes a record of what a shop has set as it is, as decodeLearned does.
func decodeSetting(e *models.Event, r *kgo.Record) error {
	shop, _, ok := bytes.Cut(r.Key, []byte{models.KeySeparator})
	if !ok || len(shop) == 0 {
		return &models.Invalid{Code: BadKey, Reason: "the key of a setting is not shop, 0x1f, kind, 0x1f, name, 0x1f, version, 0x1f, id"}
	}
	*e = models.Event{Kind: models.SettingRecord, Shop: shop, Props: r.Value, Items: e.Items[:0]}
	return nil
}

// nothing tells whether a record is none that the machine is told of: one of the broker's own, and of the settings topic what compaction
// has left, and the hash seed.
func nothing(topic models.Topic, r *kgo.Record) bool {
	return r.Attrs.IsControl() || topic == models.Settings && (r.Value == nil || bytes.HasPrefix(r.Key, seedKey))
}

var removeName = []byte(models.ProductRemove.String())

// recordTime returns the record's time as the state may use it: the clock's where the producer gave none.
func recordTime(r *kgo.Record, now models.Time) models.Time {
	if at := models.TimeOf(r.Timestamp); at >= models.MinTime {
		return at
	}
	return now
}
