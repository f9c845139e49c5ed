package engine_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/engine"
	"orrery/models"
)

// gone is the sections that hold nothing any more of a person who was erased.
var gone = []string{"shops", "catalogue", "offers", "people", "strangers", "silence", "claims", "customers", "time"}

// kept is the sections in which something of the person stays, and what: SECURITY.md says the same.
var kept = map[string]string{
	"ledger":  "events, orders and money are counted",
	"apart":   "money, likewise",
	"erased":  "the keyed hash of who is not to be known",
	"social":  "how many carted and bought, for a week, by 32 bits of a hash",
	"popular": "counts of products", "votes": "how many of a network have viewed a product today", "invented": "likewise of names",
	"viewed_together": "pairs of products", "bought_together": "likewise", "bought_after_viewing": "likewise",
	"sessions": "which products sessions have viewed, nobody's", "shelves": "steps between categories", "similar": "texts of products",
	"intent": "weights, and forecasts under way of a number that leads nowhere", "outlook": "likewise", "together": "weights",
	"settings":    "what a shop has set, and who of its staff did",
	"shop_totals": "figures of shops", "quality_shops": "hit rates",
	"revisions": "of which moment the shop's word of an order is",
	"rebuy":     "how many came back for a product, and weights", "mails": "sums by hour",
	"vectors": "weights", "quality_next": "hit rates", "quality_viewed_together": "likewise",
}

// Every section of a state is one that holds nothing of who was erased, or one of which it is said what stays.
func TestErasedSections(t *testing.T) {
	for name := range save(t, newEngine(t, engine.Config{})) {
		name, _, _ = strings.Cut(name, "/")
		if slices.Contains(gone, name) == (kept[name] != "") {
			t.Errorf("section %s: what stays in it of a person who is erased? Say so in kept and in SECURITY.md, or in gone", name)
		}
	}
}

// erasedContact is who is erased of a made-up history.
const erasedContact = 0

// event is a line of a history: before the erasure or after it, by whom, and about which order.
type historyEvent struct {
	line, order string
	mine, sale  bool
}

// genHistory makes up the events of five contacts with two browsers each, of which some are shared where shared says so.
func genHistory(t *rapid.T, n int, shared bool) (all []historyEvent) {
	orders := 0
	for i := range n {
		c := rapid.IntRange(0, 4).Draw(t, "contact")
		v := c + 5*rapid.IntRange(0, 1).Draw(t, "browser")
		if shared {
			v = rapid.IntRange(0, 3).Draw(t, "shared")
		}
		at := (dayZero + models.Time(i)*models.Hour).Std().Format("2006-01-02T15:04:05Z")
		who := fmt.Sprintf(`"visitor":"browser-%d"`, v)
		named := rapid.IntRange(0, 2).Draw(t, "named")
		switch named {
		case 1:
			who += fmt.Sprintf(`,"contact":"c%d@example.org"`, c)
		case 2:
			who = fmt.Sprintf(`"contact":"c%d@example.org"`, c)
		}
		item := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "item")
		e := historyEvent{mine: c == erasedContact}
		put := func(format string, args ...any) {
			e.line = fmt.Sprintf(`{"time":%q,"id":"%d",`, at, i) + fmt.Sprintf(format, args...) + "}"
		}
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			put(`"event":"identify","visitor":"browser-%d","contact":"c%d@example.org","name":"Name %d of %d"`, v, c, i, c)
		case 1, 2:
			orders++
			e.order, e.sale = fmt.Sprintf("O%d", orders), true
			put(`"event":"purchase",%s,"order":%q,"currency":"EUR","coupon":"WELCOME-of-%d","tax":%d,"items":[{"item_id":%q,"price":%d,"coupon":"LINE-of-%d","discount":0.5}]`, who, e.order, c, i%3, item, 1+i%7, c)
		case 3:
			if orders == 0 {
				put(`"event":"page_view",%s`, who)
				break
			}
			e.order, e.sale = fmt.Sprintf("O%d", rapid.IntRange(1, orders).Draw(t, "order")), true
			put(`"event":%q,%s,"order":%q,"value":1,"currency":"EUR"`, rapid.SampledFrom([]string{"refund", "cancel"}).Draw(t, "back"), who, e.order)
		case 4:
			put(`"event":"add_to_cart",%s,"items":[{"item_id":%q}]`, who, item)
		case 5:
			put(`"event":"email_sent","contact":"c%d@example.org"`, c)
		case 6:
			put(`"event":"logout",%s`, who)
		default:
			put(`"event":"view_item",%s,"items":[{"item_id":%q}]`, who, item)
		}
		all = append(all, e)
	}
	return all
}

