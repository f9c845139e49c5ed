package people

import (
	"bytes"
	"fmt"
	"testing"

	"orrery/models"
	"orrery/models/intern"
	"orrery/models/slab"
)

// Of those who were forgotten the newest half is known, and of the last generations' sizes as many; who never was is not taken for one who was. Tables
// do not outgrow their bound, and come back from a snapshot as they were.
func TestDeparted(t *testing.T) {
	const most = 3 * departedCells
	s := NewSilence(New(Config{}), models.Day)
	d := &s.departed
	d.seed = intern.SeedOf(7)
	key := func(i int) uint64 { return uint64(i)*0x9e3779b97f4a7c15 | 1 }
	known := func(i int) (yes bool) { // without taking it off
		for g := range uint32(2) {
			cells := 2 * d.cells[g].Len()
			if cells == 0 {
				continue
			}
			for cell, tag := d.home(key(i), cells); d.get(g, cell) != 0; cell = (cell + 1) & (cells - 1) {
				yes = yes || d.get(g, cell) == tag
			}
		}
		return yes
	}
	for i := range most {
		d.add(key(i))
		if n := i + 1; n&(n-1) == 0 || n%(departedCells/2) == 1 { // generations begin
			sure := min(n/2, departedCells/2)
			for k := n - sure; k < n; k += 1 + sure/1000 {
				if !known(k) {
					t.Fatalf("of %d who were forgotten the %dth is not known", n, k)
				}
			}
		}
	}
	if bytes := d.bytes(); bytes > 8<<20 {
		t.Errorf("%d bytes", bytes)
	}
	for i := range 200_000 {
		if known(most + i) {
			t.Fatalf("%d, who never was here, is known", i)
		}
	}
	var b bytes.Buffer
	if _, err := s.Freeze().WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	again := NewSilence(New(Config{}), models.Day)
	again.Seed(d.seed)
	if _, err := again.ReadFrom(bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{most - 1, most - departedCells/2} {
		for _, of := range []*Silence{s, again} {
			if !of.departed.take(key(i)) || of.departed.take(key(i)) {
				t.Errorf("%d comes back not exactly once", i)
			}
		}
	}
}

// Tables that no search would end in are refused.
func TestDepartedOfDamage(t *testing.T) {
	for what, damage := range map[string]func(s *Silence){
		"full": func(s *Silence) {
			s.departed.cells[0].Grow(2)
			s.departed.cells[0].Set(0, 2<<32|2)
			s.departed.cells[0].Set(1, 2<<32|2)
		},
		"odd size":   func(s *Silence) { s.departed.cells[0].Grow(3) },
		"overfull":   func(s *Silence) { s.departed.cells[1].Grow(2); s.departed.full[1] = 3 },
		"generation": func(s *Silence) { s.departed.newest = 2 },
	} {
		s := NewSilence(New(Config{}), models.Day)
		damage(s)
		var b bytes.Buffer
		if _, err := s.Freeze().WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := NewSilence(New(Config{}), models.Day).ReadFrom(&b); err == nil {
			t.Errorf("%s: it is read", what)
		}
	}
}

// The cursor looks at everybody once in an eighth of the time, whatever the steps of time are, and at most at so many for one event.
func TestSilenceSteps(t *testing.T) {
	const visitors = 5_000
	for _, step := range []models.Time{models.Minute, models.Hour, 3 * models.Day, 400 * models.Day} {
		p := New(Config{})
		s := NewSilence(p, 80*models.Day)
		for i := range visitors {
			p.Seen(p.Visitor(1, fmt.Appendf(nil, "v%d", i)), models.Day)
		}
		now := models.Day
		s.Pass(now)
		before, events, gone := s.Looked(), 0, 0
		for end := now + max(10*models.Day, step); now < end; events++ {
			was := s.Looked()
			if now += step; s.Pass(now) {
				for v := s.Next(); v != 0; v = s.Next() {
					gone++
				}
			}
			if n := s.Looked() - was; n > silentSteps {
				t.Fatalf("every %d ms: %d visitors are looked at for one event", step, n)
			}
		}
		looked := s.Looked() - before
		if want := min(visitors, uint64(events*silentSteps)); looked < want-min(want, silentBunch) || looked > want {
			t.Errorf("every %d ms: %d visitors were looked at for %d events, want %d", step, looked, events, want)
		}
		if (gone > 0) != (step > 80*models.Day) {
			t.Errorf("every %d ms: %d are silent", step, gone)
		}
	}
}

// Versions before 13 did not keep the shop of a stranger: it is the one of the queue.
func TestStrangersOfVersion12(t *testing.T) {
	p := New(Config{})
	want := map[uint32]uint32{}
	for i := range 300 {
		shop := uint32(1 + i%3)
		v := p.Visitor(shop, fmt.Appendf(nil, "v%d", i))
		p.Met(shop, v, uint64(i%5))
		if i%7 == 0 {
			p.Carts(shop, v)
			p.AddToCart(v, 1, 1, models.Day)
		}
		want[v] = shop
	}
	s := p.Strangers()
	for v := range want {
		at := uint64(v)*linkWords + ofNetwork
		s.links.Set(at, s.links.Load(at)&0xffffffff)
	}
	var b bytes.Buffer
	if _, err := slab.Join(s.links.Freeze(), s.shops.Freeze(), s.networks.Freeze()).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if err := s.ReadVersion(&b, 12); err != nil {
		t.Fatal(err)
	}
	for v, shop := range want {
		if got := s.shopOf(v); got != shop {
			t.Fatalf("visitor %d is of shop %d, want %d", v, got, shop)
		}
	}
}

func BenchmarkSilence(b *testing.B) {
	const visitors = 1 << 20
	p := New(Config{})
	s := NewSilence(p, 90*models.Day)
	for i := range uint64(visitors) {
		v, _ := p.Keyed((i + 1) * 0x9e3779b97f4a7c15) // keys are hashes
		p.Seen(v, 100*models.Day)
	}
	b.ReportAllocs()
	now := 100 * models.Day
	for b.Loop() { // an eighth of a visitor's turn comes with each event
		if now += 120; s.Pass(now) {
			for v := s.Next(); v != 0; v = s.Next() {
			}
		}
	}
	b.ReportMetric(float64(s.Looked())/float64(b.N), "looked/op")
}
