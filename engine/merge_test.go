package engine

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/churn"
	"orrery/churn/rfm"
	"orrery/models"
	"orrery/models/slab"
)

// restoredOf10 is the engine after a snapshot in which persons and customers are as version 10 wrote them.
func restoredOf10(t testing.TB, e *Engine) *Engine {
	again := newTestEngine(t)
	for _, s := range e.Freeze() {
		switch s.Name {
		case "people": // what version 11 has in addition stands behind the rest
			s.Version = 10
		case "customers":
			s.Version, s.Data = 10, customersOf10(t, e.customers.Freeze())
		}
		restore(t, again, s)
	}
	again.Apply(nil)
	return again
}

// customersOf10 writes the section of customers as version 10 did: with heads and links of logins before, and of every shop
// whether there is a book.
func customersOf10(t testing.TB, now *slab.Parts) *slab.Parts {
	var all bytes.Buffer
	defer now.Close()
	if _, err := now.WriteTo(&all); err != nil {
		t.Fatal(err)
	}
	read := func(into ...io.ReaderFrom) {
		if _, err := slab.ReadAll(&all, into...); err != nil {
			t.Fatal(err)
		}
	}
	var credits, numbers, changes slab.Words
	ring, head := make(slab.Numbers, 3), make(slab.Numbers, 2)
	read(&credits, &numbers, ring, &changes, head)
	var there slab.Numbers
	var books []io.WriterTo
	for range head[1] {
		shop, base := make(slab.Numbers, 1), churn.New(rfm.Rules{})
		var contacts, sums slab.Words
		read(shop, &contacts, &sums, base)
		there = append(there, make(slab.Numbers, int(shop[0])+1-len(there))...)
		there[shop[0]] = 1
		books = append(books, contacts.Freeze(), sums.Freeze(), base.Freeze())
	}
	return slab.Join(append([]io.WriterTo{
		new(slab.Words).Freeze(), new(slab.Words).Freeze(), credits.Freeze(), numbers.Freeze(), ring, changes.Freeze(),
		slab.Numbers{uint64(len(there)), head[0]}, there,
	}, books...)...)
}

// figuresOf is what is answered about contacts and browsers.
func figuresOf(e *Engine, contacts []string) string {
	b, now := new(strings.Builder), e.StreamTime()
	s := e.Stats()
	fmt.Fprintln(b, "stats", s.Orders, s.Buyers, s.Contacts, s.Visitors, s.Refunds, s.Cancels, s.Revenue)
	person := func(name string, p models.Profile, ok bool) {
		fmt.Fprintf(b, "%s %v %q %s visitors %d seen %d-%d sessions %d events %d orders %d %v\n", name, ok, p.Contact, p.Attributes, p.Visitors, p.FirstSeen, p.LastSeen, p.Sessions, p.Events, p.OrderCount, p.Spent)
		slices.SortFunc(p.Orders, func(a, b models.OrderTouch) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Order, b.Order))
		})
		fmt.Fprintln(b, " ", p.Orders, p.Viewed, p.Cart)
		if c := p.Customer; c != nil {
			fmt.Fprintln(b, " ", c.First, c.Last, c.Days, c.Orders, c.Spent, c.Score, c.Segment)
		}
		if m := p.Mail; m != nil { // which of several a visit was taken for an answer of is not known any more
			fmt.Fprintf(b, "  %d mails %.4g\n", m.Sent, m.Mails)
		}
	}
	for _, c := range contacts {
		p, ok := e.Contact(nil, []byte(c), now)
		person(c, p, ok)
	}
	for n := 1; n <= 4; n++ {
		p, ok := e.Visitor(nil, id("v", n), now)
		person(fmt.Sprint("v", n), p, ok)
	}
	var exported []string
	e.EachContact(nil, 0, now, func(id []byte, p *models.Profile) bool {
		exported = append(exported, fmt.Sprint(string(id), p.Customer != nil))
		return true
	})
	slices.Sort(exported)
	fmt.Fprintln(b, exported)
	return b.String()
}

// spelledAs returns the events with their contacts as mail addresses, spelled by a function.
func spelledAs(events []*models.Event, spell func(address string) string) (out []*models.Event) {
	for _, ev := range events {
		clone := *ev
		if len(ev.Contact) > 0 {
			clone.Contact = []byte(spell(string(ev.Contact) + "@example.com"))
		}
		out = append(out, &clone)
	}
	return out
}

