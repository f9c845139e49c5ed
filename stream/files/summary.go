package files

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"orrery/models"
)

// Summary is what a replay has sent.
type Summary struct {
	Files    int              `json:"files"`
	Dialects []Dialect        `json:"dialects,omitempty"` // how each file is written; none for Orrery's own events
	Joins    []Joined         `json:"joins,omitempty"`
	Rows     int64            `json:"rows"`               // understood or not; without header and blank lines
	LeftOut  int64            `json:"left_out,omitempty"` // of them, by the map's rules
	Total    int64            `json:"total"`              // events sent
	Events   map[string]int64 `json:"events"`             // of them, by name
	Persons  int64            `json:"persons"`
	Orders   int64            `json:"orders"` // different orders that were purchased
	Buyers   int64            `json:"buyers"` // different persons that purchased

	// AtLeast says that there were more than eight million persons, buyers or orders, so that their counts are lower bounds.
	AtLeast bool `json:"at_least,omitempty"`

	// Money sent, by currency.
	Money map[string]Turnover `json:"money"`

	// Refused counts the events that were sent although the engine will refuse them, by field and reason: they end
	// among its dead letters.
	Refused map[string]int64 `json:"refused"`

	// Noted counts what was left out of events that count, or read as something else, by field and reason.
	Noted map[string]int64 `json:"noted,omitempty"`

	// Bad is how many rows could not be understood, and First the first of them.
	Bad   int64    `json:"bad_rows"`
	First []BadRow `json:"first_bad_rows,omitempty"`

	// Warnings say what was understood and is hardly meant.
	Warnings []string `json:"warnings,omitempty"`

	From    models.Time   `json:"from"` // oldest and newest event time
	To      models.Time   `json:"to"`
	Elapsed time.Duration `json:"elapsed_ns"`
}

// Turnover is an amount of money by what happened to it.
type Turnover struct {
	Purchased models.Money `json:"purchased"`
	Refunded  models.Money `json:"refunded"`
	Refused   models.Money `json:"refused"` // purchases less refunds among the events that the engine will refuse
}

// Net returns everything together: what a sum over the file's rows gives.
func (t Turnover) Net() models.Money { return t.Purchased - t.Refunded + t.Refused }

// BadRow is a row that could not be understood.
type BadRow struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
}

func (b BadRow) String() string { return fmt.Sprintf("%s:%d: %s", b.File, b.Line, b.Reason) }

// maxBad is how many bad rows a summary names.
const maxBad = 20

// tally keeps a summary and what it takes to count distinct things.
type tally struct {
	Summary
	persons, orders, buyers distinct

	events    map[string]*int64 // as Summary has them; to count on without making a string of each name
	turnovers map[string]*Turnover
}

func newTally() *tally {
	return &tally{
		Summary: Summary{Events: map[string]int64{}, Money: map[string]Turnover{}, Refused: map[string]int64{}, Noted: map[string]int64{}},
		events:  map[string]*int64{}, turnovers: map[string]*Turnover{},
	}
}

// at returns the counter of a name, a new one where there is none.
func at[T any](counters map[string]*T, name []byte) *T {
	c, ok := counters[string(name)]
	if !ok {
		c = new(T)
		counters[string(name)] = c
	}
	return c
}

// add counts an event that was sent; invalid is why the engine will refuse it, or nil.
func (t *tally) add(e *models.Event, invalid error) {
	t.Total++
	*at(t.events, e.Name)++
	if invalid != nil {
		t.Refused[refusal(invalid)]++
	}
	t.span(e.Time)
	t.persons.add(e.Person())
	t.money(e, invalid)
	if e.Kind == models.Purchase && invalid == nil {
		t.orders.add(e.Order)
		t.buyers.add(e.Person())
	}
}

func (t *tally) span(at models.Time) {
	if t.Total == 1 {
		t.From, t.To = at, at
	}
	t.From, t.To = min(t.From, at), max(t.To, at)
}

