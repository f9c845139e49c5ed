package frame

import (
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
	"orrery/models/catalogue"
	"orrery/models/condition"
	"orrery/models/settings"
)

// Set is the frames that a shop has set, compiled. It does not change, but for bits of products that fill, and is swapped as a whole.
type Set struct {
	frames map[string]*Frame
	bits   *verdicts
	clock  settings.Clock
}

// own is what the definition of a frame says beyond its chain. Conditions are numbers of the set's, from 1; 0 is none.
type own struct {
	version   int
	minimum   int
	where     int
	steps     []ownStep
	exclude   settings.Exclude
	match     settings.Match
	matches   bool
	rules     []rule
	of        []([]int) // rules by their condition, from 1
	always    []uint64  // conditions of rules that hold at any time on any page
	sometimes []int     // rules that do not
	pins      []pin     // by slot, and the first to try first
	limits    []settings.Limit
	diversity float32
	ranks     bool // rules, limits or diversity: more candidates are collected than there are slots
	plain     bool // nothing but a chain of recipes
	bits      *verdicts
	clock     settings.Clock
}

type ownStep struct{ number, minimum, where int }

type rule struct {
	name  string
	where int
	page  int
	boost float32 // 0: bury
	hours settings.Hours
}

type pin struct {
	slot     int
	product  []byte
	where    int
	priority int
	hours    settings.Hours
}

// recipeNames is the names of all recipes.
var recipeNames = func() (names []string) {
	for _, r := range Recipes {
		names = append(names, string(r))
	}
	return names
}()

// CheckDefinition reports what is wrong with the definition of a frame.
func CheckDefinition(body []byte) error {
	def, err := settings.ReadFrame(body, recipeNames)
	if err != nil {
		return err
	}
	_, err = newCompiler().frame(def)
	return err
}

// Compile makes a set of the newest versions of a shop's settings. Those that were deleted or that this build cannot use are left out. What
// is known of products goes on where the conditions are those of the set before, which may be nil.
func Compile(list []*settings.Setting, shelf *catalogue.Catalogue, before *Set) *Set {
	set := &Set{frames: map[string]*Frame{}}
	c := newCompiler()
	for _, s := range list {
		v := s.Newest()
		if v.Deleted || s.Broken != nil {
			continue
		}
		switch v.Kind {
		case settings.KindShop:
			set.clock = settings.Clock(v.Zone)
		case settings.KindFrame:
			def, err := settings.ReadFrame(v.Body, recipeNames)
			if err != nil {
				continue // it would be Broken
			}
			f, err := c.frame(def)
			if err != nil {
				continue
			}
			f.name, f.own.version = v.Name, v.Version
			f.hash = xxhash.Sum64String(fmt.Sprintf("%s %d %s", v.Name, v.Version, v.Body))
			set.frames[v.Name] = f
		}
	}
	set.bits = c.bits(shelf, before)
	for _, f := range set.frames {
		f.own.bits, f.own.clock = set.bits, set.clock
	}
	return set
}

// Draft returns the set with the definition of a frame in place of what is set under its name: for looking what it would do.
func (s *Set) Draft(name string, body []byte, shelf *catalogue.Catalogue) (*Set, error) {
	def, err := settings.ReadFrame(body, recipeNames)
	if err != nil {
		return nil, err
	}
	draft := &Set{frames: map[string]*Frame{}}
	if s != nil {
		draft.clock = s.clock
	}
	c := newCompiler()
	f, err := c.frame(def)
	if err != nil {
		return nil, err
	}
	f.name, f.hash = name, xxhash.Sum64(body)
	draft.bits = c.bits(shelf, nil)
	f.own.bits, f.own.clock = draft.bits, draft.clock
	draft.frames[name] = f
	return draft, nil
}

// Changed forgets what conditions say of a product that has changed. The applying goroutine calls it; the set may be nil.
func (s *Set) Changed(item uint32) {
	if s != nil && s.bits != nil {
		s.bits.clear(item)
	}
}

