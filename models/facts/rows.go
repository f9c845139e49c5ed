package facts

import (
	"errors"

	"orrery/models"
)

// Orders calls f with the orders and credit notes of all shops, from the one of a number on, until f returns false. It returns the number
// to go on from, 0 after the last. Any goroutine may call it; f must not keep what it gets.
func (s *State) Orders(from uint32, f func(*models.Fact) bool) (next uint32) {
	return s.some(from, (*telling).orders, f)
}

// Products does so with the products, those that only events have named included where something is known of them.
func (s *State) Products(from uint32, f func(*models.Fact) bool) (next uint32) {
	return s.some(from, (*telling).products, f)
}

var errEnough = errors.New("enough was told")

func (s *State) some(from uint32, tell func(*telling), f func(*models.Fact) bool) (next uint32) {
	out := &telling{State: s, first: from}
	out.f = func(fact *models.Fact) error {
		if f(fact) {
			return nil
		}
		return errEnough
	}
	if tell(out); out.err != nil {
		return out.at + 1
	}
	return 0
}
