package engine

import (
	"fmt"

	"orrery/models"
	"orrery/models/settings"
	"orrery/recommend/frame"
)

// checkSetting reports what is wrong with a definition, by its kind.
func checkSetting(v *settings.Version) error {
	switch v.Kind {
	case settings.KindShop:
		_, err := settings.ReadShop(v.Body)
		return err
	case settings.KindFrame:
		return frame.CheckDefinition(v.Body)
	}
	return fmt.Errorf("kind: this build does not know %q", v.Kind)
}

// set takes a record of the topic of settings.
func (e *Engine) set(shop uint32, ev *models.Event) {
	e.settings.Apply(shop, ev, func(list []*settings.Setting) { e.compile(shop, list) })
}

// compile makes what requests read of a shop's settings: one pointer is swapped, and the next request finds it.
func (e *Engine) compile(shop uint32, list []*settings.Setting) {
	e.sets.Put(shop, frame.Compile(list, e.m.Catalogue, e.sets.Find(shop)))
}

// compileAll does so of all shops, after a restore.
func (e *Engine) compileAll() {
	for shop := uint32(1); int(shop) <= e.shops.Len(); shop++ {
		if list := e.settings.List(shop, ""); len(list) > 0 {
			e.compile(shop, list)
		}
	}
}

// changed is told of each product that has changed.
func (e *Engine) changed(item uint32) {
	if e.sets.All() != nil {
		e.sets.Find(e.m.Catalogue.Shop(item)).Changed(item)
	}
}

// Setting returns what a shop has set under a kind and a name, and false where it never has. Any goroutine may call it.
func (e *Engine) Setting(shop []byte, kind, name string) (*settings.Setting, bool) {
	return e.settings.Find(e.findShop(shop), kind, name)
}

// Settings returns all that a shop has set, of a kind where one is given. Any goroutine may call it.
func (e *Engine) Settings(shop []byte, kind string) []*settings.Setting {
	return e.settings.List(e.findShop(shop), kind)
}

// CheckSetting reports why a version cannot be set. Any goroutine may call it.
func (e *Engine) CheckSetting(shop []byte, v *settings.Version) error {
	number := e.findShop(shop)
	if _, known := e.settings.Find(number, v.Kind, v.Name); !known && e.settings.Full(number) {
		return &models.Invalid{Field: "name", Code: models.NoRoom, Reason: fmt.Sprintf("name: there are %d settings, as many as there may be", settings.MaxNames)}
	}
	return e.settings.Check(v)
}

// Permit returns those items that a frame may show to whoever asks, and false where there is no such frame: for answers that were kept.
func (e *Engine) Permit(q *models.FrameQuery, items []models.FrameItem) ([]models.FrameItem, bool) {
	shop := e.findShop(q.Shop)
	a := e.answerer()
	defer e.release(a)
	return a.Permit(q, shop, e.sets.Find(shop), items)
}

// Explain is Frame, and tells how the answer came about: by draft, the definition of a frame, in place of what is set, where there is one.
// Nothing is recorded.
func (e *Engine) Explain(q *models.FrameQuery, draft []byte, into *models.Frame) (*models.FrameTrace, error) {
	shop := e.findShop(q.Shop)
	set := e.sets.Find(shop)
	if draft != nil {
		var err error
		if set, err = set.Draft(string(q.Frame), draft, e.m.Catalogue); err != nil {
			return nil, err
		}
	}
	a := e.answerer()
	defer e.release(a)
	return a.Explain(q, shop, set, into)
}
