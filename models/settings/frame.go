package settings

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"orrery/models"
)

// Frame is the definition of a frame: a chain of recipes, and what holds for all that they find. Package recommend/frame says what is made
// of it; the order in which its parts work is fixed there.
type Frame struct {
	// Slots is how many products are shown where the request does not say; 8 where it is 0.
	Slots int `json:"slots,omitempty"`
	// Minimum is how many there have to be: with less the frame stays empty, and says too_few.
	Minimum int    `json:"minimum,omitempty"`
	Steps   []Step `json:"steps"`
	// Where is a condition on products: what does not meet it is never shown here.
	Where   string  `json:"where,omitempty"`
	Exclude Exclude `json:"exclude,omitzero"`
	Match   Match   `json:"match,omitzero"`
	Rules   []Rule  `json:"rules,omitempty"`
	Pins    []Pin   `json:"pins,omitempty"`
	Limits  []Limit `json:"limits,omitempty"`
	// Diversity is how much being unlike those before it counts for a product, 0 to 1: 0 is off.
	Diversity float64 `json:"diversity,omitempty"`
}

// Step is one recipe of a chain.
type Step struct {
	Recipe string `json:"recipe"`
	// Number is how many slots it fills at most; 0: all that are empty.
	Number int `json:"number,omitempty"`
	// Minimum is how many it has to find: with less it fills none.
	Minimum int `json:"minimum,omitempty"`
	// Category "product" keeps bestsellers, trends and most viewed to the category of the page's product.
	Category string `json:"category,omitempty"`
	Where    string `json:"where,omitempty"`
}

// Exclude leaves out what a person has done something with.
type Exclude struct {
	Cart       bool `json:"cart,omitempty"`        // what lies in the cart
	BoughtDays int  `json:"bought_days,omitempty"` // bought within so many days
	ViewedDays int  `json:"viewed_days,omitempty"` // viewed within so many days
}

// Match compares each product with the one on the page. Without one the frame is empty, and says no_page_product.
type Match struct {
	Category string `json:"category,omitempty"` // same or other
	Brand    string `json:"brand,omitempty"`    // same or other
	// PriceFrom and PriceTo are a band in multiples of the page's price: 0.8 and 1.2.
	PriceFrom float64 `json:"price_from,omitempty"`
	PriceTo   float64 `json:"price_to,omitempty"`
}

// Rule moves the products that meet a condition.
type Rule struct {
	Name string `json:"name,omitempty"`
	// Where is the condition on products, Page one on the product of the page, without which the rule rests there.
	Where string `json:"where"`
	Page  string `json:"page,omitempty"`
	// Boost multiplies the score within a step, .01 to 100; several rules multiply. Bury puts behind all that is not buried.
	Boost    float64  `json:"boost,omitempty"`
	Bury     bool     `json:"bury,omitempty"`
	Schedule Schedule `json:"schedule,omitzero"`
}

// Pin puts a product into a slot: one by its id, or the best seller that meets a condition.
type Pin struct {
	Slot    int    `json:"slot"`
	Product string `json:"product,omitempty"`
	Where   string `json:"where,omitempty"`
	// Priority decides between two pins of a slot: the higher first, then the one that is declared first.
	Priority int      `json:"priority,omitempty"`
	Schedule Schedule `json:"schedule,omitzero"`
}

// Limit allows at most so many products with one value within any so many neighbouring slots.
type Limit struct {
	Of     string `json:"of"` // brand or category
	Most   int    `json:"most"`
	Within int    `json:"within,omitempty"` // slots; 0: the whole frame
}

// Schedule is when a rule or a pin holds, by the clocks of the shop's time zone. Always where it is empty.
type Schedule struct {
	From  string   `json:"from,omitempty"`  // 2026-12-24 or 2026-12-24T18:00
	Until string   `json:"until,omitempty"` // likewise; the first moment at which it does not hold any more
	Days  []string `json:"days,omitempty"`  // mon, tue, ...
	// FromHour and UntilHour are hours of the day, 22 and 6 for the night.
	FromHour  int `json:"from_hour,omitempty"`
	UntilHour int `json:"until_hour,omitempty"`
}

