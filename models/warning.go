package models

import (
	"strconv"
	"sync"
)

// Warning is a side field that was left out, or read as something else than it says, because it could not be taken as it
// is. The event counts all the same. Its texts are constants, so that a warning allocates nothing and its counts are few.
type Warning struct {
	Field string // "contact"; of an item its member only: see Path
	Code  string // one of the codes of Invalid, or below
	Word  string // with NoID: the word
	Item  int32  // index within items, -1 where the field is no item's
}

// The codes of Warning beside those of Invalid.
const (
	NoID      = "no_id"     // a word that stands for nothing: see unset.go
	Rounded   = "rounded"   // pieces that are no whole number: the money is exact, the count rounded
	Deduction = "deduction" // below 0: it takes its amount off the order and is no product
	NoPieces  = "no_pieces" // 0 pieces: no product
	Replaced  = "replaced"  // a time that cannot be: the record's stands in for it
)

// Path returns the field with its item: "items[3].price".
func (w *Warning) Path() string {
	switch {
	case w.Item < 0:
		return w.Field
	case w.Field == "":
		return "items[" + strconv.Itoa(int(w.Item)) + "]"
	}
	return "items[" + strconv.Itoa(int(w.Item)) + "]." + w.Field
}

// Message returns a sentence for people.
func (w *Warning) Message() string {
	switch w.Code {
	case NoID:
		if w.Word == blank {
			return w.Path() + " is blank: it is left out"
		}
		return w.Path() + " is " + strconv.Quote(w.Word) + ", which stands for no id: it is left out"
	case Rounded:
		return w.Path() + " is no whole number: the money is exact, the pieces are rounded"
	case Deduction:
		return w.Path() + " is below 0: its amount is taken off, it is no product"
	case NoPieces:
		return w.Path() + " is 0: the line is no product"
	case Replaced:
		return w.Path() + " cannot be: the time of arrival stands in for it"
	case Missing:
		return w.Path() + " is missing: the line is no product"
	case OutOfRange:
		return w.Path() + " is out of range: it is left out"
	case BadNumber:
		return w.Path() + " is no number: it is left out"
	case WrongType:
		return w.Path() + " is of another type than it should be: it is left out"
	case TooLong:
		return w.Path() + " is too long: it is left out"
	case BadCharacter:
		return w.Path() + " holds a control character: it is left out"
	case UnknownCurrency:
		return w.Path() + " is no currency code of ISO 4217: it is left out"
	}
	return w.Path() + " is left out: " + w.Code
}

// WarningCount is how often a field was not taken as it was, for one reason.
type WarningCount struct {
	Field string // "items[].price"
	Code  string
	Word  string // with NoID
}

// WarningCounts counts warnings by field and reason. Any goroutine may use it. There are some hundred different counts at most.
type WarningCounts struct {
	mu     sync.Mutex
	counts map[Warning]uint64 // without the item's index: 0 or -1
}

// Add counts the warnings of an event.
func (c *WarningCounts) Add(list []Warning) {
	if len(list) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[Warning]uint64{}
	}
	for _, w := range list {
		w.Item = min(w.Item, 0)
		c.counts[w]++
	}
}

// Each returns the counts.
func (c *WarningCounts) Each() map[WarningCount]uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[WarningCount]uint64, len(c.counts))
	for w, n := range c.counts {
		field := w.Field
		if w.Item >= 0 {
			if field = "items[]"; w.Field != "" {
				field += "." + w.Field
			}
		}
		out[WarningCount{field, w.Code, w.Word}] += n
	}
	return out
}
