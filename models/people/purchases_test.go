package people

import (
	"testing"

	"orrery/models"
)

func TestPurchases(t *testing.T) {
	const hour = models.Hour
	p := New(Config{})
	v, other := p.Visitor(1, []byte("v")), p.Visitor(1, []byte("other"))
	buy := func(v uint32, number uint64, contact uint32, at models.Time) {
		p.Purchase(v, &Order{Hash: number, Contact: contact, Time: at})
	}
	f := func(from, to, want models.Time) {
		t.Helper()
		if got := p.NewestPurchase(v, from, to); got != want {
			t.Errorf("between %v and %v the newest purchase was at %v, want %v", from, to, got, want)
		}
	}
	f(0, 100*hour, 0)
	buy(v, 1, 0, 10*hour)
	buy(v, 2, 0, 5*hour) // applied late
	buy(other, 3, 0, 7*hour)
	f(0, 100*hour, 10*hour)
	f(0, 10*hour, 10*hour)
	f(0, 10*hour-1, 5*hour)
	f(5*hour+1, 10*hour-1, 0)
	f(11*hour, 100*hour, 0)

	anna := p.Contact(1, []byte("anna"))
	p.Link(v, anna, 11*hour)
	buy(other, 4, anna, 12*hour) // of anna by name, on another browser
	f(11*hour, 13*hour, 12*hour)
	if n := p.Purchases(v); n != 3 {
		t.Errorf("%d orders of anna, want her two before the login and the one that names her", n)
	}
	if n := p.Purchases(other); n != 1 {
		t.Errorf("%d orders of the other visitor, want 1", n)
	}
	p.Cancel(1)
	if n := p.Purchases(v); n != 2 {
		t.Errorf("%d orders of anna after a cancellation, want 2", n)
	}
	f(0, 11*hour, 10*hour) // it was a purchase all the same
}

func TestLastBehaviour(t *testing.T) {
	p := New(Config{})
	v := p.Visitor(1, []byte("v"))
	if p.LastBehaviour(v) != 0 || p.Sessions(v) != 0 {
		t.Error("behaviour of who has done nothing")
	}
	p.Behave(v, 100*models.Second)
	p.Behave(v, 40*models.Second)
	p.Behave(v, 100*models.Second+p.SessionGap()+models.Second)
	if last, n := p.LastBehaviour(v), p.Sessions(v); last != 1901 || n != 2 {
		t.Errorf("newest behaviour at %d in session %d, want 1901 and 2", last, n)
	}
}
