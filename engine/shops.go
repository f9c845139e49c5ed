package engine

import (
	"bytes"
	"fmt"

	"orrery/churn/base"
	"orrery/models"
)

// Admit implements stream.Machine: it makes the shop of an event, if there may be one more.
func (e *Engine) Admit(ev *models.Event) *models.Invalid {
	if e.shop(ev.Shop) != 0 {
		switch ev.Kind {
		case models.LearnedRecord:
			return base.Admit(ev)
		case models.Erasure:
			return e.admitErasure(ev)
		}
		if ev.Kind == models.SettingRecord {
			return e.settings.Admit(ev)
		}
		return nil
	}
	return &models.Invalid{Field: "shop", Code: models.NoRoom, Reason: fmt.Sprintf(
		"shop is one more than the %d that there may be: raise --shops.max and replay the dead letters", e.cfg.MaxShops)}
}

// shop returns the number of a shop, a new one where there may be one more, else 0. A bound that has been lowered since
// takes no shop away.
func (e *Engine) shop(name []byte) uint32 {
	if len(name) == 0 {
		name = []byte(models.DefaultShop)
	}
	if e.newest != 0 && bytes.Equal(e.shops.Name(e.newest), name) {
		return e.newest
	}
	number := e.shops.Find(0, name)
	if number == 0 && e.shops.Len() < e.cfg.MaxShops {
		number, _ = e.shops.Add(0, name)
	}
	if number != 0 {
		e.newest = number
	}
	return number
}

// names says what numbers stand for in answers.
type names struct{ e *Engine }

func (n names) Shop(number uint32) []byte     { return n.e.shops.Name(number) }
func (n names) Currency(number uint32) string { return n.e.ledger.Code(number) }
