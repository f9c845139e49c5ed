package people

import (
	"fmt"
	"slices"
	"testing"

	"orrery/models"
)

// crowd is a state in which everything that a person can have much of is there: 16 browsers of each contact, each with as many
// views as are kept, nine contacts of each browser, and more orders than are joined with.
type crowd struct {
	*People
	orders, visitors int
	took             []int // steps of each event
	lines            []Line
}

func newCrowd() *crowd {
	c := &crowd{People: New(Config{})}
	for i := range uint32(20) {
		c.lines = append(c.lines, Line{Item: 10_000 + i, Quantity: 1})
	}
	return c
}

func (c *crowd) visitor() uint32 {
	c.visitors++
	return c.Visitor(1, fmt.Appendf(nil, "v%d", c.visitors))
}

// did notes what an event has cost, with the pairs that it has led to.
func (c *crowd) did() {
	c.took = append(c.took, c.steps+c.given-c.left)
	c.steps, c.given, c.left = 0, 0, 0
}

func (c *crowd) see(v uint32, views int, t models.Time) {
	for i := range views {
		c.View(v, uint32(i+1), t+models.Time(i)*models.Second)
		c.did()
	}
}

func (c *crowd) buy(v, contact uint32, t models.Time) {
	c.orders++
	id := fmt.Appendf(nil, "o%d", c.orders)
	c.Purchase(v, &Order{Hash: c.HashOf(1, id), ID: id, Contact: contact, Time: t, Lines: c.lines})
	c.did()
}

func (c *crowd) login(v, contact uint32, t models.Time) {
	c.Link(v, contact, t)
	c.did()
}

// K6, F12, B6: the dearest event of each kind costs no more when there have been 100,000 like it. What is bounded is not time but
// the steps of walks through what persons have sent.
func TestF12B6CostIsBounded(t *testing.T) {
	const events = 100_000
	const now = start + models.Day
	id := func(i int) []byte { return contactID(i) }
	for name, attack := range map[string]func(c *crowd, i int){
		"orders with falling times": func(c *crowd, i int) {
			c.buy(1, 0, now+models.Time(events-i)*models.Second)
		},
		"orders of a contact, by ever new browsers that have looked around": func(c *crowd, i int) {
			v := c.visitor()
			c.see(v, 8, now)
			c.login(v, c.Contact(1, id(1)), now+models.Time(i)*models.Second)
			c.buy(v, c.Contact(1, id(1)), now+models.Time(i)*models.Second)
		},
		"views before 256 orders, by ever new browsers": func(c *crowd, i int) {
			contact := c.Contact(1, id(1))
			if i < 300 {
				c.buy(1, contact, now+models.Time(i)*models.Minute)
			}
			v := c.visitor()
			c.login(v, contact, now)
			c.see(v, 4, now-models.Hour)
		},
		"logins of ever new browsers with a long history": func(c *crowd, i int) {
			contact := c.Contact(1, id(1))
			if i < 300 {
				c.buy(1, contact, now+models.Time(i)*models.Minute)
			}
			v := c.visitor()
			c.see(v, 128, now-models.Hour)
			c.login(v, contact, now)
		},
		"browsers that share contacts": func(c *crowd, i int) {
			v := c.visitor()
			for k := range 9 {
				c.login(v, c.Contact(1, id((i/8+k)%50_000)), now+models.Time(i)*models.Second)
			}
			c.buy(v, 0, now+models.Time(i)*models.Second)
			c.see(v, 4, now-models.Hour)
		},
		"a kiosk that everybody logs in on": func(c *crowd, i int) {
			contact := c.Contact(1, id(i))
			c.login(1, contact, now+models.Time(i)*models.Second)
			c.buy(1, contact, now+models.Time(i)*models.Second)
			c.View(1, uint32(i%500), now)
			c.did()
		},
		"logins with falling times": func(c *crowd, i int) {
			if i < 1000 {
				c.buy(1, 0, now+models.Time(i)*models.Second)
			}
			c.login(1, c.Contact(1, id(i%2)), now+models.Time(events-i)*models.Second)
		},
		"a cart": func(c *crowd, i int) {
			c.AddToCart(1, uint32(i), 1, now+models.Time(i%1000)*models.Second)
			c.did()
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd()
			c.visitor()
			for i := 0; len(c.took) < events; i++ {
				attack(c, i)
			}
			slices.Sort(c.took)
			sum := 0
			for _, n := range c.took {
				sum += n
			}
			// What is taken last may be more than was left: a list, with the lines of an order.
			last := 2*placeSteps + c.cfg.History + lineSteps*len(c.lines)
			median, mean, most := c.took[len(c.took)/2], sum/len(c.took), c.took[len(c.took)-1]
			if median > joinSteps+last || mean > joinSteps+reserveSteps/events+1 || most > joinSteps+reserveSteps+last {
				t.Errorf("an event took %d steps in the median, %d in the mean, %d at most", median, mean, most)
			}
			t.Logf("%d steps in the median, %d in the mean, %d at most; %d events cut short", median, mean, most, c.Totals().JoinsCut)
		})
	}
}

// Who has little, and so nearly everybody, is never cut short: a person with eight browsers, 60 views on each and 30 orders.
func TestPeopleAreNotCutShort(t *testing.T) {
	c := newCrowd()
	anna := c.Contact(1, []byte("anna"))
	for i := range 8 {
		v := c.visitor()
		c.see(v, 60, start+models.Time(i)*models.Hour)
		c.login(v, anna, start+models.Day)
		for k := range 4 {
			c.buy(v, anna, start+models.Time(2+i*4+k)*models.Day)
		}
	}
	if n := c.Totals().JoinsCut; n != 0 {
		t.Errorf("%d events were cut short, %d steps for one", n, slices.Max(c.took))
	}
}