// Bounds of frames.
const (
	MaxSlots  = 100
	MaxSteps  = 20
	MaxRules  = 1000
	MaxPins   = 100
	MaxLimits = 8
	maxDays   = 3650
)

// ReadFrame reads a frame and checks all but its conditions and the names of its recipes, which known has.
func ReadFrame(body []byte, known []string) (*Frame, error) {
	f := new(Frame)
	if err := decode(body, f); err != nil {
		return nil, err
	}
	return f, f.check(known)
}

func (f *Frame) check(known []string) error {
	if err := within("slots", f.Slots, 0, MaxSlots); err != nil {
		return err
	}
	if err := within("minimum", f.Minimum, 0, MaxSlots); err != nil {
		return err
	}
	if f.Slots > 0 && f.Minimum > f.Slots {
		return invalid("minimum", "it is more than the %d slots: the frame would always be empty", f.Slots)
	}
	if len(f.Steps) == 0 {
		return invalid("steps", "a frame has at least one: steps = [{recipe = \"bestsellers\"}]")
	}
	for _, l := range []struct {
		field   string
		n, most int
	}{{"steps", len(f.Steps), MaxSteps}, {"rules", len(f.Rules), MaxRules}, {"pins", len(f.Pins), MaxPins}, {"limits", len(f.Limits), MaxLimits}} {
		if l.n > l.most {
			return invalid(l.field, "there are %d: %d are possible", l.n, l.most)
		}
	}
	for i := range f.Steps {
		if err := f.Steps[i].check(fmt.Sprintf("steps[%d].", i), known); err != nil {
			return err
		}
	}
	if err := within("exclude.bought_days", f.Exclude.BoughtDays, 0, maxDays); err != nil {
		return err
	}
	if err := within("exclude.viewed_days", f.Exclude.ViewedDays, 0, maxDays); err != nil {
		return err
	}
	if !(f.Diversity >= 0 && f.Diversity <= 1) {
		return invalid("diversity", "it is from 0, off, to 1")
	}
	if err := f.Match.check(); err != nil {
		return err
	}
	return f.checkRules()
}

func within(field string, n, least, most int) error {
	if n < least || n > most {
		return invalid(field, "it is %d: %d to %d are possible", n, least, most)
	}
	return nil
}

func oneOf(field, word string, words ...string) error {
	if word != "" && !slices.Contains(words, word) {
		return invalid(field, "it is %s, not %s", strings.Join(words, " or "), strconv.Quote(word))
	}
	return nil
}

func (s *Step) check(at string, known []string) error {
	if !slices.Contains(known, s.Recipe) {
		return invalid(at+"recipe", "there is no recipe %s%s: there are %s", strconv.Quote(s.Recipe), meant(s.Recipe, known), strings.Join(known, ", "))
	}
	if err := within(at+"number", s.Number, 0, MaxSlots); err != nil {
		return err
	}
	if err := within(at+"minimum", s.Minimum, 0, MaxSlots); err != nil {
		return err
	}
	if s.Number > 0 && s.Minimum > s.Number {
		return invalid(at+"minimum", "it is more than its number, %d: the step would always be left out", s.Number)
	}
	if err := oneOf(at+"category", s.Category, "product"); err != nil {
		return err
	}
	if s.Category != "" && !slices.Contains([]string{"bestsellers", "trending", "most_viewed"}, s.Recipe) {
		return invalid(at+"category", "only bestsellers, trending and most_viewed know categories; for other recipes use match.category")
	}
	return nil
}

func (m *Match) check() error {
	if err := oneOf("match.category", m.Category, "same", "other"); err != nil {
		return err
	}
	if err := oneOf("match.brand", m.Brand, "same", "other"); err != nil {
		return err
	}
	if !(m.PriceFrom >= 0 && m.PriceFrom <= 1000) {
		return invalid("match.price_from", "it is a multiple of the page's price, from 0 to 1000")
	}
	if !(m.PriceTo >= 0 && m.PriceTo <= 1000) || m.PriceTo > 0 && m.PriceTo < m.PriceFrom {
		return invalid("match.price_to", "it is a multiple of the page's price, from price_from to 1000")
	}
	return nil
}