// without returns a history as a log without a person has it: the orders are those of a browser that nothing else is known of.
func without(all []historyEvent) (lines []string) {
	for _, e := range all {
		switch {
		case !e.mine:
			lines = append(lines, e.line)
		case e.sale:
			head, _, _ := strings.Cut(e.line, `"visitor":`)
			if h, _, ok := strings.Cut(e.line, `"contact":`); ok && len(h) < len(head) {
				head = h
			}
			_, tail, _ := strings.Cut(e.line, `,"order":`)
			lines = append(lines, head+`"visitor":"nobody","order":`+tail)
		}
	}
	return lines
}

func erasure(e *engine.Engine, at models.Time, contact, visitor string) string {
	line := fmt.Sprintf(`{"event":"erasure","time":%q`, at.Std().Format("2006-01-02T15:04:05Z"))
	if contact != "" {
		line += fmt.Sprintf(`,"contact":%q`, e.ErasureOf(nil, []byte(contact)))
	}
	if visitor != "" {
		line += fmt.Sprintf(`,"visitor":%q`, e.ErasureOf(nil, []byte(visitor)))
	}
	return line + "}"
}

// others is all that is known of everybody but the one who was erased, and what the shop counts.
func others(e *engine.Engine, now models.Time) string {
	var b strings.Builder
	s := e.Stats()
	fmt.Fprintf(&b, "contacts %d, orders %d, buyers %d, refunds %d, cancels %d, repeats %d, revenue %v\n", s.Contacts, s.Orders, s.Buyers, s.Refunds, s.Cancels, s.Repeats, s.Revenue)
	one := func(name string, p models.Profile, ok bool) {
		fmt.Fprintf(&b, "%s %t %q %s %d %v %v %d %d %s %s %v\n", name, ok, p.Contact, p.Attributes, p.Visitors, p.FirstSeen, p.LastSeen, p.Sessions, p.Events, touches(p.Viewed), touches(p.Cart), p.Spent)
		for _, o := range p.Orders {
			fmt.Fprintf(&b, "  %s %v %v %s %v %s\n", o.Order, o.At, o.Value, o.Currency, o.Cancelled, bought(&o))
		}
		if c := p.Customer; c != nil {
			fmt.Fprintf(&b, "  %v %v %d %d %v %s %v %v %d\n", c.First, c.Last, c.Days, c.Orders, c.Spent, c.Currency, c.Gap, c.Percentile, c.BaseN)
		}
	}
	for c := range 5 {
		p, ok := e.Contact(nil, fmt.Appendf(nil, "c%d@example.org", c), now)
		one(fmt.Sprintf("contact %d", c), p, ok)
	}
	for v := range 10 {
		p, ok := e.Visitor(nil, fmt.Appendf(nil, "browser-%d", v), now)
		one(fmt.Sprintf("browser %d", v), p, ok)
	}
	r, ok := e.RFM(nil, now)
	fmt.Fprintf(&b, "%t %d %v %v %v\n", ok, r.Customers, r.Recency, r.Frequency, r.Monetary)
	e.EachContact(nil, 0, now, func(id []byte, _ *models.Profile) bool {
		fmt.Fprintf(&b, "%s\n", id)
		return true
	})
	return b.String()
}

