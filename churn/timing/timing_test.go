package timing

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// A shop that always writes at ten, to somebody who answers at twenty twice as often: exposure must not win.
func TestExposureDoesNotWin(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var shop, own Clock
	for i := range 4000 {
		hour := 10
		if i%10 == 0 {
			hour = random.IntN(Hours)
		}
		day := float64(i) / 20
		p := 0.05
		if hour >= 19 && hour <= 21 {
			p = 0.3
		}
		answered := random.Float64() < p
		for _, c := range []*Clock{&shop, &own} {
			c.Send(day, hour)
			if answered {
				c.Answer(day, hour)
			}
		}
	}
	c := Choose(&own, shop.Shop(), nil, 1, 3)
	if c.Explored || c.Hour < 19 || c.Hour > 21 || c.Rate <= c.Even {
		t.Errorf("%+v", c)
	}
	if c := Choose(&own, shop.Shop(), []int{9, 10, 11}, 1, 3); c.Hour < 9 || c.Hour > 11 {
		t.Errorf("chose %d, which is not allowed", c.Hour)
	}
}

func TestThinContactsFollowTheShop(t *testing.T) {
	var shop, own Clock
	for h := range Hours {
		for i := range 200 {
			shop.Send(1, h)
			if h == 7 && i < 60 || i < 10 {
				shop.Answer(1, h)
			}
		}
	}
	own.Send(1, 15)
	own.Answer(1, 15) // one lucky mail
	if c := Choose(&own, shop.Shop(), nil, 1, 3); c.Hour != 7 {
		t.Errorf("one mail outweighed the shop: %+v", c)
	}
	for range 60 {
		own.Send(1, 15)
		own.Answer(1, 15)
	}
	if c := Choose(&own, shop.Shop(), nil, 1, 3); c.Hour != 15 {
		t.Errorf("sixty mails did not: %+v", c)
	}
}

func TestExplorationIsAShare(t *testing.T) {
	var own Clock
	var hours [Hours]int
	n := 0
	for i := range uint64(20000) {
		if c := Choose(&own, own.Shop(), nil, 7, i); c.Explored {
			n++
			hours[c.Hour]++
		}
	}
	if share := float64(n) / 20000; math.Abs(share-Explore) > 0.01 {
		t.Errorf("%v explored", share)
	}
	for h, k := range hours {
		if k < n/Hours/2 {
			t.Errorf("hour %d was explored %d times of %d", h, k, n)
		}
	}
}

// The order in which observations come does not matter.
func TestLateObservationsCountAsInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type seen struct {
			day  float64
			hour int
		}
		var all []seen
		for range rapid.IntRange(1, 30).Draw(t, "n") {
			all = append(all, seen{rapid.Float64Range(0, 100).Draw(t, "day"), rapid.IntRange(-30, 50).Draw(t, "hour")})
		}
		var a, b Clock
		for i, s := range all {
			a.Send(s.day, s.hour)
			r := all[len(all)-1-i]
			b.Send(r.day, r.hour)
		}
		for h := range Hours {
			if math.Abs(float64(a.Sent[h]-b.Sent[h])) > 1e-3 {
				t.Fatalf("hour %d: %v and %v", h, a.Sent[h], b.Sent[h])
			}
		}
	})
}

// Hours that are all alike do not seem to differ, however unevenly mails are spread; and hours that differ do.
func TestSpread(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	differ := 0
	for range 200 {
		var same, other Clock
		for i := range 3000 {
			hour := random.IntN(Hours)
			if i%2 == 0 {
				hour = 9 + random.IntN(3)
			}
			same.Send(1, hour)
			other.Send(1, hour)
			if random.Float64() < 0.1 {
				same.Answer(1, hour)
			}
			if p := 0.05 + 0.15*float64(hour/12); random.Float64() < p {
				other.Answer(1, hour)
			}
		}
		if same.Spread() > 0 {
			differ++
		}
		if s := other.Spread(); s < 0.001 || s > 0.02 {
			t.Fatalf("hours of 5 %% and 20 %% have a spread of %v", s)
		}
	}
	if differ > 20 {
		t.Errorf("%d of 200 shops whose hours are alike seemed to differ", differ)
	}
}
