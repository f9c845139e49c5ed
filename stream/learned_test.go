package stream

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// A record of what was learned comes as it is, names its shop, has no time that could move the stream's, and is no repeat of an equal one.
func TestDecodeLearned(t *testing.T) {
	f := func(key, value string, offset int64, want string) (hash uint64) {
		t.Helper()
		e := models.Event{Visitor: []byte("left over"), Items: make([]models.Item, 3)}
		r := &kgo.Record{Key: []byte(key), Offset: offset}
		if value != "" {
			r.Value = []byte(value)
		}
		hash, err := decodeRecord(&e, models.Learned, r, models.MinTime, models.MinTime)
		if want == "" {
			if newLetter(r, err).why.Code != BadKey {
				t.Errorf("%q: %v", key, err)
			}
			return hash
		}
		if err != nil || string(e.Shop) != want || string(e.Props) != value || e.Kind != models.LearnedRecord || e.Time != 0 || len(e.Visitor)+len(e.Items) != 0 || e.Kind.Topic() != models.Learned {
			t.Errorf("%q: %+v, %v", key, e, err)
		}
		return hash
	}
	if f("de\x1fcustomers", "{}", 4, "de") == f("de\x1fcustomers", "{}", 5, "de") {
		t.Error("an equal record is a repeat")
	}
	f("de", "{}", 4, "")
	f("de\x1fcustomers", "", 4, "")
}

// So does a setting; the hash seed of the same topic, and what compaction has left, are none.
func TestDecodeSetting(t *testing.T) {
	e := models.Event{Visitor: []byte("left over"), Items: make([]models.Item, 3)}
	r := &kgo.Record{Key: []byte("de\x1fframe\x1fhome\x1f1\x1fab"), Value: []byte(`{"kind":"frame"}`)}
	_, err := decodeRecord(&e, models.Settings, r, models.MinTime, models.MinTime)
	if err != nil || string(e.Shop) != "de" || string(e.Props) != `{"kind":"frame"}` || e.Kind != models.SettingRecord || e.Time != 0 || len(e.Visitor)+len(e.Items) != 0 || nothing(models.Settings, r) {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := decodeRecord(&e, models.Settings, &kgo.Record{Key: []byte("de"), Value: []byte("{}")}, models.MinTime, models.MinTime); newLetter(r, err).why.Code != BadKey {
		t.Errorf("without a kind: %v", err)
	}
	if !nothing(models.Settings, &kgo.Record{Key: r.Key}) || !nothing(models.Settings, &kgo.Record{Key: append(seedKey, '1'), Value: []byte("{}")}) {
		t.Error("a seed is a setting")
	}
	if nothing(models.Catalogue, &kgo.Record{Key: r.Key}) {
		t.Error("a removal is nothing")
	}
}
