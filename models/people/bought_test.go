package people

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/models"
)

// genOrder makes up an order of a visitor that may state anything.
func genOrder(t *rapid.T, p *People, n int) *Order {
	amount := func(name string) Stated {
		if rapid.Bool().Draw(t, "has "+name) {
			return State(models.Money(rapid.Int64Range(0, 1<<40).Draw(t, name)))
		}
		return 0
	}
	coupon := func() []byte {
		return []byte(rapid.SampledFrom([]string{"", "", "SPRING", "a", "Ünïcode, two", fmt.Sprintf("ONE-%d.", n)}).Draw(t, "coupon"))
	}
	id := fmt.Appendf(nil, "O%d", n)
	order := &Order{
		Hash: p.HashOf(1, id), ID: id, Time: start + models.Time(rapid.IntRange(0, 50).Draw(t, "hour"))*models.Hour, Value: 5 * models.Micros, Currency: 1,
		Terms: Terms{Coupon: coupon(), Discount: amount("discount"), Shipping: amount("shipping"), Tax: amount("tax")},
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "lines") {
		order.Lines = append(order.Lines, Line{Item: uint32(i + 1), Quantity: uint32(n + 1)})
		order.Bought = append(order.Bought, Bought{
			Paid: amount("paid"), Discount: amount("off"), Coupon: coupon(),
			Brand: rapid.Uint32Range(0, 3).Draw(t, "brand"), Category: rapid.Uint32Range(0, 3).Draw(t, "category"),
		})
	}
	return order
}

// toldOf writes what is known of an order.
func toldOf(p *People, order uint32) string {
	var b strings.Builder
	terms := p.Terms(order)
	fmt.Fprintf(&b, "%q %d %d %d", terms.Coupon, terms.Discount, terms.Shipping, terms.Tax)
	p.EachLine(order, func(l Line, x Bought) {
		fmt.Fprintf(&b, " | %d*%d %d %d %q %d %d", l.Item, l.Quantity, x.Paid, x.Discount, x.Coupon, x.Brand, x.Category)
	})
	return b.String()
}

// What an order states is kept to the digit, whatever comes before or after it and whoever it becomes, over a restart; of somebody
// who is erased the coupons go, from the snapshot as well.
func TestBought(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, want := New(Config{}), map[uint64]string{}
		var all []*Order
		owner := map[uint64]int{}
		for n := range rapid.IntRange(1, 12).Draw(t, "orders") {
			order := genOrder(t, p, n)
			who := rapid.IntRange(0, 2).Draw(t, "visitor")
			if rapid.IntRange(0, 3).Draw(t, "refund before") == 0 {
				p.Refund(order.Hash, models.Micros, 1, 0)
			}
			p.Purchase(p.Visitor(1, visitorID(who)), order)
			var b strings.Builder
			fmt.Fprintf(&b, "%q %d %d %d", order.Coupon, order.Terms.Discount, order.Shipping, order.Tax)
			for i, l := range order.Lines {
				x := order.Bought[i]
				fmt.Fprintf(&b, " | %d*%d %d %d %q %d %d", l.Item, l.Quantity, x.Paid, x.Discount, x.Coupon, x.Brand, x.Category)
			}
			all, want[order.Hash], owner[order.Hash] = append(all, order), b.String(), who
			switch rapid.IntRange(0, 6).Draw(t, "after") {
			case 0:
				p.Refund(order.Hash, models.Micros, 1, 0)
			case 1:
				p.Cancel(order.Hash)
			case 2:
				p.Link(p.Visitor(1, visitorID(who)), p.Contact(1, contactID(who)), order.Time)
			case 3:
				again := *order
				again.Terms, again.Bought = Terms{Tax: 7}, nil
				p.Purchase(p.Visitor(1, visitorID(who)), &again) // a copy changes nothing
			case 4:
				again := *order
				again.Time, again.Terms, again.Lines = order.Time-models.Hour, Terms{Coupon: []byte("BEFORE"), Tax: 7}, []Line{{Item: 9, Quantity: 2}}
				again.Bought = []Bought{{Brand: 8, Coupon: []byte("SPRING")}}
				p.Purchase(p.Visitor(1, visitorID(who)), &again) // what was placed before counts
				want[order.Hash] = `"BEFORE" 0 0 7 | 9*2 0 0 "SPRING" 8 0`
			}
		}
		erased := rapid.IntRange(-1, 2).Draw(t, "erased")
		if erased >= 0 {
			for _, e := range []Erasing{p.OfContact(p.HashOf(1, contactID(erased))), p.OfVisitor(p.HashOf(1, visitorID(erased)))} {
				p.Erase(1, &e)
			}
		}
		var b bytes.Buffer
		if _, err := p.Freeze().WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		snapshot := bytes.Clone(b.Bytes())
		again := New(Config{})
		if err := again.ReadVersion(&b, 13); err != nil {
			t.Fatal(err)
		}
		for n, order := range all {
			for _, state := range []*People{p, again} {
				got, whole := toldOf(state, state.OrderOf(order.Hash)), want[order.Hash]
				if owner[order.Hash] == erased {
					if whole = withoutCoupons(whole); bytes.Contains(snapshot, fmt.Appendf(nil, "ONE-%d.", n)) {
						t.Fatalf("order %d is of somebody who was erased, and its own coupon is in the snapshot", n)
					}
				}
				if got != whole {
					t.Fatalf("order %d:\n%s\nwant\n%s", n, got, whole)
				}
			}
		}
		if uses := p.couponUses(); !reflect.DeepEqual(uses, again.couponUses()) {
			t.Fatalf("coupons %v, after a restart %v", uses, again.couponUses())
		}
	})
}

