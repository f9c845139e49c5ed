package models

// FrameTrace is how an answer came about, for whoever asks why a product is there or is not.
type FrameTrace struct {
	Settings int         `json:"settings,omitempty"` // version of the shop's own definition, 0 where it has none
	Steps    []StepTrace `json:"steps"`
	Pins     []PinTrace  `json:"pins,omitempty"` // that are in no slot
}

// StepTrace is what a step of the chain has found.
type StepTrace struct {
	Recipe  string         `json:"recipe"`
	Limits  int            `json:"limits,omitempty"`  // in force: where a frame is not full the last ones give way, and the chain runs again
	Looked  int            `json:"looked"`            // products that came into question
	Dropped map[string]int `json:"dropped,omitempty"` // of them, by reason
	Found   int            `json:"found"`             // that passed, as many as the step keeps
	Taken   int            `json:"taken"`             // into slots
	LeftOut bool           `json:"left_out,omitempty"`
	Top     []ScoreTrace   `json:"top,omitempty"` // the first 20 that passed
}

// ScoreTrace is what the rules made of a product's score, which is 1 for the best of the step.
type ScoreTrace struct {
	Item   string      `json:"item_id"`
	Before float32     `json:"before"`
	After  float32     `json:"after"`
	Buried bool        `json:"buried,omitempty"`
	Rules  []RuleTrace `json:"rules,omitempty"`
}

// RuleTrace is a rule that has moved a product, by its name or its place among the rules. Factor is 0 where it buries.
type RuleTrace struct {
	Rule   string  `json:"rule"`
	Factor float32 `json:"factor"`
}

// PinTrace is a pin that is in no slot, and why.
type PinTrace struct {
	Slot int    `json:"slot"`
	Why  string `json:"why"`
}
