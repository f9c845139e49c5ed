package catalogue

import (
	"bytes"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// variant is what a feed says of one.
func variant(id, group, price, stock string) string {
	return upsert(fmt.Sprintf(`{"item_id":%q,"item_name":%q,"price":%s,"item_group_id":%q,"availability":%q}`, id, "Tee "+id, price, group, stock))
}

// In whatever order a feed says what, the main item of a group and the variant that is shown for it are the same, and so they are after a
// restore.
func TestGroupsInAnyOrder(t *testing.T) {
	lines := []string{
		variant("S", "TEE", "20", "in_stock"), variant("M", "TEE", "18", "in_stock"), variant("L", "TEE", "15", "out_of_stock"),
		variant("X", "CAP", "9", "in_stock"), variant("TEE", "", "30", "in_stock"), variant("P", "null", "5", "in_stock"), variant("Q", "null", "5", "in_stock"),
	}
	rapid.Check(t, func(r *rapid.T) {
		c := New()
		for _, line := range rapid.Permutation(lines).Draw(r, "order") {
			feed(t, c, 1, line)
		}
		look := func(c *Catalogue) (all string) {
			for _, id := range []string{"S", "M", "L", "TEE", "X", "CAP", "P", "Q"} {
				item := c.Find(1, []byte(id))
				all += fmt.Sprintf("%s of %s as %s, ", id, c.ID(c.Main(item)), c.ID(c.Offered(1, item)))
			}
			unlisted, removed, sold := c.Hidden(1)
			return all + fmt.Sprint(unlisted, removed, sold, c.Products())
		}
		const want = "S of TEE as S, M of TEE as M, L of TEE as M, TEE of TEE as M, X of CAP as X, CAP of CAP as X, P of P as P, Q of Q as Q, 0 0 1 7"
		if got := look(c); got != want {
			r.Fatalf("%s\nwant\n%s", got, want)
		}
		var whole, offers bytes.Buffer
		if _, err := c.Freeze().WriteTo(&whole); err != nil {
			r.Fatal(err)
		}
		if _, err := c.Offers().Freeze().WriteTo(&offers); err != nil {
			r.Fatal(err)
		}
		again := New()
		if _, err := again.ReadFrom(&whole); err != nil {
			r.Fatal(err)
		}
		if _, err := again.Offers().ReadFrom(&offers); err != nil {
			r.Fatal(err)
		}
		again.Settle()
		if got := look(again); got != want {
			r.Fatalf("restored: %s\nwant\n%s", got, want)
		}
	})
}

// A group whose variants are all gone shows nothing, a name for them least of all; a page that names the product with a title is shown
// where no feed lists a variant.
func TestGroupWithoutStock(t *testing.T) {
	c := New()
	shown := func(id, want string) {
		t.Helper()
		got := ""
		if item := c.Offered(1, c.Find(1, []byte(id))); item != 0 {
			got = string(c.ID(item))
		}
		if got != want {
			t.Errorf("%s is shown as %q, not %q", id, got, want)
		}
	}
	feed(t, c, 1, variant("S", "TEE", "20", "in_stock"))
	shown("TEE", "S")
	mention(t, c, 1, `{"item_id":"TEE","item_name":"Tee","price":19}`)
	shown("TEE", "S")
	feed(t, c, 1, variant("S", "TEE", "20", "out_of_stock"))
	shown("TEE", "")
	shown("S", "")
	feed(t, c, 1, `{"event":"product_remove","items":[{"item_id":"S"}]}`)
	if s := c.State(1, c.Find(1, []byte("S"))); s.Shown && s.ShownAs != "TEE" || s.Hidden != "removed" || s.Group != "TEE" {
		t.Errorf("%+v", s)
	}

	c = New() // without a feed: an order names the variant and its group, a page the product
	mention(t, c, 1, `{"item_id":"C-1","item_name":"Cap","price":9,"item_group_id":"CAP"}`)
	shown("CAP", "C-1")
	mention(t, c, 1, `{"item_id":"D-1","item_name":"Cup","price":9}`)
	if _, effect := mention(t, c, 1, `{"item_id":"D-1","item_name":"Cup","price":9,"item_group_id":"CUP"}`); effect != Joined {
		t.Errorf("a group that is said later: effect %b", effect)
	}
	shown("CUP", "D-1")
	if n, _, _ := c.Hidden(1); n != 0 {
		t.Errorf("%d hidden", n)
	}
}
