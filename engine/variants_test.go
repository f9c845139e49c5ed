package engine_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"orrery/engine"
	"orrery/models"
)

// Case c21: a frame shows one variant of a product, and none of the one that it stands beside.
func TestVariants(t *testing.T) {
	body, err := os.ReadFile("testdata/cases/c21-variants.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, engine.Config{Floor: 1})
	applyAt(t, e, string(body), caseTime)
	for range 2 {
		if got := products(t, e, models.FrameQuery{Frame: []byte("product_page"), Products: [][]byte{[]byte("TEE-red-S")}, N: 8}); strings.Contains(got, "TEE") || !strings.Contains(got, "CAP") {
			t.Errorf("beside TEE-red-S: %q", got)
		}
		if got := products(t, e, models.FrameQuery{Frame: []byte("most_viewed"), N: 8}); strings.Count(got, "TEE") != 1 {
			t.Errorf("most viewed: %q", got)
		}
		again := newEngine(t, engine.Config{Floor: 1})
		restore(t, again, save(t, e))
		e = again
	}
}

// What was bought with one variant goes with all, views may name the product and orders the variant, and what is sold out is shown by
// a variant that is not.
func TestVariantsJoinInPairs(t *testing.T) {
	e := newEngine(t, engine.Config{Floor: 1})
	var b strings.Builder
	up := func(id, group, stock string) {
		fmt.Fprintf(&b, `{"event":"product_upsert","time":%d,"currency":"EUR","items":[{"item_id":%q,"item_name":%q,"price":10,"item_group_id":%q,"availability":%q}]}`+"\n", caseTime-models.Hour, id, id, group, stock)
	}
	up("TEE-S", "TEE", "in_stock")
	up("TEE-M", "TEE", "in_stock")
	up("CAP-1", "CAP", "out_of_stock")
	up("CAP-2", "CAP", "in_stock")
	up("MUG", "", "in_stock")
	fmt.Fprintf(&b, `{"event":"feed_taken","time":%d,"props":{"mode":"full","products":5}}`+"\n", caseTime-models.Hour)
	for i := range 5 {
		at := caseTime - models.Hour + models.Time(i+1)*models.Minute
		for j, id := range []string{"TEE", "CAP-1"} { // pages name the product
			fmt.Fprintf(&b, `{"event":"view_item","visitor":"v%d","time":%d,"items":[{"item_id":%q}]}`+"\n", i, at+models.Time(j)*models.Second, id)
		}
		fmt.Fprintf(&b, `{"event":"purchase","visitor":"v%d","order":"O%d","time":%d,"currency":"EUR","value":20,"items":[{"item_id":"TEE-S"},{"item_id":"MUG"}]}`+"\n", i, i, at+30*models.Second)
	}
	applyAt(t, e, b.String(), caseTime)
	f := func(frame, product, want string) {
		t.Helper()
		if got := products(t, e, models.FrameQuery{Frame: []byte(frame), Products: [][]byte{[]byte(product)}, N: 2}); got != want {
			t.Errorf("%s of %s: %q, not %q", frame, product, got, want)
		}
	}
	f("viewed_together", "TEE-M", "CAP-2") // nobody has seen TEE-M, and CAP-1 is sold out
	f("bought_after_viewing", "TEE-M", "MUG")
	f("viewed_together", "TEE", "CAP-2")
	f("viewed_together", "MUG", "")
}

// Case c18: a feed of one product of several hides none of the others, and a full one does and says how many.
func TestPartialFeed(t *testing.T) {
	body, err := os.ReadFile("testdata/cases/c18-partial-feed.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	e := newEngine(t, engine.Config{Floor: 1})
	applyAt(t, e, string(body), caseTime)
	if got := products(t, e, models.FrameQuery{Frame: []byte("most_viewed")}); len(strings.Fields(got)) < 3 || e.Stats().Hidden.Unlisted != 0 {
		t.Errorf("most viewed: %q, %+v", got, e.Stats().Hidden)
	}
	applyAt(t, e, `{"event":"feed_taken","props":{"mode":"full","products":1}}`, caseTime)
	if got := products(t, e, models.FrameQuery{Frame: []byte("most_viewed")}); got != "" || e.Stats().Hidden.Unlisted != 3 {
		t.Errorf("most viewed: %q, %+v", got, e.Stats().Hidden)
	}
}