// State after an erasure is that of a log without the person, in which the orders are nobody's, whatever comes late; so are all answers
// about others. It is so again after a restart, and after a second erasure.
func TestErasedIsAsNeverThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := genHistory(t, rapid.IntRange(1, 60).Draw(t, "events"), false)
		cut := rapid.IntRange(0, len(all)).Draw(t, "erased after")
		now := dayZero + models.Time(len(all))*models.Hour
		got := newSeeded(t)
		var lines []string
		for i, e := range all {
			if i == cut {
				lines = append(lines, erasure(got, now, "c0@example.org", ""))
			}
			lines = append(lines, e.line)
		}
		if cut == len(all) || rapid.Bool().Draw(t, "twice") {
			lines = append(lines, erasure(got, now+1000, "c0@example.org", ""))
		}
		for v := 0; v < 10; v += 5 { // on some of them the person has never logged in
			lines = append(lines, erasure(got, now+2000, "", fmt.Sprintf("browser-%d", v)))
		}
		size := rapid.IntRange(1, 64).Draw(t, "batch")
		applyLines(t, got, lines, size)

		want := newSeeded(t)
		applyLines(t, want, without(all), size)
		if a, b := others(want, now), others(got, now); a != b && !sameButBuyers(a, b) {
			t.Fatalf("erased after %d of\n%s\nwant\n%s\ngot\n%s", cut, strings.Join(lines, "\n"), a, b)
		}
		again := newSeeded(t)
		saved := saved(t, got)
		for name, b := range saved {
			section, version, _ := strings.Cut(name, "/")
			if err := again.Restore(section, uint16(number(version)), bytes.NewReader(b)); err != nil {
				t.Fatal(err)
			}
		}
		if a, b := others(got, now), others(again, now); a != b {
			t.Fatalf("after a restart\n%s\nnot\n%s", b, a)
		}
		for _, found := range traces(got, saved, []string{"c0@example.org", "browser-0", "browser-5", "of 0\"", "WELCOME-of-0", "LINE-of-0"}) {
			t.Fatalf("after\n%s\n%s", strings.Join(lines, "\n"), found)
		}
	})
}

// sameButBuyers tells whether two states differ only in how many buyers there are: orders that came after an erasure are each one's.
func sameButBuyers(a, b string) bool {
	strip := func(s string) string {
		head, tail, _ := strings.Cut(s, ", buyers ")
		_, tail, _ = strings.Cut(tail, ",")
		return head + tail
	}
	return strip(a) == strip(b)
}

