// Package timing knows at which hour of the day to write to a contact: the hour at which a mail brings most visits,
// clicks and orders, per mail sent. Rates are corrected for exposure (a shop that always writes at ten learns nothing but
// its own habit otherwise), fade with time, are smoothed around the clock, and shrink from the contact to the segment to
// the shop, each as far as its own data do not speak. A small share of mails explores, chosen by a hash.
//
// Mails keeps what is known: which mails went to whom, and which were answered. Clock is rates by hour, Choose the choice.
//
// Opens do not count: Apple's and Google's prefetchers open mails at hours of their own.
package timing

import "math"

// Hours of a day, in the contact's local time.
const Hours = 24

const (
	// HalfLife of an observation, in days: long enough for a mail a week to leave a picture, short enough to follow a
	// change of job.
	HalfLife = 45
	// prior is how many mails' worth of belief a level takes from the level above.
	prior = 15
	// Explore is the share of mails whose hour is drawn evenly among the allowed ones.
	Explore = 0.07
)

// smooth is the weight of an hour's neighbours, by distance: 0, 1, 2 hours.
var smooth = [...]float64{1, 0.5, 0.2}

// Clock holds mails sent and answers by hour, as of its day. The zero Clock is empty. 200 bytes; counts are float32,
// exact enough for fading sums.
type Clock struct {
	Sent     [Hours]float32
	Answered [Hours]float32
	Day      float64 // that the counts are faded to
}

// fade brings all counts to a day.
func (c *Clock) fade(day float64) {
	if day <= c.Day {
		return
	}
	f := float32(math.Exp2(-(day - c.Day) / HalfLife))
	for h := range Hours {
		c.Sent[h] *= f
		c.Answered[h] *= f
	}
	c.Day = day
}

// weight is what an observation on a day counts on the clock's day: late ones count as if they had come in time.
func (c *Clock) weight(day float64) float32 {
	c.fade(day)
	return float32(math.Exp2(-(c.Day - day) / HalfLife))
}

// Send notes a mail sent at an hour of a day.
func (c *Clock) Send(day float64, hour int) {
	w := c.weight(day)
	c.Sent[wrap(hour)] += w
}

// Answer notes that the mail sent at an hour of a day brought a click, a visit or an order.
func (c *Clock) Answer(day float64, hour int) {
	w := c.weight(day)
	c.Answered[wrap(hour)] += w
}

func wrap(hour int) int { return ((hour % Hours) + Hours) % Hours }

// Rates are the expected answers per mail by hour.
type Rates [Hours]float64

// around returns the counts of an hour with those of its neighbours.
func (c *Clock) around(hour int) (sent, answered float64) {
	for d, w := range smooth {
		for _, h := range [2]int{wrap(hour - d), wrap(hour + d)} {
			sent += w * float64(c.Sent[h])
			answered += w * float64(c.Answered[h])
			if d == 0 {
				break
			}
		}
	}
	return sent, answered
}

// Shrink returns the rates of a clock that takes its prior from those above: (answers + k prior) / (mails + k).
func (c *Clock) Shrink(above Rates) Rates { return c.shrink(above, prior) }

func (c *Clock) shrink(above Rates, k float64) (r Rates) {
	for h := range r {
		sent, answered := c.around(h)
		r[h] = (answered + k*above[h]) / (sent + k)
	}
	return r
}

// mean returns the rate over all hours.
func (c *Clock) mean() float64 {
	var sent, answered float64
	for h := range Hours {
		sent += float64(c.Sent[h])
		answered += float64(c.Answered[h])
	}
	return (answered + 0.05) / (sent + 1) // who has sent nothing expects one answer in twenty mails
}

// Spread returns the variance of the rates between hours beyond what chance explains (DerSimonian, Laird 1986, doi
// 10.1016/0197-2456(86)90046-2); 0 where the hours do not differ.
func (c *Clock) Spread() float64 {
	p := c.mean()
	var q, hours, n, squares float64
	for h := range Hours {
		sent := float64(c.Sent[h])
		if sent < 1 {
			continue
		}
		d := float64(c.Answered[h]) - sent*p
		q += d * d / (sent * p * (1 - p))
		hours++
		n += sent
		squares += sent * sent
	}
	// By chance alone q is hours - 1, give or take some 30 %.
	if q < 1.5*(hours-1) || hours < 2 {
		return 0
	}
	return p * (1 - p) * (q - (hours - 1)) / (n - squares/n)
}

// Shop returns the rates of a whole shop, whose prior is its own mean over all hours, the stronger the less the hours
// differ: else the hour with fewest mails would often look best.
func (c *Clock) Shop() Rates {
	var even Rates
	p := c.mean()
	for h := range even {
		even[h] = p
	}
	spread := c.Spread()
	if spread == 0 {
		return even
	}
	return c.shrink(even, max(prior, p*(1-p)/spread))
}

// Choice is the hour to write at.
type Choice struct {
	Hour     int
	Rate     float64 // expected answers of a mail at that hour
	Even     float64 // and at an hour drawn evenly: what the choice gains
	Evidence float64 // mails, after fading, that the contact's own picture rests on
	Explored bool
}

// Choose returns the hour for the mail number send to a contact: the best of the allowed hours (nil: all), or, for the
// share Explore of mails, one of them drawn by a hash of contact and mail, so that the picture stays honest.
func Choose(own *Clock, above Rates, allowed []int, contact, send uint64) Choice {
	var all [Hours]int
	if len(allowed) == 0 {
		for h := range all {
			all[h] = h
		}
		allowed = all[:]
	}
	rates := own.Shrink(above)
	c := Choice{Hour: wrap(allowed[0])}
	for _, h := range allowed {
		h = wrap(h)
		if rates[h] > rates[c.Hour] {
			c.Hour = h
		}
		c.Even += rates[h] / float64(len(allowed))
	}
	for h := range Hours {
		c.Evidence += float64(own.Sent[h])
	}
	if x := mix(mix(contact) ^ send); float64(x>>11)/(1<<53) < Explore {
		c.Hour, c.Explored = wrap(allowed[mix(x)%uint64(len(allowed))]), true
	}
	c.Rate = rates[c.Hour]
	return c
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