func spellings4(n int) func(address string) string {
	return func(a string) string {
		return [...]string{a, strings.ToUpper(a), " " + a, strings.ToUpper(a[:1]) + a[1:]}[n]
	}
}

// Contacts that version 10 kept under several spellings of one id are one after an upgrade: what is answered about everybody is what
// the same events with one spelling give, then, after more events, and after another restart.
func TestContactsOfVersion10AreMerged(t *testing.T) {
	Alone(t)
	contacts := []string{"c1@example.com", "C2@EXAMPLE.com", "c3@example.com", "c4@example.com"}
	rapid.Check(t, func(t *rapid.T) {
		events := slices.Concat(genStreams(t)...)
		for n := range rapid.IntRange(0, 30).Draw(t, "more") {
			c, at := rapid.IntRange(1, 4).Draw(t, "who"), models.Time(n)*models.Hour*5
			ev := identify(0, c, at)
			if n%2 == 0 {
				ev.Kind, ev.Name = models.EmailSent, []byte("email_sent")
			} else {
				ev.Props = fmt.Appendf(nil, `"n":%d`, n)
			}
			events = append(events, ev)
		}
		slices.SortStableFunc(events, func(a, b *models.Event) int { return cmp.Compare(a.Time, b.Time) })
		for i := range events { // version 10 forgot late logins, and some of the same second
			events[i].Time += models.Time(i) * models.Second
		}
		cut := rapid.IntRange(0, len(events)).Draw(t, "upgrade")
		spelled := map[string]bool{}
		many, one := newTestEngine(nil), newTestEngine(nil)
		apply(many, spelledAs(events[:cut], func(a string) string {
			a = spellings4(rapid.IntRange(0, 3).Draw(t, "spelling"))(a)
			spelled[a] = true
			return a
		}))
		apply(one, spelledAs(events[:cut], spellings4(0)))
		many, one = restoredOf10(nil, many), restoredOf10(nil, one)
		if merged, want := many.Stats().MergedContacts, len(spelled)-int(one.Stats().Contacts); merged != uint64(want) {
			t.Fatalf("%d contacts merged, not %d of %v", merged, want, spelled)
		}
		for _, moment := range []string{"after the upgrade", "after more events", "after another restart"} {
			if got, want := figuresOf(many, contacts), figuresOf(one, contacts); got != want {
				t.Fatalf("%s:\n%s\nwith one spelling:\n%s", moment, got, want)
			}
			switch moment {
			case "after the upgrade":
				rest := spelledAs(events[cut:], spellings4(0))
				apply(many, rest)
				apply(one, rest)
			case "after more events":
				many, one = restored(nil, many), restored(nil, one)
			}
		}
		changes, _ := many.CustomerChanges(1000)
		for _, c := range changes {
			if one := string(models.CanonicalContact(c.Contact)); one == "" || one != string(c.Contact) {
				t.Fatalf("a change of %q", c.Contact)
			}
		}
	})
}

// shopping is what one person does under several spellings of her address, and another under one that is not in its one form.
func shopping(anna, again, shouted, bob string) (events []*models.Event) {
	at := func(hours int) models.Time { return dayZero + models.Time(hours)*models.Hour }
	add := func(kind models.Kind, hours int, visitor, contact string, more func(*models.Event)) {
		ev := &models.Event{Kind: kind, Name: []byte(kind.String()), Visitor: []byte(visitor), Contact: []byte(contact), Time: at(hours)}
		if more != nil {
			more(ev)
		}
		events = append(events, ev)
	}
	item := func(id string) func(*models.Event) {
		return func(ev *models.Event) { ev.Items = []models.Item{{ID: []byte(id), Quantity: 1}} }
	}
	says := func(props string) func(*models.Event) { return func(ev *models.Event) { ev.Props = []byte(props) } }
	sale := func(order string, value int) func(*models.Event) {
		return func(ev *models.Event) {
			ev.Order, ev.Value, ev.HasValue, ev.Currency = []byte(order), models.Money(value)*models.Micros, true, []byte(euro)
			item("LAMP")(ev)
		}
	}
	add(models.ViewItem, 0, "v1", "", item("LAMP"))
	add(models.Identify, 1, "v1", anna, says(`"name":"Anna"`))
	add(models.Purchase, 2, "v1", "", sale("O1", 10))
	add(models.Purchase, 26, "", anna, sale("O2", 20))
	add(models.Identify, 50, "v2", again, says(`"name":"Anna B."`))
	add(models.Purchase, 51, "v2", again, sale("O3", 30))
	add(models.Refund, 52, "v2", again, sale("O3", 5))
	add(models.Purchase, 60, "", shouted, sale("O4", 40))
	add(models.Cancel, 61, "", shouted, sale("O4", 40))
	add(models.Purchase, 70, "v1", "", sale("O5", 50))
	add(models.Identify, 71, "v3", bob, nil)
	add(models.Purchase, 72, "v3", "", sale("O6", 60))
	add(models.AddToCart, 80, "v2", "", item("SHADE"))
	add(models.EmailSent, 81, "", anna, nil)
	add(models.EmailSent, 82, "", again, nil)
	add(models.ViewItem, 83, "", bob, item("LAMP"))
	return events
}

