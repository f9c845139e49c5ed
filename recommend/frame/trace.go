package frame

import (
	"strconv"

	"orrery/models"
)

// trace collects how a frame comes about; nil where nobody asks.
type trace struct {
	models.FrameTrace
	seen  map[uint32]string
	moved map[uint32]models.ScoreTrace
}

// topTraced is how many products of a step are told one by one.
const topTraced = 20

// begin notes that a step begins.
func (t *trace) begin(recipe Recipe, limits int) {
	if t == nil {
		return
	}
	t.Steps = append(t.Steps, models.StepTrace{Recipe: string(recipe), Limits: limits, Dropped: map[string]int{}})
	t.seen, t.moved = map[uint32]string{}, map[uint32]models.ScoreTrace{}
}

// note notes what became of a product, once a step.
func (t *trace) note(item uint32, why string) {
	if _, again := t.seen[item]; again || len(t.Steps) == 0 {
		return
	}
	t.seen[item] = why
	s := &t.Steps[len(t.Steps)-1]
	if s.Looked++; why != "" {
		s.Dropped[why]++
	}
}

// end notes what a step has found.
func (t *trace) end(found, taken int, left bool) {
	if t == nil {
		return
	}
	s := &t.Steps[len(t.Steps)-1]
	s.Found, s.Taken, s.LeftOut = found, taken, left
}

// weighed notes what the rules made of a product.
func (t *trace) weighed(item uint32, s models.ScoreTrace) { t.moved[item] = s }

// tell notes the order of a step, one product after the other.
func (a *Answerer) tell(item uint32, score float32) {
	t := a.governed.gate.trace
	if t == nil {
		return
	}
	s := &t.Steps[len(t.Steps)-1]
	if len(s.Top) == topTraced {
		return
	}
	told, moved := t.moved[item]
	if !moved {
		told.Before, told.After = score, score
	}
	told.Item = string(a.m.Catalogue.ID(item))
	s.Top = append(s.Top, told)
}

// unpinned notes a pin that is in no slot.
func (t *trace) unpinned(slot int, why string) {
	if t != nil {
		t.Pins = append(t.Pins, models.PinTrace{Slot: slot, Why: why})
	}
}

// ruleName is what a rule is called: by its name, else by its place.
func ruleName(r *rule, i int) string {
	if r.name != "" {
		return r.name
	}
	return "rules[" + strconv.Itoa(i) + "]"
}

// Explain is Answer, and tells how it came about.
func (a *Answerer) Explain(q *models.FrameQuery, shop uint32, set *Set, into *models.Frame) (*models.FrameTrace, error) {
	f := a.frame(q.Frame, set)
	if f == nil {
		return nil, models.ErrUnknownFrame
	}
	looked := *f
	if f.own == nil {
		looked.own = &own{steps: make([]ownStep, len(f.Steps))}
	} else {
		o := *f.own
		o.plain = false
		looked.own = &o
	}
	t := &trace{FrameTrace: models.FrameTrace{Settings: looked.own.version, Steps: []models.StepTrace{}}}
	a.governed.gate.trace = t
	defer func() { a.governed.gate.trace = nil }()
	a.answer(&looked, q, shop, into)
	return &t.FrameTrace, nil
}
