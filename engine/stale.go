package engine

import "orrery/models"

// remember takes what a stranger says was done more than a day ago. It is counted, and is the visitor's own history; but whoever
// can choose the time can be everywhere at once, so it teaches nothing that others see.
func (e *Engine) remember(shop, v uint32, ev *models.Event) {
	p := e.m.People
	if p.Behave(v, ev.Time) {
		p.Came(shop, v)
	}
	if ev.DeclaresBot() {
		p.MarkBot(v)
	}
	if p.IsBot(v) {
		return
	}
	for i := range ev.Items {
		it := &ev.Items[i]
		item := e.m.Catalogue.Find(shop, it.ID)
		switch {
		case item == 0: // nobody has named it yet
		case ev.Kind == models.ViewItem:
			p.View(v, item, ev.Time)
		default:
			p.Basket(shop, v, item, ev, it)
		}
	}
}
