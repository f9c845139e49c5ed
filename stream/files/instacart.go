package files

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"time"

	"orrery/models"
)

// instacartClock makes the times of Instacart's orders, which say only the day of the week and the hour, and how many days lie between an
// order of a user and the one before.
type instacartClock struct {
	start time.Time // a day 0 of the week
	users map[string]instacartUser
}

type instacartUser struct{ number, day int }

// instacartColumns are what the clock reads.
var instacartColumns = []string{"user_id", "order_number", "order_dow", "order_hour_of_day", "days_since_prior_order"}

// timeColumn is what the clock's column is called.
const timeColumn = "time"

func newInstacartClock(columns []string, start time.Time) *instacartClock {
	for _, c := range instacartColumns {
		if !slices.Contains(columns, c) {
			return nil
		}
	}
	if start.IsZero() {
		start = date(2016, 1, 2)
	}
	return &instacartClock{start: start, users: map[string]instacartUser{}}
}

var errNotInOrder = errors.New("the orders of a user do not stand in their order: sort the file by user_id and order_number")

// time returns the time of an order.
func (c *instacartClock) time(cells [][]byte) ([]byte, error) {
	var n [4]int
	for i := range n {
		whole, _, _ := bytes.Cut(cells[i+1], []byte{'.'})
		if len(whole) == 0 && i == 3 { // of the first order
			continue
		}
		var err error
		if n[i], err = strconv.Atoi(string(whole)); err != nil {
			return nil, errors.New(instacartColumns[i+1] + " is no number")
		}
	}
	u := c.users[string(cells[0])]
	if u.number++; n[0] != u.number {
		return nil, errNotInOrder
	}
	if u.day += n[3]; u.number == 1 {
		u.day = n[1]
	}
	c.users[string(cells[0])] = u
	return models.AppendTime(nil, models.TimeOf(c.start.AddDate(0, 0, u.day).Add(time.Duration(n[2])*time.Hour))), nil
}
