package engine_test

import (
	"fmt"
	"testing"

	"orrery/engine"
	"orrery/models"
)

// TestF7Clocks: no clock of a stranger moves what others see, neither one that goes ahead nor sessions of long ago.
func TestF7Clocks(t *testing.T) {
	crowd := func(trust string) *rig {
		r := newRightsRig(t, engine.Config{NoDecay: true})
		for i := range 30 {
			at := noon + models.Time(i)*models.Second
			r.must(trust, at, `{"event":"view_item","visitor":"c%d","items":[{"item_id":"P1"}]}`, i)
			r.must(trust, at, `{"event":"view_item","visitor":"c%d","items":[{"item_id":"P2"}]}`, i)
			r.must(trust, at, `{"event":"view_item","visitor":"one","items":[{"item_id":"EVIL"}]}`)
		}
		return r
	}
	now := noon + models.Minute
	seen := func(r *rig) string {
		p, _ := r.e.Social(nil, []byte("P1"), nil, now)
		out := fmt.Sprint(p, r.e.StreamTime()-now < 0)
		for _, frame := range []string{"trending", "most_viewed", "bestsellers"} {
			out += fmt.Sprint(" ", frame, r.shown(frame, "", "", now))
		}
		for _, recipe := range []string{"viewed_together", "next", "product_page"} {
			var f models.Frame
			if err := r.e.Frame(&models.FrameQuery{Frame: []byte(recipe), Products: [][]byte{[]byte("P1")}, Now: now}, &f); err != nil {
				t.Fatal(err)
			}
			for _, it := range f.Items {
				out += fmt.Sprintf(" %s %s %.6g", recipe, it.Product.ID, it.Evidence.Count)
			}
		}
		return out
	}
	r := crowd("public")
	before := seen(r)
	for i := range 200 {
		day := noon - models.Time(2+i%40)*models.Day
		for _, item := range []string{"P1", "EVIL"} {
			r.must("public", now, `{"event":"view_item","time":%d,"visitor":"evil","items":[{"item_id":%q}]}`, day, item)
			r.must("public", now, `{"event":"add_to_cart","time":%d,"visitor":"evil","items":[{"item_id":%q}]}`, day, item)
		}
	}
	if after := seen(r); after != before {
		t.Errorf("after sessions of long ago\n%s\nbefore\n%s", after, before)
	}
	if list := r.shown("recently_viewed", "evil", "", now); len(list) != 2 {
		t.Errorf("the visitor's own history is %v", list)
	}
	if st := r.e.Stats(); st.Events["view_item"] != 90+400 || st.Events["add_to_cart"] != 400 {
		t.Errorf("counted: %v", st.Events)
	}

	r.must("public", now, `{"event":"view_item","time":%d,"visitor":"z","items":[{"item_id":"P1"}]}`, now+23*models.Hour)
	if p, _ := r.e.Social(nil, []byte("P1"), nil, now); p.ViewingNow < 30 || r.e.StreamTime() > now+models.MaxPublicAhead {
		t.Errorf("after a clock 23 hours ahead %d look at P1, the stream's time is %v ahead", p.ViewingNow, r.e.StreamTime()-now)
	}

	shop := crowd("secret") // the shop's own history counts as ever
	was := seen(shop)
	shop.must("secret", now, `{"event":"view_item","time":%d,"visitor":"v","items":[{"item_id":"P1"}]}`, noon-2*models.Day)
	shop.must("secret", now, `{"event":"view_item","time":%d,"visitor":"v","items":[{"item_id":"EVIL"}]}`, noon-2*models.Day)
	if seen(shop) == was {
		t.Error("what the shop says of the past teaches nothing")
	}
}
