package files

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rule says which rows are left out, or what the event of some rows is:
//
//	where status != voided               other rows are left out
//	cancel where status in lost,false    these rows' event is a cancel
//
// Conditions are COLUMN = VALUE, !=, <, <=, >, >=, ~ PATTERN, !~ PATTERN, in A,B,C, not in A,B,C, is empty, is not empty, with
// "and" between them.
type rule struct {
	name       []byte // of the event; nil: the rows that it does not hold for are left out
	conditions []condition
}

type condition struct {
	left    text
	op      string
	value   []byte
	values  [][]byte
	number  float64
	pattern *regexp.Regexp
}

const where = "where "

// isRule tells an entry that is a rule from one that maps a field.
func isRule(entry string) bool {
	name, _, ok := strings.Cut(entry, where)
	return ok && !strings.ContainsAny(strings.TrimSpace(name), "={ ")
}

// operators by length, so that none is taken for the beginning of another.
var operators = []string{" is not empty", " is empty", " not in ", " in ", "!=", "<=", ">=", "!~", "=", "<", ">", "~"}

func (m *mapping) rule(entry string) (r rule, err error) {
	name, conditions, _ := strings.Cut(entry, where)
	if name = strings.TrimSpace(name); name != "" {
		r.name = []byte(name)
	}
	for _, part := range strings.Split(conditions, " and ") {
		c, err := m.condition(part)
		if err != nil {
			return r, err
		}
		r.conditions = append(r.conditions, c)
	}
	return r, nil
}

func (m *mapping) condition(s string) (c condition, err error) {
	at := len(s)
	for _, op := range operators {
		if i := strings.Index(s, op); i >= 0 && i < at {
			at, c.op = i, op
		}
	}
	column := strings.TrimSpace(s[:at])
	if c.op == "" || column == "" {
		return c, fmt.Errorf("%q is no condition: it is COLUMN and one of =, !=, <, <=, >, >=, ~, !~, in, not in, is empty, is not empty", strings.TrimSpace(s))
	}
	left, err := m.text(column)
	if err != nil {
		return c, err
	}
	c.left = *left
	value := strings.TrimSpace(s[at+len(c.op):])
	if len(value) > 1 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		value = value[1 : len(value)-1]
	}
	c.op, c.value = strings.TrimSpace(c.op), []byte(value)
	switch c.op {
	case "in", "not in":
		for _, one := range strings.Split(value, ",") {
			c.values = append(c.values, []byte(strings.TrimSpace(one)))
		}
	case "~", "!~":
		c.pattern, err = regexp.Compile(value)
	case "<", "<=", ">", ">=":
		if c.number, err = strconv.ParseFloat(value, 64); err != nil {
			err = fmt.Errorf("%q is no number", value)
		}
	case "is empty", "is not empty":
		if value != "" {
			err = errors.New("nothing stands behind \"empty\"")
		}
	}
	return c, err
}

func (c *condition) holds(scratch *[]byte, r *row) bool {
	s := c.left.render(scratch, r)
	if isNull(s) {
		s = nil
	}
	switch c.op {
	case "=":
		return bytes.Equal(s, c.value)
	case "!=":
		return !bytes.Equal(s, c.value)
	case "in", "not in":
		return slices.ContainsFunc(c.values, func(v []byte) bool { return bytes.Equal(s, v) }) == (c.op == "in")
	case "~", "!~":
		return c.pattern.Match(s) == (c.op == "~")
	case "is empty", "is not empty":
		return (len(s) == 0) == (c.op == "is empty")
	}
	n, err := strconv.ParseFloat(string(s), 64)
	if err != nil { // what is no number is neither more nor less
		return false
	}
	switch c.op {
	case "<":
		return n < c.number
	case "<=":
		return n <= c.number
	case ">":
		return n > c.number
	}
	return n >= c.number
}

func (u *rule) holds(scratch *[]byte, r *row) bool {
	for i := range u.conditions {
		if !u.conditions[i].holds(scratch, r) {
			return false
		}
	}
	return true
}

// wanted tells whether no rule leaves a row out.
func (m *mapping) wanted(scratch *[]byte, r *row) bool {
	for i := range m.rules {
		if u := &m.rules[i]; u.name == nil && !u.holds(scratch, r) {
			return false
		}
	}
	return true
}

// named returns what a rule says a row's event is, nil where none does.
func (m *mapping) named(scratch *[]byte, r *row) []byte {
	for i := range m.rules {
		if u := &m.rules[i]; u.name != nil && u.holds(scratch, r) {
			return u.name
		}
	}
	return nil
}
