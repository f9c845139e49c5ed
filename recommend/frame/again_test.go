package frame

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/people"
	"orrery/recommend/neighbours"
	"orrery/recommend/next"
	"orrery/recommend/popular"
	"orrery/recommend/rebuy"
	"orrery/recommend/session"
	"orrery/recommend/similar"
	"orrery/recommend/social"
	"orrery/recommend/together"
)

func newModels() *Models {
	lists := func() *neighbours.Lists { return neighbours.New(64, 0) }
	return &Models{
		Catalogue: catalogue.New(), People: people.New(people.Config{}), Viewed: lists(), Bought: lists(), After: lists(),
		Popular: popular.New(false), Social: social.NewProof(1), Similar: similar.New(), Next: next.NewLive(session.Config{}, 0),
		Together: together.New(), Rebuy: rebuy.New(), Recent: NewRecent(),
	}
}

// ask returns what a frame shows, in words.
func ask(t rapid.TB, a *Answerer, q *models.FrameQuery) (all string, counts map[uint32]float32) {
	var f models.Frame
	if err := a.Answer(q, 1, nil, &f); err != nil {
		t.Fatal(err)
	}
	counts = map[uint32]float32{}
	for _, it := range f.Items {
		all += fmt.Sprintf("%d %s %.4f %d %s %.3f %.3f, ", it.Item, it.Recipe, it.Score, it.Step, it.Evidence.ID, it.Evidence.Count, it.Evidence.Score)
		counts[it.Item] = it.Evidence.Count
	}
	return all, counts
}

// A frame that is given again shows every pair of the product as it is counted now, nothing that may not be shown, and
// after a while what would be found anew.
func TestAgain(t *testing.T) {
	const items = 12
	frames := Defaults()
	rapid.Check(t, func(t *rapid.T) {
		m := newModels()
		id := func(n uint32) []byte { return fmt.Appendf(nil, "i%d", n) }
		feed := func(n uint32, availability string) {
			line := fmt.Sprintf(`{"event":"product_upsert","time":1000,"items":[{"item_id":"i%d","price":1,"availability":"%s"}]}`, n, availability)
			var ev models.Event
			if err := ev.Decode([]byte(line), 1000); err != nil {
				t.Fatal(err)
			}
			m.Catalogue.Apply(1, m.Catalogue.Item(1, id(n)), &ev)
		}
		for n := uint32(1); n <= items; n++ {
			feed(n, "in_stock")
		}
		cached := NewAnswerer(m, frames)
		now := models.Time(1_000_000)
		item := rapid.Uint32Range(1, items)
		for range rapid.IntRange(1, 60).Draw(t, "operations") {
			asked, touched := item.Draw(t, "asked"), uint32(0)
			frame := rapid.SampledFrom([]string{"product_page", "viewed_together", "bought_after_viewing"}).Draw(t, "frame")
			switch rapid.IntRange(0, 4).Draw(t, "operation") {
			case 0, 1: // two products are viewed, or one is bought after the other
				a, b := item.Draw(t, "a"), item.Draw(t, "b")
				if a == b {
					continue
				}
				lists := m.Viewed
				if frame != "viewed_together" {
					lists = m.After // which the other two read first
				}
				w := lists.Weight(now)
				lists.CountBasket(1, w)
				lists.CountBoth(a, w)
				lists.CountBoth(b, w)
				lists.AddPairs(1, a, []uint32{b}, w)
				touched = a
			case 2:
				feed(item.Draw(t, "sold"), "out_of_stock")
			case 3:
				now += models.Time(rapid.IntRange(0, 2000).Draw(t, "ms"))
			case 4:
				now += keepFor
				touched = asked
			}
			if touched != 0 {
				asked = touched
			}
			q := &models.FrameQuery{
				Frame:    []byte(frame),
				Products: [][]byte{id(asked)}, N: rapid.SampledFrom([]int{0, 3, 8, 20}).Draw(t, "n"), Now: now,
			}
			fresh := *m
			fresh.Recent = NewRecent()
			got, counts := ask(t, cached, q)
			want, true_ := ask(t, NewAnswerer(&fresh, frames), q)
			if touched != 0 && got != want {
				t.Fatalf("%s of %d:\n%s\nwant\n%s", q.Frame, asked, got, want)
			}
			for n, c := range counts {
				if !m.Catalogue.Allowed(1, n) {
					t.Fatalf("%d is shown and sold", n)
				}
				if w, ok := true_[n]; ok && w != c {
					t.Fatalf("%d is shown with a count of %v, which is %v", n, c, w)
				}
			}
		}
	})
}

// A product that is named twice, as the one looked at that lies in the cart, counts once.
func TestTwice(t *testing.T) {
	m := newModels()
	for n := range uint32(6) {
		m.Catalogue.Item(1, fmt.Appendf(nil, "i%d", n+1))
	}
	count := func(lists *neighbours.Lists, a, b uint32, times int) {
		for range times {
			w := lists.Weight(1000)
			lists.CountBasket(1, w)
			lists.CountBoth(a, w)
			lists.CountBoth(b, w)
			lists.AddPairs(1, a, []uint32{b}, w)
		}
	}
	for _, lists := range []*neighbours.Lists{m.Viewed, m.Bought} {
		count(lists, 1, 3, 2)
		count(lists, 1, 5, 1)
		count(lists, 2, 4, 3)
	}
	a := NewAnswerer(m, Defaults())
	for _, frame := range []string{"viewed_together", "bought_together", "complements", "cart_page"} {
		q := &models.FrameQuery{Frame: []byte(frame), Products: [][]byte{[]byte("i1"), []byte("i2")}, Now: 2000}
		want, _ := ask(t, a, q)
		q.Products = [][]byte{[]byte("i1"), []byte("i2"), []byte("i1"), []byte("i1")}
		if got, _ := ask(t, a, q); got != want || got == "" {
			t.Errorf("%s:\n%s\nwant\n%s", frame, got, want)
		}
	}
}

// The answers that are kept take no more than what is said.
func TestRecentBytes(t *testing.T) {
	if n := NewRecent().Bytes(); n > 4<<20 {
		t.Errorf("%d bytes", n)
	}
}
