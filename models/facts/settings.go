package facts

import (
	"fmt"

	"orrery/models"
	"orrery/models/settings"
)

// EachSetting calls f with what the shops have set, every version that is known of it.
func (s *State) EachSetting(f func(*models.Fact)) {
	_ = s.Settings.Each(func(shop uint32, v *settings.Version) error {
		r, err := v.Record(nil)
		if err == nil {
			f(&models.Fact{Fact: models.FactSetting, Shop: string(s.Shops.Name(shop)), Time: v.Time, Setting: r.Value})
		}
		return err
	})
}

// takeSetting takes a version that EachSetting has told.
func (e *Import) takeSetting(shop uint32, f *models.Fact) error {
	ev := models.Event{Kind: models.SettingRecord, Props: f.Setting}
	if why := e.Settings.Admit(&ev); why != nil {
		return fmt.Errorf("%s: %w", why.Reason, ErrFact)
	}
	e.Set(shop, &ev)
	return nil
}