// What a restored state of version 10 answers about a person of several spellings is what a fold of the same events answers today.
func TestMergedContactsAsFoldedToday(t *testing.T) {
	Alone(t)
	before, today := newTestEngine(t), newTestEngine(t)
	apply(before, shopping("Anna@Example.com", "anna@example.com", " ANNA@example.com", "Bob@Example.com"))
	apply(today, shopping("anna@example.com", "anna@example.com", "anna@example.com", "bob@example.com"))
	after := restoredOf10(t, before)
	asked := []string{"anna@example.com", "Anna@Example.com", "bob@example.com"}
	if got, want := figuresOf(after, asked), figuresOf(today, asked); got != want {
		t.Errorf("restored:\n%s\nfolded:\n%s", got, want)
	}
	onward := &models.Event{
		Kind: models.ViewItem, Name: []byte("view_item"), Contact: []byte("bob@example.com"), Time: dayZero + 83*models.Hour + models.Minute,
		Items: []models.Item{{ID: []byte("SHADE"), Quantity: 1}},
	}
	apply(after, []*models.Event{onward})
	apply(today, []*models.Event{onward})
	if got, want := figuresOf(after, asked), figuresOf(today, asked); got != want { // one session that goes on
		t.Errorf("restored and gone on:\n%s\nfolded:\n%s", got, want)
	}
	anna, _ := after.Contact(nil, []byte("anna@example.com"), after.StreamTime())
	if anna.OrderCount != 4 || anna.Spent[euro] != 105*models.Micros || anna.Customer == nil || anna.Customer.Orders != 4 {
		t.Errorf("Anna has %d orders of %v", anna.OrderCount, anna.Spent)
	}
	if s := after.Stats(); s.MergedContacts != 2 || s.Contacts != 2 {
		t.Errorf("%d contacts merged to %d", s.MergedContacts, s.Contacts)
	}
	again := restoredOf10(t, before)
	if apply(again, []*models.Event{onward}); figuresOf(again, asked) != figuresOf(after, asked) {
		t.Error("another restore answers otherwise")
	}
}

// An export of a build that knew several spellings is taken whole, twice as well.
func TestFactsOfSeveralSpellings(t *testing.T) {
	before, today := newTestEngine(t), newTestEngine(t)
	apply(before, shopping("Anna@Example.com", "anna@example.com", " ANNA@example.com", "Bob@Example.com"))
	apply(today, shopping("anna@example.com", "anna@example.com", "anna@example.com", "bob@example.com"))
	whole := func(e *Engine) string {
		var b bytes.Buffer
		for _, c := range []string{"anna@example.com", "bob@example.com"} {
			p, ok := e.Contact(nil, []byte(c), e.StreamTime())
			fmt.Fprintln(&b, ok, p.Contact, string(p.Attributes), p.Visitors, p.OrderCount, p.Spent, p.Orders, p.Customer.Orders, p.Customer.Spent)
		}
		fmt.Fprintln(&b, e.Stats().Contacts, e.Stats().Buyers, e.Stats().Orders)
		return b.String()
	}
	after := newTestEngine(t)
	for range 2 {
		if err := before.EachFact("test", 0, after.TakeFact); err != nil {
			t.Fatal(err)
		}
		if got, want := whole(after), whole(today); got != want {
			t.Errorf("taken:\n%s\nfolded:\n%s", got, want)
		}
		if n := after.Stats().MergedContacts; n != 2 {
			t.Errorf("%d contacts merged", n)
		}
	}
}
