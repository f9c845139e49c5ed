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
