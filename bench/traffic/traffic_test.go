package traffic

import (
	"bytes"
	"testing"
	"time"

	"orrery/models"
)

func TestEventsAreValid(t *testing.T) {
	s := New(Config{Products: 100, Visitors: 100, Views: 10, Known: 10}, time.Now(), 1000)
	s.load.Next()
	var e models.Event
	f := func(value []byte, kind models.Kind, items int) {
		t.Helper()
		if err := e.Decode(value, models.TimeOf(time.Now())); err != nil || e.Kind != kind || len(e.Items) != items {
			t.Errorf("%s: %v, kind %v, %d items", value, err, e.Kind, len(e.Items))
		}
	}
	f(s.upsert(3, 0), models.ProductUpsert, 1)
	f(s.event("view_item", "v", "", 1), models.ViewItem, 1)
	f(s.event("purchase", "v", "", 1, 2, 3), models.Purchase, 3)
	f(s.event("identify", "v", "c@x.example"), models.Identify, 0)
}

func TestRequests(t *testing.T) {
	s := New(Config{Products: 100, Visitors: 100, Views: 10, Known: 10}, time.Now(), 1000)
	if _, err := s.Requests("no such kind"); err == nil {
		t.Error("requests of an unknown kind were made")
	}
	r, err := s.Requests(Mix)
	if err != nil {
		t.Fatal(err)
	}
	seen := make([]int, len(Kinds))
	for range 10_000 {
		b, kind := r.Next(nil, time.Time{})
		seen[kind]++
		if !bytes.HasPrefix(b, []byte("GET "+Kinds[kind].Prefix)) || !bytes.HasSuffix(b, []byte("\r\n\r\n")) {
			t.Fatalf("%q is no request of kind %s", b, Kinds[kind].Name)
		}
	}
	for i, k := range Kinds {
		if share := seen[i] / 100; share < k.Share-3 || share > k.Share+3 {
			t.Errorf("%s: %d %% of the mix, want %d", k.Name, share, k.Share)
		}
	}
}
