package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"orrery/engine"
	"orrery/models"
)

// mergeStep is an event of somebody who is erased about then: two logins that make one person of two browsers, and what was done on them.
type mergeStep struct {
	line    string
	browser int
	names   bool // the contact
	order   string
}

func mergeSteps() []mergeStep {
	at := func(hour int) string {
		return (dayZero + models.Time(hour)*models.Hour).Std().Format("2006-01-02T15:04:05Z")
	}
	login := func(hour, browser int) mergeStep {
		return mergeStep{fmt.Sprintf(`{"time":%q,"id":"login-%d","event":"identify","visitor":"browser-%d","contact":"c0@example.org","name":"Name of 0"}`, at(hour), browser, browser), browser, true, ""}
	}
	return []mergeStep{
		login(1, 0), login(2, 5),
		{fmt.Sprintf(`{"time":%q,"id":"view","event":"view_item","visitor":"browser-0","items":[{"item_id":"a"}]}`, at(3)), 0, false, ""},
		{fmt.Sprintf(`{"time":%q,"id":"buy","event":"purchase","visitor":"browser-5","order":"O1","currency":"EUR","items":[{"item_id":"a","price":3}]}`, at(4)), 5, false, "O1"},
		{fmt.Sprintf(`{"time":%q,"id":"named","event":"purchase","visitor":"browser-0","contact":"c0@example.org","order":"O2","currency":"EUR","items":[{"item_id":"b","price":4}]}`, at(5)), 0, true, "O2"},
	}
}

// bystander is what somebody else does, before and after.
func bystander(when, hour int) (lines []string) {
	at := (dayZero + models.Time(hour)*models.Hour).Std().Format("2006-01-02T15:04:05Z")
	return []string{
		fmt.Sprintf(`{"time":%q,"id":"o%d-1","event":"identify","visitor":"browser-1","contact":"c1@example.org","name":"Other"}`, at, when),
		fmt.Sprintf(`{"time":%q,"id":"o%d-2","event":"view_item","visitor":"browser-1","items":[{"item_id":"a"}]}`, at, when),
		fmt.Sprintf(`{"time":%q,"id":"o%d-3","event":"purchase","visitor":"browser-1","order":"X%d","currency":"EUR","items":[{"item_id":"b","price":2}]}`, at, when, when),
	}
}

// neverThere returns the log of a person who has never been, for an order of arrival in which the erasure comes at a place. What stays is what a
// browser did on which the person is not known to have been: it is a browser that nobody has logged in on. Orders stay as nobody's.
func neverThere(steps []mergeStep, erasedAt int) (lines []string, gone map[int]bool) {
	gone = map[int]bool{}
	for _, s := range steps[:erasedAt] {
		if s.names {
			gone[s.browser] = true
		}
	}
	for _, s := range steps {
		head, _, _ := strings.Cut(s.line, `"visitor":`)
		_, tail, _ := strings.Cut(s.line, `,"order":`)
		switch {
		case !s.names && !gone[s.browser]:
			lines = append(lines, s.line)
		case s.order != "":
			lines = append(lines, head+`"visitor":"nobody","order":`+tail)
		}
	}
	return lines, gone
}

// An erasure beside the logins that make one person of two browsers, in every order of arrival, in one batch and in several, said twice, and with
// events of the person still on their way behind it, leaves what there would be had the person never been.
func TestErasedDuringMerge(t *testing.T) {
	engine.Alone(t)
	steps := mergeSteps()
	now := dayZero + 20*models.Hour
	expected := map[string]string{}
	n := 0
	permute(len(steps)+1, func(order []int) {
		n++
		size := []int{1, 2, 3, 64}[n%4]
		got := newSeeded(t)
		said := erasure(got, dayZero+6*models.Hour, "c0@example.org", "")
		arrived, lines, erasedAt := []mergeStep{}, bystander(1, 1), 0
		for _, i := range order {
			if i == len(steps) {
				erasedAt = len(arrived)
				lines = append(lines, said)
				continue
			}
			arrived = append(arrived, steps[i])
			lines = append(lines, steps[i].line)
		}
		// Twice, with events on their way: a copy of a login, and one of the logins again.
		inFlight := strings.Replace(steps[0].line, `"id":"login-0"`, `"id":"in flight"`, 1)
		lines = append(lines, inFlight, erasure(got, dayZero+7*models.Hour, "c0@example.org", ""), strings.Replace(inFlight, "in flight", "in flight too", 1))
		lines = append(lines, bystander(2, 8)...)
		applyLines(t, got, lines, size)

		stays, gone := neverThere(arrived, erasedAt)
		key := strings.Join(stays, "\n")
		if expected[key] == "" {
			want := newSeeded(t)
			applyLines(t, want, append(append(bystander(1, 1), stays...), bystander(2, 8)...), 64)
			expected[key] = others(want, now)
		}
		if a, b := expected[key], others(got, now); a != b && !sameButBuyers(a, b) {
			t.Fatalf("in batches of %d\n%s\nwant\n%s\ngot\n%s", size, strings.Join(lines, "\n"), a, b)
		}
		if n%9 != 0 { // snapshots take a hundred times as long
			return
		}
		ids := []string{"c0@example.org", "of 0\""}
		for browser := range gone {
			ids = append(ids, fmt.Sprint("browser-", browser))
		}
		for _, found := range traces(got, saved(t, got), ids) {
			t.Fatalf("after\n%s\n%s", strings.Join(lines, "\n"), found)
		}
	})
	if n != 720 || len(expected) < 8 {
		t.Errorf("%d orders of arrival with %d outcomes", n, len(expected))
	}
}

// permute calls f with all orders of so many.
func permute(n int, f func(order []int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var from func(k int)
	from = func(k int) {
		if k == n {
			f(order)
			return
		}
		for i := k; i < n; i++ {
			order[k], order[i] = order[i], order[k]
			from(k + 1)
			order[k], order[i] = order[i], order[k]
		}
	}
	from(0)
}