// Names returns the names of the frames that are set.
func (s *Set) Names() (names []string) {
	if s == nil {
		return nil
	}
	for name := range s.frames {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// compiler numbers the conditions of a set: equal ones are one.
type compiler struct {
	texts map[string]int
	list  []*condition.Condition
}

func newCompiler() *compiler { return &compiler{texts: map[string]int{}} }

func (c *compiler) bits(shelf *catalogue.Catalogue, before *Set) *verdicts {
	if len(c.list) == 0 {
		return nil
	}
	same := func(a, b *condition.Condition) bool { return a.Text() == b.Text() }
	if before != nil && before.bits != nil && slices.EqualFunc(before.bits.conditions, c.list, same) {
		return before.bits
	}
	return newVerdicts(c.list, shelf)
}

// condition returns the number of a condition from 1, 0 of an empty one.
func (c *compiler) condition(field, text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	if n := c.texts[text]; n != 0 {
		return n, nil
	}
	compiled, err := condition.Compile(text)
	if err != nil {
		return 0, &models.Invalid{Field: field, Code: models.BadSetting, Reason: field + ": " + err.Error()}
	}
	c.list = append(c.list, compiled)
	c.texts[text] = len(c.list)
	return len(c.list), nil
}

// frame compiles a definition.
func (c *compiler) frame(def *settings.Frame) (*Frame, error) {
	o := &own{minimum: def.Minimum, exclude: def.Exclude, match: def.Match, matches: def.Match != settings.Match{}, limits: def.Limits, diversity: float32(def.Diversity)}
	f := &Frame{N: def.Slots, own: o}
	var err error
	if o.where, err = c.condition("where", def.Where); err != nil {
		return nil, err
	}
	f.Steps = chainOf(def)
	for i, s := range def.Steps {
		step := ownStep{number: s.Number, minimum: s.Minimum}
		if step.where, err = c.condition(fmt.Sprintf("steps[%d].where", i), s.Where); err != nil {
			return nil, err
		}
		o.steps = append(o.steps, step)
	}
	if err := c.rules(o, def.Rules); err != nil {
		return nil, err
	}
	if err := c.pins(o, def.Pins); err != nil {
		return nil, err
	}
	o.ranks = len(o.rules) > 0 || len(o.limits) > 0 || o.diversity > 0
	o.plain = !o.ranks && len(o.pins) == 0 && o.minimum == 0 && o.where == 0 && !o.matches && o.exclude == (settings.Exclude{}) &&
		!slices.ContainsFunc(o.steps, func(s ownStep) bool { return s != ownStep{} })
	return f, nil
}

func (c *compiler) rules(o *own, defs []settings.Rule) (err error) {
	for i := range defs {
		r, at := rule{name: defs[i].Name, boost: float32(defs[i].Boost)}, fmt.Sprintf("rules[%d].", i)
		if r.where, err = c.condition(at+"where", defs[i].Where); err != nil {
			return err
		}
		if r.page, err = c.condition(at+"page", defs[i].Page); err != nil {
			return err
		}
		if r.hours, err = defs[i].Schedule.Read(at + "schedule."); err != nil {
			return err
		}
		o.rules = append(o.rules, r)
	}
	words := (len(c.list) + 63) / 64
	o.of, o.always = make([][]int, len(c.list)+1), make([]uint64, words)
	for i := range o.rules {
		r := &o.rules[i]
		o.of[r.where] = append(o.of[r.where], i)
		if r.page != 0 || !r.hours.Always() {
			o.sometimes = append(o.sometimes, i)
		} else {
			o.always[(r.where-1)/64] |= 1 << ((r.where - 1) % 64)
		}
	}
	return nil
}

func (c *compiler) pins(o *own, defs []settings.Pin) (err error) {
	for i := range defs {
		p, at := pin{slot: defs[i].Slot, product: []byte(defs[i].Product), priority: defs[i].Priority}, fmt.Sprintf("pins[%d].", i)
		if p.where, err = c.condition(at+"where", defs[i].Where); err != nil {
			return err
		}
		if p.hours, err = defs[i].Schedule.Read(at + "schedule."); err != nil {
			return err
		}
		o.pins = append(o.pins, p)
	}
	slices.SortStableFunc(o.pins, func(a, b pin) int {
		if a.slot != b.slot {
			return a.slot - b.slot
		}
		return b.priority - a.priority
	})
	return nil
}
