package catalogue

import (
	"bytes"
	"testing"

	"orrery/models"
)

// TestOldLinks: what an older build has kept of a script's address is not handed on after a restore, and the rest is.
func TestOldLinks(t *testing.T) {
	c := New()
	upsertOf := func(id string) uint32 {
		item, _ := feed(t, c, 1, upsert(`{"item_id":"`+id+`","title":"T\"","price":5,"url":"https://shop.example/`+id+`","image":"https://shop.example/`+id+`.jpg"}`))
		return item
	}
	old, good := upsertOf("old"), upsertOf("good")
	f := c.known(old)
	f.url = []byte("javascript:alert(6)")
	c.texts.Set(uint64(old), f.append(nil, []byte("old")))
	var buf bytes.Buffer
	if _, err := c.Freeze().WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	again := New()
	if _, err := again.ReadFrom(&buf); err != nil {
		t.Fatal(err)
	}
	var p models.Product
	again.Product(old, &p)
	if len(p.URL) > 0 || bytes.Contains(p.JSON, []byte("javascript")) || string(p.Image) != "https://shop.example/old.jpg" || string(p.Title) != `T"` || string(p.ID) != "old" {
		t.Errorf("%s", p.JSON)
	}
	again.Product(good, &p)
	if string(p.URL) != "https://shop.example/good" {
		t.Errorf("%s", p.JSON)
	}
}
