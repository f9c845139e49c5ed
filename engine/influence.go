package engine

import (
	"orrery/models"
	"orrery/models/votes"
	"orrery/recommend/demand"
)

// What strangers do teaches what others see, and anybody can be a thousand of them. So of a public event this much counts:
//   - nothing, where it is stale (see remember): a history that is told after the fact is made up as easily as lived through;
//   - a visitor's view of a product once within a day, for trends, neighbours and the session index;
//   - of one network votes.PerDay visitors a product and day, for these and for social proof, and the first of them for the session
//     index, which sees a product only when visitors of several networks have viewed it: there one session is much;
//   - pairs with the last publicPairs products of a session, which is also what a view may cost.
//
// What the visitor himself is shown follows from all that he does. What the shop's servers say counts as ever.

// publicPairs is how many other products of its session a public view is paired with.
const publicPairs = 32

// cartVote sets the votes of carts apart from those of views.
const cartVote = 1 << 31

// cartCounts tells whether others are told that a visitor has put a product into the cart. It is asked before the cart has it.
func (e *Engine) cartCounts(ev *models.Event, v, item uint32) bool {
	return ev.Trust != models.Public ||
		!e.m.People.CartedWithin(v, item, ev.Time, models.Day) && e.votes.Take(ev.Net, item|cartVote, ev.Time) > 0
}

// weigh takes out of a public view what does not count. first says that it is the product's first in the session, again that the
// visitor has viewed it within a day; the result, that it counts as a first one.
func (e *Engine) weigh(ev *models.Event, x *demand.Interaction, first, again bool) bool {
	vote := 0
	if first && !again {
		vote = e.votes.Take(ev.Net, x.Item, ev.Time)
	}
	if !e.votes.Known(ev.Net, x.Item) {
		x.Kinds |= demand.Unknown
	}
	switch {
	case vote == 1:
		return true
	case vote > 1:
		x.Kinds &^= demand.Clicked
		return true
	case first || e.m.People.Late(x.Visitor, x.Time): // or of a session before the running one
		x.Kinds = x.Kinds&^(demand.Viewed|demand.Clicked) | demand.Seen
		return false
	}
	switch n := e.votes.Count(ev.Net, x.Item, ev.Time); {
	case n == votes.PerDay: // whose view it was that counted is not known
		x.Kinds = x.Kinds&^(demand.Viewed|demand.Clicked) | demand.Seen
	case n > 1:
		x.Kinds &^= demand.Clicked
	}
	return false
}