// couponUses counts what the records say.
func (p *People) couponUses() map[string]uint64 {
	all := map[string]uint64{}
	for n := uint64(1); n <= uint64(p.coupons.byHash.Len()); n++ {
		if uses := p.coupons.records.Load(n*couponWords + kUses); uses > 0 {
			all[string(p.couponText(n))] = uses
		}
	}
	return all
}

func withoutCoupons(told string) string {
	for {
		from := strings.IndexByte(told, '"')
		if from < 0 {
			return strings.ReplaceAll(told, "\x00", `""`)
		}
		told = told[:from] + "\x00" + told[from+1+strings.IndexByte(told[from+1:], '"')+1:]
	}
}

// A line takes at most 40 B more than product and pieces, whatever is known of it, and an order's terms 32 B.
func TestBoughtBytes(t *testing.T) {
	const orders, lines = 4000, 5
	bytes := func(bought bool, terms Terms) uint64 {
		p := New(Config{})
		order := Order{Terms: terms}
		for i := range uint32(lines) {
			order.Lines = append(order.Lines, Line{Item: i + 1, Quantity: 1})
			if bought {
				order.Bought = append(order.Bought, Bought{Paid: State(5), Discount: State(1), Coupon: fmt.Appendf(nil, "COUPON-%d", i), Brand: i + 1, Category: 1})
			}
		}
		v := p.Visitor(1, []byte("v"))
		for n := range orders {
			order.Hash, order.Time = uint64(n+1), start+models.Time(n)
			p.Purchase(v, &order)
		}
		_, _, held := p.Bytes()
		return held
	}
	none := bytes(false, Terms{})
	all := bytes(true, Terms{})
	terms := bytes(false, Terms{Coupon: []byte("X"), Discount: 1, Shipping: 1, Tax: 1})
	line, order := float64(all-none)/orders/lines, float64(terms-none)/orders
	t.Logf("%.1f B a line of which all is known, %.1f B an order's terms", line, order)
	if line > 40 || line < 24 {
		t.Errorf("%.1f B a line of which all is known: at most 40", line)
	}
	if order > 36 || order < 24 {
		t.Errorf("%.1f B an order's terms: 32 and what chunks leave over", order)
	}
}

// Coupons are bounded: past the bound lines go without, and that is counted, as are those that are too long.
func TestCouponsAreBounded(t *testing.T) {
	p := New(Config{})
	p.coupons.most = 2
	p.Purchase(p.Visitor(1, []byte("v")), &Order{Hash: 2, Time: start, Terms: Terms{Coupon: []byte("A")}, Lines: []Line{{Item: 1}}, Bought: []Bought{{Coupon: []byte("B")}}})
	order := &Order{Hash: 1, Time: start, Terms: Terms{Coupon: []byte("NEW"), Tax: 3}, Lines: []Line{{Item: 1, Quantity: 1}}, Bought: []Bought{{Coupon: bytes.Repeat([]byte("x"), maxCoupon+1)}}}
	p.Purchase(p.Visitor(1, []byte("v")), order)
	if got := toldOf(p, p.OrderOf(1)); got != `"" 0 0 3 | 1*1 0 0 "" 0 0` {
		t.Error(got)
	}
	if lost, long := p.CouponsLost(); lost != 1 || long != 1 {
		t.Errorf("%d lost, %d too long", lost, long)
	}
}

// The longest order fits into a block.
func TestBoughtOfLongOrders(t *testing.T) {
	p := New(Config{})
	order := &Order{Hash: 1, Time: start, Terms: Terms{Coupon: []byte("X"), Discount: 1, Shipping: 1, Tax: 1}}
	for i := range uint32(maxLines + 1) {
		order.Lines = append(order.Lines, Line{Item: i + 1, Quantity: 1})
		order.Bought = append(order.Bought, Bought{Paid: State(models.Money(i)), Discount: State(2), Coupon: []byte("Y"), Brand: 4, Category: i})
	}
	p.Purchase(p.Visitor(1, []byte("v")), order)
	i := uint32(0)
	p.EachLine(p.OrderOf(1), func(l Line, b Bought) {
		want := Bought{}
		if i < maxBought {
			want = Bought{Paid: State(models.Money(i)), Discount: State(2), Coupon: []byte("Y"), Brand: 4, Category: i}
		}
		if i++; l.Item != i || !reflect.DeepEqual(b, want) {
			t.Fatalf("line %d: %v %+v", i, l, b)
		}
	})
	if i != maxLines {
		t.Errorf("%d lines", i)
	}
}
