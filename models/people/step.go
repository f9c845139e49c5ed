package people

import "orrery/models"

// Step is what a behaviour event has changed about its visitor, and what holds after it.
type Step struct {
	Before uint32   // second of the visitor's newest behaviour before, 0 for none
	Key    uint64   // of the visitor
	Began  bool     // a session begins with it
	Bot    bool     // the visitor is a machine
	Caught bool     // it shows the visitor to be one that was taken for none: what others saw of it is taken back
	Viewed []uint32 // products that the visitor has viewed so far, where it is caught; they live until the next step
	Burst  []Entry  // of these, the views of the minute that was too quick, Aux when first: they are not the visitor's any more. nil without one
}

// Step takes a behaviour event of a visitor. declared says that it was made by a crawler as it says itself.
func (p *People) Step(shop, v uint32, ev *models.Event, declared bool) Step {
	s := Step{Before: p.LastBehaviour(v), Key: p.Key(v)}
	s.Began = p.Behave(v, ev.Time)
	declared = declared && p.MarkBot(v)
	burst := (ev.Kind == models.ViewItem || ev.Kind == models.PageView) && p.Paces(v, ev.Time)
	if s.Caught = declared || burst; s.Caught {
		p.caught = p.caught[:0]
		p.EachViewed(v, func(item uint32) { p.caught = append(p.caught, item) })
		s.Viewed = p.caught
	}
	if burst {
		if s.Burst = p.Burst(v, ev.Time); s.Burst == nil {
			s.Burst = []Entry{}
		}
	}
	s.Bot = p.IsBot(v)
	if s.Began {
		p.Came(shop, v)
	}
	return s
}

// Basket takes what an event does with a product in the visitor's cart.
func (p *People) Basket(shop, v, item uint32, ev *models.Event, it *models.Item) {
	switch ev.Kind {
	case models.AddToCart:
		p.Carts(shop, v)
		p.AddToCart(v, item, uint32(it.Quantity), ev.Time)
	case models.RemoveFromCart:
		p.Carts(shop, v)
		p.RemoveFromCart(v, item, uint32(it.Quantity), ev.Time)
	}
}
