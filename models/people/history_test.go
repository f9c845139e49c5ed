package people

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"orrery/models"
)

const start = models.MinTime + 26*365*models.Day

// event is one event of a made-up history.
type event struct {
	kind     string // view, add, remove, order, refund, cancel, login
	visitor  int
	contact  int // 0: none
	item     uint32
	quantity uint32
	items    []uint32
	order    string
	amount   models.Money
	currency uint32
	t        models.Time
}

func (e event) String() string {
	s := fmt.Sprintf("%s v%d", e.kind, e.visitor)
	if e.contact != 0 {
		s += fmt.Sprintf(" c%d", e.contact)
	}
	if e.item != 0 {
		s += fmt.Sprintf(" item %d x%d", e.item, e.quantity)
	}
	if e.order != "" {
		s += fmt.Sprintf(" %s %v %d cur%d", e.order, e.items, e.amount, e.currency)
	}
	return s + fmt.Sprintf(" @%d", (e.t-start)/models.Second)
}

// history is streams whose events stay in their order: each visitor's page views, each visitor's transactions, and the
// logins.
type history struct {
	streams [][]event
}

// Steps between two events of a stream: within a session, around its end, within Window and around its end.
var steps = []models.Time{
	0, models.Second, 5 * models.Minute, 29 * models.Minute, 30 * models.Minute, 31 * models.Minute, models.Day,
	20 * models.Day, 30 * models.Day, 30*models.Day + models.Second, 45 * models.Day,
}

func genHistory(t *rapid.T) history {
	var h history
	visitors, contacts := rapid.IntRange(1, 5).Draw(t, "visitors"), rapid.IntRange(0, 3).Draw(t, "contacts")
	clock := func() func() models.Time {
		now := start
		return func() models.Time {
			now += rapid.SampledFrom(steps).Draw(t, "step")
			return now
		}
	}
	item := func() uint32 { return rapid.Uint32Range(1, 5).Draw(t, "item") }
	// Some events name a contact themselves.
	contact := func() int {
		if contacts == 0 || rapid.IntRange(0, 3).Draw(t, "named") > 0 {
			return 0
		}
		return rapid.IntRange(1, contacts).Draw(t, "contact")
	}
	orders := 0
	for v := 1; v <= visitors; v++ {
		var pages, sales []event
		now := clock()
		for range rapid.IntRange(0, 12).Draw(t, "pages") {
			e := event{
				kind:    rapid.SampledFrom([]string{"view", "view", "view", "add", "remove", "other"}).Draw(t, "kind"),
				visitor: v, contact: contact(), item: item(), quantity: rapid.Uint32Range(1, 3).Draw(t, "quantity"), t: now(),
			}
			pages = append(pages, e)
		}
		now = clock()
		for range rapid.IntRange(0, 5).Draw(t, "sales") {
			e := event{
				kind:    rapid.SampledFrom([]string{"order", "order", "refund", "cancel"}).Draw(t, "kind"),
				visitor: v, contact: contact(), t: now(),
				amount: models.Money(rapid.IntRange(1, 9).Draw(t, "amount")), currency: rapid.SampledFrom([]uint32{1, 1, 2}).Draw(t, "currency"),
			}
			if e.kind == "order" {
				orders++
				e.order = fmt.Sprintf("o%d", orders)
				e.items = rapid.SliceOfNDistinct(rapid.Uint32Range(1, 5), 0, 3, rapid.ID).Draw(t, "items")
				e.amount *= 100
				if rapid.IntRange(0, 9).Draw(t, "again") == 0 {
					sales = append(sales, e) // sent twice
				}
			} else { // of any order, one's own or not, known or not
				n := rapid.IntRange(1, orders+2).Draw(t, "order")
				e.order, e.currency = fmt.Sprintf("o%d", n), []uint32{1, 2, 1, 1}[n%4] // all refunds of one order agree
			}
			sales = append(sales, e)
		}
		h.streams = append(h.streams, pages, sales)
	}
	now := clock()
	var logins []event
	for range rapid.IntRange(0, 6).Draw(t, "logins") {
		if contacts > 0 {
			logins = append(logins, event{
				kind: "login", visitor: rapid.IntRange(1, visitors).Draw(t, "visitor"),
				contact: rapid.IntRange(1, contacts).Draw(t, "contact"), t: now(),
			})
		}
	}
	h.streams = append(h.streams, logins)
	return h
}

// interleave merges the streams in a random way.
func (h history) interleave(t *rapid.T) (all []event) {
	var left []int // stream of each event to come, in a random order
	for i, s := range h.streams {
		for range s {
			left = append(left, i)
		}
	}
	at := make([]int, len(h.streams))
	for _, i := range rapid.Permutation(left).Draw(t, "interleaving") {
		all = append(all, h.streams[i][at[i]])
		at[i]++
	}
	return all
}

func (h history) String() string {
	var b strings.Builder
	for i, s := range h.streams {
		for _, e := range s {
			fmt.Fprintf(&b, "\n  %d: %v", i, e)
		}
	}
	return b.String()
}