func newSeeded(t rapid.TB) *engine.Engine {
	e, err := engine.New(engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	e.Seed(0x5eed)
	return e
}

func applyLines(t rapid.TB, e *engine.Engine, lines []string, size int) {
	var events []*models.Event
	for _, line := range lines {
		ev := new(models.Event)
		if err := ev.Decode([]byte(line), dayZero+400*models.Day); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		events = append(events, ev)
	}
	for batch := range slices.Chunk(events, size) {
		e.Apply(batch)
	}
}

func saved(t rapid.TB, e *engine.Engine) map[string][]byte {
	all := map[string][]byte{}
	for _, s := range e.Freeze() {
		var b bytes.Buffer
		if _, err := s.Data.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		all[fmt.Sprintf("%s/%d", s.Name, s.Version)] = b.Bytes()
	}
	return all
}

// traces looks for ids, and for what they are known by, in the sections of a snapshot.
func traces(e *engine.Engine, sections map[string][]byte, ids []string) (found []string) {
	for name, data := range sections {
		if strings.HasPrefix(name, "erased/") {
			continue
		}
		for _, id := range ids {
			if bytes.Contains(data, []byte(id)) {
				found = append(found, fmt.Sprintf("section %s holds %q", name, id))
			}
			for what, key := range e.KeysOf([]byte("default"), []byte(id)) {
				if bytes.Contains(data, binary.LittleEndian.AppendUint64(nil, key)) {
					found = append(found, fmt.Sprintf("section %s holds the %s of %q", name, what, id))
				}
			}
		}
	}
	return found
}

// Of browsers that several persons have logged in on others keep what is theirs: every order, and all that they have viewed.
func TestErasedOfSharedBrowsers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := genHistory(t, rapid.IntRange(1, 60).Draw(t, "events"), true)
		now := dayZero + models.Time(len(all))*models.Hour
		e := newSeeded(t)
		var lines []string
		for _, h := range all {
			lines = append(lines, h.line)
		}
		applyLines(t, e, lines, 16)
		theirs := func() string {
			var b strings.Builder
			s := e.Stats()
			fmt.Fprintf(&b, "orders %d, refunds %d, revenue %v\n", s.Orders, s.Refunds, s.Revenue)
			for c := 1; c < 5; c++ {
				p, ok := e.Contact(nil, fmt.Appendf(nil, "c%d@example.org", c), now)
				fmt.Fprintf(&b, "%d %t %s %s %s %d %v\n", c, ok, p.Attributes, touches(p.Viewed), touches(p.Cart), p.OrderCount, p.Spent)
				for _, o := range p.Orders {
					fmt.Fprintf(&b, "  %s %v %v\n", o.Order, o.At, o.Value)
				}
			}
			return b.String()
		}
		before := theirs()
		applyLines(t, e, []string{erasure(e, now, "c0@example.org", "")}, 1)
		if after := theirs(); after != before {
			t.Fatalf("after\n%s\nothers had\n%s\nand have\n%s", strings.Join(lines, "\n"), before, after)
		}
		if p, ok := e.Contact(nil, []byte("c0@example.org"), now); ok {
			t.Fatalf("the person is still known: %+v", p)
		}
		for _, found := range traces(e, saved(t, e), []string{"c0@example.org", "of 0\""}) {
			t.Fatalf("after\n%s\n%s", strings.Join(lines, "\n"), found)
		}
	})
}

// Who was erased stays out of imports, visits and orders until an identify says that the person consents anew; then it is somebody new.
func TestErasedComesBack(t *testing.T) {
	e := newSeeded(t)
	at := func(hours int) string {
		return (dayZero + models.Time(hours)*models.Hour).Std().Format("2006-01-02T15:04:05Z")
	}
	now := dayZero + 100*models.Hour
	known := func() bool { _, ok := e.Contact(nil, []byte("c0@example.org"), now); return ok }
	do := func(lines ...string) { applyLines(t, e, lines, 8) }
	do(`{"event":"identify","time":"`+at(1)+`","visitor":"v","contact":"c0@example.org","name":"Ann"}`,
		`{"event":"purchase","time":"`+at(2)+`","contact":"c0@example.org","order":"1","value":10,"currency":"EUR"}`,
		erasure(e, dayZero+3*models.Hour, "c0@example.org", ""))
	for _, line := range []string{
		`{"event":"identify","time":"` + at(4) + `","contact":"C0@Example.org","name":"Ann"}`, // an import
		`{"event":"view_item","time":"` + at(4) + `","visitor":"w","contact":"c0@example.org","items":[{"item_id":"a"}]}`,
		`{"event":"view_item","time":"` + at(4) + `","visitor":"v","items":[{"item_id":"a"}]}`,
		`{"event":"identify","time":"` + at(2) + `","contact":"c0@example.org","consent_after_erasure":true}`, // it was before
		`{"event":"identify","time":"` + at(5) + `","contact":"c0@example.org","consent_after_erasure":false}`,
		`{"event":"identify","time":"` + at(5) + `","contact":"c0@example.org","consent":true}`,
		`{"event":"identify","time":"` + at(5) + `","trust":"public","contact":"c0@example.org","consent_after_erasure":true}`,
		`{"event":"purchase","time":"` + at(5) + `","contact":"c0@example.org","order":"2","value":5,"currency":"EUR"}`,
		`{"event":"purchase","time":"` + at(5) + `","trust":"public","contact":"c0@example.org","order":"3","value":5,"currency":"EUR"}`,
		`{"event":"email_sent","time":"` + at(5) + `","contact":"c0@example.org"}`,
	} {
		before := e.Stats().Dropped
		if do(line); known() {
			t.Errorf("%s has brought the person back", line)
		}
		if _, ok := e.Visitor(nil, []byte("v"), now); ok {
			t.Errorf("%s has brought the browser back", line)
		}
		if slices.Equal(e.Stats().Dropped, before) {
			t.Errorf("%s is not counted", line)
		}
	}
	if s := e.Stats(); s.Orders != 2 || s.Revenue["EUR"] != 15*models.Micros {
		t.Errorf("%d orders of %v: they are the shop's all the same", s.Orders, s.Revenue)
	}
	if !e.WasErased(nil, []byte("c0@EXAMPLE.org"), nil) || !e.WasErased(nil, nil, []byte("v")) || e.WasErased(nil, []byte("v"), nil) {
		t.Error("who was erased is not known to be")
	}
	do(`{"event":"identify","time":"`+at(6)+`","visitor":"v","contact":"c0@example.org","name":"Anna","consent_after_erasure":true}`,
		`{"event":"view_item","time":"`+at(7)+`","visitor":"v","items":[{"item_id":"b"}]}`)
	p, ok := e.Contact(nil, []byte("c0@example.org"), now)
	if !ok || len(p.Orders) != 0 || len(p.Viewed) != 1 || !strings.Contains(string(p.Attributes), "Anna") {
		t.Errorf("who has come back is %t %+v", ok, p)
	}
}

