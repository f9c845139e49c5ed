package settings

import (
	"strconv"

	"orrery/models"
)

// Shop is what holds for a shop as a whole.
type Shop struct {
	// TimeZone is the zone of schedules, by its IANA name, like Europe/Warsaw. UTC where it is empty.
	TimeZone string `json:"time_zone,omitempty"`
	// Currency is that of prices in feeds that name none, ISO 4217.
	Currency string `json:"currency,omitempty"`
}

// ReadShop reads and checks the definition of a shop.
func ReadShop(body []byte) (*Shop, error) {
	s := new(Shop)
	if err := decode(body, s); err != nil {
		return nil, err
	}
	if s.Currency != "" && !models.KnownCurrency([]byte(s.Currency)) {
		return nil, invalid("currency", "%s is no code of ISO 4217 in upper case, like EUR", strconv.Quote(s.Currency))
	}
	if len(s.TimeZone) > MaxName {
		return nil, invalid("time_zone", "it is the IANA name of a zone, like Europe/Warsaw")
	}
	return s, nil
}

// Shift is a moment from which on the clocks of a time zone are ahead of UTC by so many seconds.
type Shift struct {
	From  int64 `json:"from"` // seconds since 1970
	Ahead int32 `json:"ahead"`
}

// Clock tells the local time of a zone, from its shifts in their order. Without any it is UTC.
type Clock []Shift

// Local returns what the clocks of the zone show at a moment, as milliseconds since 1970 by them.
func (c Clock) Local(t models.Time) models.Time {
	ahead := int32(0)
	for i := len(c) - 1; i >= 0; i-- {
		if c[i].From*1000 <= int64(t) || i == 0 {
			ahead = c[i].Ahead
			break
		}
	}
	return t + models.Time(ahead)*models.Second
}