func (t *tally) money(e *models.Event, invalid error) {
	value := e.Value
	switch {
	case !e.HasValue || e.Kind != models.Purchase && e.Kind != models.Refund:
		return
	case e.Kind == models.Refund && invalid != nil:
		value = -value
	}
	m := at(t.turnovers, e.Currency)
	switch {
	case invalid != nil:
		m.Refused = add(m.Refused, value)
	case e.Kind == models.Refund:
		m.Refunded = add(m.Refunded, value)
	default:
		m.Purchased = add(m.Purchased, value)
	}
}

// note counts what was left out of an event, or read as something else.
func (t *tally) note(list []models.Warning) {
	for i := range list {
		w := list[i]
		name := w.Field
		if w.Item >= 0 {
			name = "items[]." + w.Field
		}
		t.Noted[strings.TrimSpace(name+" "+w.Code+" "+w.Word)]++
	}
}

// refusal names a reason without what is particular to one event: "items[].price out_of_range".
func refusal(err error) string {
	var invalid *models.Invalid
	if !errors.As(err, &invalid) {
		return err.Error()
	}
	field := invalid.Field
	if open, end := strings.IndexByte(field, '['), strings.IndexByte(field, ']'); open >= 0 && end > open {
		field = field[:open+1] + field[end:]
	}
	return strings.TrimSpace(field + " " + invalid.Code)
}

func (t *tally) bad(b BadRow) {
	t.Bad++
	if len(t.First) < maxBad {
		t.First = append(t.First, b)
	}
}

func (t *tally) summary(elapsed time.Duration) Summary {
	t.Persons, t.Orders, t.Buyers = t.persons.n, t.orders.n, t.buyers.n
	t.AtLeast = t.persons.full() || t.orders.full() || t.buyers.full()
	t.Elapsed = elapsed
	for name, n := range t.events {
		t.Events[name] = *n
	}
	for currency, m := range t.turnovers {
		t.Money[currency] = *m
	}
	t.Warnings = t.Summary.warnings()
	return t.Summary
}

// Print writes the summary for people.
func (s *Summary) Print(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(tw, "%s\t"+format+"\n", append([]any{name}, args...)...)
	}
	rate := float64(s.Total) / max(s.Elapsed.Seconds(), 1e-9)
	for i := range s.Dialects {
		line("read", "%s", &s.Dialects[i])
	}
	line("rows", "%d", s.Rows)
	for _, j := range s.Joins {
		line("joined", "%s: %d rows, found by %d rows, not by %d; %d of its rows are nobody's", j.File, j.Rows, j.Matched, j.Unmatched, j.Unused)
	}
	if s.LeftOut > 0 {
		line("left out", "%d, as the map says", s.LeftOut)
	}
	line("events", "%d in %s, %.0f a second", s.Total, s.Elapsed.Round(time.Millisecond), rate)
	if s.Total > 0 {
		line("time", "%s to %s", s.From.Std().Format(time.DateTime), s.To.Std().Format(time.DateTime))
	}
	more := ""
	if s.AtLeast {
		more = " or more"
	}
	line("persons", "%d%s", s.Persons, more)
	line("orders", "%d by %d buyers%s", s.Orders, s.Buyers, more)
	for _, name := range byCount(s.Events) {
		line("  "+name, "%d", s.Events[name])
	}
	for _, currency := range slices.Sorted(maps.Keys(s.Money)) {
		m := s.Money[currency]
		line("money "+currency, "%s = %s purchased - %s refunded + %s that the engine will refuse", m.Net(), m.Purchased, m.Refunded, m.Refused)
	}
	for _, reason := range byCount(s.Refused) {
		line("refused", "%d: %s", s.Refused[reason], reason)
	}
	for _, reason := range byCount(s.Noted) {
		line("noted", "%d: %s", s.Noted[reason], reason)
	}
	for _, text := range s.Warnings {
		line("warning", "%s", text)
	}
	if s.Bad > 0 {
		line("bad rows", "%d not sent, the first at %s", s.Bad, s.First[0])
	}
	return tw.Flush()
}

// byCount returns the keys of a count, the largest first.
func byCount(counts map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return int(counts[b] - counts[a])
		}
		return strings.Compare(a, b)
	})
}