func (f *Frame) checkRules() error {
	for i := range f.Rules {
		r, at := &f.Rules[i], fmt.Sprintf("rules[%d].", i)
		switch {
		case r.Where == "":
			return invalid(at+"where", "it is missing: the condition on the products that the rule moves")
		case r.Bury && r.Boost != 0:
			return invalid(at+"bury", "a rule boosts or buries, not both")
		case !r.Bury && r.Boost == 0:
			return invalid(at+"boost", "a factor of 0 is a filter: use where of the frame; a rule has a boost from .01 to 100, or bury = true")
		case r.Boost != 0 && !(r.Boost >= .01 && r.Boost <= 100):
			return invalid(at+"boost", "it is a factor from .01 to 100")
		}
		if _, err := r.Schedule.Read(at + "schedule."); err != nil {
			return err
		}
	}
	for i := range f.Pins {
		p, at := &f.Pins[i], fmt.Sprintf("pins[%d].", i)
		if err := within(at+"slot", p.Slot, 1, MaxSlots); err != nil {
			return err
		}
		if (p.Product == "") == (p.Where == "") {
			return invalid(at+"product", "a pin has a product, or a condition in where: one of the two")
		}
		if _, err := p.Schedule.Read(at + "schedule."); err != nil {
			return err
		}
	}
	for i := range f.Limits {
		l, at := &f.Limits[i], fmt.Sprintf("limits[%d].", i)
		if l.Of != "brand" && l.Of != "category" {
			return invalid(at+"of", "it is brand or category, not %s", strconv.Quote(l.Of))
		}
		if err := within(at+"most", l.Most, 1, MaxSlots); err != nil {
			return err
		}
		if err := within(at+"within", l.Within, 0, MaxSlots); err != nil {
			return err
		}
	}
	return nil
}

// Hours is a schedule that has been read: milliseconds by the shop's clocks, days as bits from Sunday on, hours of the day.
type Hours struct {
	from, until models.Time // 0: open
	days        uint8       // 0: all
	first, last int         // hours; equal: all
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Read reads a schedule. at is what the names of its fields begin with.
func (s *Schedule) Read(at string) (h Hours, err error) {
	if h.from, err = localTime(at+"from", s.From); err != nil {
		return h, err
	}
	if h.until, err = localTime(at+"until", s.Until); err != nil {
		return h, err
	}
	if h.until != 0 && h.until <= h.from {
		return h, invalid(at+"until", "it is not later than from")
	}
	for _, d := range s.Days {
		i := slices.Index(weekdays, d)
		if i < 0 {
			return h, invalid(at+"days", "there is no day %s: there are %s", strconv.Quote(d), strings.Join(weekdays, ", "))
		}
		h.days |= 1 << i
	}
	if err := within(at+"from_hour", s.FromHour, 0, 23); err != nil {
		return h, err
	}
	if err := within(at+"until_hour", s.UntilHour, 0, 24); err != nil {
		return h, err
	}
	h.first, h.last = s.FromHour, s.UntilHour
	return h, nil
}

// localTime reads a date, or a date with hour and minute, as a moment by local clocks.
func localTime(field, text string) (models.Time, error) {
	if text == "" {
		return 0, nil
	}
	full := text
	if len(text) == len("2006-01-02") {
		full += "T00:00"
	}
	t, ok := models.ParseTime([]byte(full + ":00Z"))
	if !ok || len(full) != len("2006-01-02T15:04") {
		return 0, invalid(field, "%s is no date like 2026-12-24, nor 2026-12-24T18:00, by the shop's clocks", strconv.Quote(text))
	}
	return t, nil
}

// Always tells whether it holds at any time.
func (h *Hours) Always() bool { return *h == Hours{} }

// Hold tells whether a schedule holds at a moment by the shop's clocks.
func (h *Hours) Hold(local models.Time) bool {
	if local < h.from || h.until != 0 && local >= h.until {
		return false
	}
	day := local / models.Day
	if h.days != 0 && h.days>>(uint64(day+4)%7)&1 == 0 { // 1970 began on a Thursday
		return false
	}
	hour := int(local % models.Day / models.Hour)
	switch {
	case h.first == h.last:
		return true
	case h.last == 0: // until midnight
		return hour >= h.first
	case h.first < h.last:
		return hour >= h.first && hour < h.last
	}
	return hour >= h.first || hour < h.last
}