// Facts that were told before an erasure are taken without the person; so are those of a state after it, and who was erased stays so.
func TestErasedFacts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := genHistory(t, rapid.IntRange(1, 40).Draw(t, "events"), false)
		now := dayZero + models.Time(len(all))*models.Hour
		e := newSeeded(t)
		var lines []string
		for _, h := range all {
			lines = append(lines, h.line)
		}
		applyLines(t, e, lines, 16)
		before := factsOf(t, e)
		applyLines(t, e, []string{erasure(e, now, "c0@example.org", "browser-0"), erasure(e, now, "", "browser-5")}, 1)
		orders, revenue := e.Stats().Orders, fmt.Sprint(e.Stats().Revenue)

		var scrubbed []models.Fact
		contacts := uint64(0)
		for i := range before {
			f := before[i]
			switch {
			case f.Fact == models.FactTotals:
				f.Contacts -= contacts
				e.EachErased(func(g *models.Fact) { scrubbed = append(scrubbed, *g) })
			case !e.ScrubFact(&f):
				if f.Fact == models.FactContact && !f.Lead {
					contacts++
				}
				continue
			}
			scrubbed = append(scrubbed, f)
		}
		for what, list := range map[string][]models.Fact{"before": scrubbed, "after": factsOf(t, e)} {
			other := newSeeded(t)
			for i := range list {
				if err := other.TakeFact(&list[i]); err != nil {
					t.Fatalf("%s: %+v: %v", what, list[i], err)
				}
			}
			if s := other.Stats(); s.Orders != orders || fmt.Sprint(s.Revenue) != revenue {
				t.Fatalf("%s: %d orders of %v, want %d of %s", what, s.Orders, s.Revenue, orders, revenue)
			}
			for _, found := range traces(other, saved(t, other), []string{"c0@example.org", "browser-0", "browser-5", "of 0\""}) {
				t.Fatalf("%s: after\n%s\n%s", what, strings.Join(lines, "\n"), found)
			}
			if !other.WasErased(nil, []byte("c0@example.org"), nil) && other.Stats().Contacts+other.Stats().Orders > 0 {
				t.Fatalf("%s: nobody knows that the person was erased", what)
			}
		}
	})
}

func factsOf(t rapid.TB, e *engine.Engine) (list []models.Fact) {
	err := e.EachFact("test", 0x5eed, func(f *models.Fact) error {
		list = append(list, *f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}
