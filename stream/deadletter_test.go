package stream

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"orrery/models"
)

// send produces records exactly as they are.
func send(t testing.TB, c Cluster, records ...*kgo.Record) {
	t.Helper()
	client, err := c.client(kgo.ProducerBatchMaxBytes(8 << 20))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(testContext(t), records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

func lettersOf(t testing.TB, c Cluster, f LetterFilter) []*DeadLetter {
	t.Helper()
	var out []*DeadLetter
	if err := ListDeadLetters(testContext(t), c, f, func(d *DeadLetter) error { out = append(out, d); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

// What the machine has no room for becomes a letter that names the shop, its neighbours are taken, a second reading of the log
// comes to the same, and the letters that are sent again when there is room count once.
func TestNoRoom(t *testing.T) {
	c := startLog(t, 1)
	var records []*kgo.Record
	for i := range 12 {
		value := fmt.Appendf(nil, `{"event":"view_item","shop":"s%d","visitor":"v","id":"%d"}`, i%4, i)
		records = append(records, &kgo.Record{Topic: c.Topic(models.Pageviews), Key: []byte("v"), Value: value})
	}
	send(t, c, records...)
	fold := func(room, events, letters int) {
		t.Helper()
		m := newLedger()
		m.room = room
		p := run(t, Config{Cluster: c, Machine: m})
		settle(t, p, m)
		s := p.Status()
		if m.total() != events || s.DeadLetterCount() != uint64(letters) || s.DeadLetters[models.NoRoom] != uint64(letters) {
			t.Errorf("room for %d shops: %d events and letters %v, want %d and %d", room, m.total(), s.DeadLetters, events, letters)
		}
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
	}
	fold(3, 9, 3)
	fold(3, 9, 3)
	for _, d := range lettersOf(t, c, LetterFilter{Class: models.NoRoom}) {
		if d.Field != "shop" || !bytes.Contains(d.Value, []byte(`"shop":"s3"`)) {
			t.Errorf("letter %+v is not of shop s3", d)
		}
	}
	if got, err := ReplayDeadLetters(t.Context(), c, LetterFilter{Class: models.NoRoom}); err != nil || got.Sent != 3 {
		t.Fatalf("%+v letters sent again, %v", got, err)
	}
	fold(4, 12, 0)
}

// Every record that cannot be understood becomes a letter with its reason, its place and its bytes, the neighbours of
// it are taken, and a second reading of the log writes the same letters again but shows none twice.
func TestPoison(t *testing.T) {
	c := startLog(t, 3)
	view := func(i int) []byte {
		return fmt.Appendf(nil, `{"event":"view_item","visitor":"v%d","items":[{"item_id":"p"}],"id":"good-%d"}`, i%7, i)
	}
	type poison struct {
		topic models.Topic
		key   string
		value []byte
		class string
		field string
	}
	cases := []poison{
		{models.Pageviews, "k", []byte(`{"event":`), models.NotJSON, ""},
		{models.Pageviews, "k", []byte{}, models.NotJSON, ""},
		{models.Pageviews, "k", nil, NoValue, ""},
		{models.Transactions, "k", nil, NoValue, ""},
		{models.Catalogue, "default", nil, BadKey, ""},
		{models.Catalogue, "", nil, BadKey, ""},
		{models.Catalogue, "default\x1f" + strings.Repeat("x", 70_000), nil, BadKey, ""}, // longer than any model can keep
		{models.Catalogue, "default\x1fSKU1\x1fproduct_price", nil, BadKey, ""},
		{models.Pageviews, "k", []byte(`{"event":"view_item"}`), models.Missing, "visitor"},
		{models.Transactions, "k", []byte(`{"event":"purchase","visitor":"v","value":"NaN"}`), models.BadNumber, "value"},
		{models.Pageviews, "k", []byte("{\"event\":\"view_item\",\"visitor\":\"\xff\"}"), models.BadUTF8, "visitor"},
		{models.Pageviews, "k", []byte(`{"event":"view_item","visitor":"v",}`), models.NotJSON, ""},
		{models.Contacts, "k", []byte(`{"event":"identify","visitor":"v"}`), models.Missing, "contact"},
	}
	var records []*kgo.Record
	for i, p := range cases {
		records = append(records, &kgo.Record{Topic: c.Topic(models.Pageviews), Key: []byte("v"), Value: view(i)})
		r := &kgo.Record{Topic: c.Topic(p.topic), Key: []byte(p.key), Value: p.value, Headers: []kgo.RecordHeader{
			{Key: "x-error", Value: []byte("a header of the producer's own")}, {Key: "n", Value: fmt.Append(nil, i)},
		}}
		records = append(records, r)
	}
	records = append(records, &kgo.Record{Topic: c.Topic(models.Catalogue), Key: []byte("default\x1fSKU1")}) // taken: a removal
	send(t, c, records...)

	for range 2 { // without a snapshot: the second run writes every letter again
		m := newLedger()
		p := run(t, Config{Cluster: c, Machine: m, Build: "v1"})
		got := settle(t, p, m)
		if want := len(cases) + 1; m.total() != want {
			t.Errorf("got %d events, want %d", m.total(), want)
		}
		if m.state().Counts["product_remove"] != 1 {
			t.Errorf("got %v, want a removal", m.state().Counts)
		}
		s := p.Status()
		if n := s.DeadLetterCount(); n != uint64(len(cases)) {
			t.Errorf("got %d letters %v, want %d", n, got.Letters, len(cases))
		}
		if err := p.stop(); err != nil {
			t.Fatal(err)
		}
	}
	letters := lettersOf(t, c, LetterFilter{})
	if len(letters) != len(cases) {
		t.Fatalf("got %d letters, want %d", len(letters), len(cases))
	}
	byNumber := make(map[string]*DeadLetter)
	for _, d := range letters {
		if len(d.Headers) != 2 {
			t.Fatalf("got headers %v, want the two of the source", d.Headers)
		}
		byNumber[string(d.Headers[1].Value)] = d
	}
	for i, p := range cases {
		d, src := byNumber[fmt.Sprint(i)], records[2*i+1]
		if d == nil {
			t.Errorf("case %d: got no letter", i)
			continue
		}
		if d.Class != p.class || d.Field != p.field || d.Error == "" || d.Version != "v1" {
			t.Errorf("case %d: got class %q field %q error %q version %q, want %q %q", i, d.Class, d.Field, d.Error, d.Version, p.class, p.field)
		}
		if d.Topic != src.Topic || d.Partition != src.Partition || d.Offset != src.Offset {
			t.Errorf("case %d: got %s/%d/%d, want %s/%d/%d", i, d.Topic, d.Partition, d.Offset, src.Topic, src.Partition, src.Offset)
		}
		if !bytes.Equal(d.Value, p.value) || (d.Value == nil) != (p.value == nil) || string(d.Key) != p.key || d.Cut {
			t.Errorf("case %d: got key %q value %q, want %q %q", i, d.Key, d.Value, p.key, p.value)
		}
		if !d.Time.Equal(src.Timestamp.Truncate(time.Millisecond)) {
			t.Errorf("case %d: got time %v, want %v", i, d.Time, src.Timestamp)
		}
	}
	if n := len(lettersOf(t, c, LetterFilter{Class: NoValue, Topic: models.Transactions})); n != 1 {
		t.Errorf("got %d letters of class %s from %s, want 1", n, NoValue, models.Transactions)
	}
	if n := len(lettersOf(t, c, LetterFilter{Since: time.Now().Add(time.Hour)})); n != 0 {
		t.Errorf("got %d letters from the future, want none", n)
	}
}

// Whatever part of a record is too large for a letter: the letter is written, says so, and is not sent back.
func TestHugeRecords(t *testing.T) {
	_, c := startBroker(t, t.TempDir(), 1) // Apache Kafka's own limit is another one
	setMaxMessage(t, c, models.Pageviews, 32<<20)
	huge := bytes.Repeat([]byte("x"), 3<<20) // within any limit once it is compressed
	topic := c.Topic(models.Pageviews)
	var many []kgo.RecordHeader
	for range 100_000 {
		many = append(many, kgo.RecordHeader{Key: "h"})
	}
	own := []kgo.RecordHeader{{Key: "h", Value: []byte("1")}}
	send(t, c,
		&kgo.Record{Topic: topic, Key: huge, Value: []byte("{"), Headers: own},
		&kgo.Record{Topic: topic, Key: []byte("k"), Value: []byte("{"), Headers: []kgo.RecordHeader{{Key: "h", Value: huge}}},
		&kgo.Record{Topic: topic, Key: []byte("k"), Value: []byte("{"), Headers: many},
		&kgo.Record{Topic: topic, Key: huge, Value: huge, Headers: own},
		&kgo.Record{Topic: topic, Key: huge},
		&kgo.Record{Topic: topic, Key: []byte("v"), Value: []byte(`{"event":"page_view","visitor":"v"}`)},
	)
	m := newLedger()
	if got := settle(t, run(t, Config{Cluster: c, Machine: m}), m); got.Taken != 1 || got.Letters[models.NotJSON] != 3 || got.Letters[models.TooLarge] != 1 || got.Letters[NoValue] != 1 {
		t.Fatalf("got %+v, want one event and five letters", got)
	}
	for i, want := range []struct{ key, value, size, headers int }{
		{maxLetterPart, 1, 1, 1}, {1, 1, 1, 0}, {1, 1, 1, 0}, {maxLetterPart, maxLetterSource - maxLetterPart - headerBytes(own), 3 << 20, 1}, {maxLetterPart, 0, 0, 0},
	} {
		d := lettersOf(t, c, LetterFilter{})[i]
		if !d.Cut || len(d.Key) != want.key || len(d.Value) != want.value || d.Size != want.size || len(d.Headers) != want.headers {
			t.Errorf("letter %d: cut %v, key of %d, %d of %d bytes, %d headers, want %+v", i, d.Cut, len(d.Key), len(d.Value), d.Size, len(d.Headers), want)
		}
	}
	if got, err := ReplayDeadLetters(testContext(t), c, LetterFilter{}); err != nil || got != (Replayed{Cut: 5}) {
		t.Errorf("got %+v %v, want five left out", got, err)
	}
}

// A letter that a crash has written twice is seen once; one of a topic that was made anew, with the same offset, is another.
func TestSameLetterTwice(t *testing.T) {
	c := startLog(t, 1)
	l, err := newLetters(c, "v1")
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	broken := func(value string, at int64) *kgo.Record {
		src := &kgo.Record{Topic: c.Topic(models.Pageviews), Offset: 3, Value: []byte(value), Timestamp: time.UnixMilli(at)}
		return l.compose(newLetter(src, &models.Invalid{Code: models.NotJSON, Reason: "broken"}))
	}
	send(t, c, broken("old", 1000), broken("old", 1000), broken("new", 2000))
	if got := lettersOf(t, c, LetterFilter{}); len(got) != 2 || string(got[0].Value) != "old" || string(got[1].Value) != "new" {
		t.Errorf("got %d letters, want the old one and the new one", len(got))
	}
}

// Two tombstones are two removals, be it that a topic was made anew and counts its offsets from the start again.
func TestTombstones(t *testing.T) {
	at := time.UnixMilli(1_772_000_000_000)
	hash := func(offset int64, at time.Time) uint64 {
		h, err := decodeRecord(new(models.Event), models.Catalogue, &kgo.Record{Key: []byte("default\x1fSKU1"), Offset: offset, Timestamp: at}, models.TimeOf(at), models.TimeOf(at))
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if a, b, c := hash(7, at), hash(8, at), hash(7, at.Add(time.Hour)); a == b || a == c || a != hash(7, at) {
		t.Errorf("hashes %x, %x and %x", a, b, c)
	}
}

// A letter that has become understandable is taken when it is replayed, once.
func TestReplayDeadLetters(t *testing.T) {
	_, c := startBroker(t, t.TempDir(), 2) // Apache Kafka refuses records from the future by itself
	value := []byte(`{"event":"view_item","visitor":"v","id":"1","items":[{"item_id":"p"}]}`)
	late := time.Now().Add(48 * time.Hour)
	large := []byte(`{"event":"view_item","visitor":"v","id":"2","note":"` + strings.Repeat("x", 3<<20) + `"}`)
	setMaxMessage(t, c, models.Pageviews, 8<<20)
	send(t, c,
		&kgo.Record{Topic: c.Topic(models.Pageviews), Key: []byte("v"), Value: value, Timestamp: late},
		&kgo.Record{Topic: c.Topic(models.Pageviews), Key: []byte("v"), Value: []byte("{")},
		&kgo.Record{Topic: c.Topic(models.Pageviews), Key: []byte("v"), Value: large},
	)
	m := newLedger()
	p := run(t, Config{Cluster: c, Machine: m})
	if got := settle(t, p, m); got.Taken != 0 || got.Letters[models.BadTime] != 1 || got.Letters[models.NotJSON] != 1 || got.Letters[models.TooLarge] != 1 {
		t.Fatalf("got %+v, want three letters", got)
	}
	ctx := testContext(t)
	for range 2 {
		got, err := ReplayDeadLetters(ctx, c, LetterFilter{Class: models.BadTime})
		if want := (Replayed{Sent: 1}); err != nil || got != want {
			t.Fatalf("got %+v %v, want %+v", got, err, want)
		}
		if got := settle(t, p, m); got.Taken != 1 {
			t.Fatalf("got %d events, want 1", got.Taken)
		}
	}
	got, err := ReplayDeadLetters(ctx, c, LetterFilter{})
	if want := (Replayed{Sent: 2, Cut: 1}); err != nil || got != want {
		t.Fatalf("got %+v %v, want %+v", got, err, want)
	}
	if got := settle(t, p, m); got.Taken != 1 || got.Duplicates != 2 || got.Letters[models.NotJSON] != 2 {
		t.Fatalf("got %+v, want the broken one as a letter again", got)
	}
	for _, d := range lettersOf(t, c, LetterFilter{Class: models.TooLarge}) {
		if !d.Cut || d.Size != len(large) || !bytes.HasPrefix(large, d.Value) {
			t.Errorf("got %d of %d bytes, want the beginning of %d", len(d.Value), d.Size, len(large))
		}
	}
}
