package session

import (
	"math"

	"orrery/churn/intent"
	"orrery/models"
)

// The features of a session. Two of one name are one for people.
const (
	ftPages = iota
	ftViews
	ftDistinct
	ftAdds
	ftCart
	ftRemoves
	ftCarts
	ftSearches
	ftSteps
	ftDepth
	ftLists
	ftOthers
	ftDwell
	ftPause
	ftNewcomer
	ftNumber
	ftSinceSession
	ftSinceCart
	ftOrders
	ftSincePurchase
	ftBought
	ftDearest
	ftPrice
	ftMorning
	ftNight
	ftSinceAdd
	features
)

// scale says how a value becomes an input of order 1.
type scale uint8

const (
	asIs   scale = iota
	logOf        // ln(1+x)
	wealth       // ln(1+x)/3, of amounts of money
	fading       // 1/(1+x), of times past; 0 for never, which is a negative value
	third        // x/3
)

// hourOfDay is the hour in UTC; as inputs its place on a circle.
const hourOfDay = "hour of the day"

var featureList = [features]struct {
	name  string
	scale scale
}{
	ftPages:         {"page views", logOf},
	ftViews:         {"product views", logOf},
	ftDistinct:      {"distinct products viewed", logOf},
	ftAdds:          {"additions to the cart", logOf},
	ftCart:          {"anything put into the cart", asIs},
	ftRemoves:       {"removals from the cart", logOf},
	ftCarts:         {"cart views", logOf},
	ftSearches:      {"searches", logOf},
	ftSteps:         {"checkout events", logOf},
	ftDepth:         {"furthest checkout step", third},
	ftLists:         {"product lists seen", logOf},
	ftOthers:        {"other events", logOf},
	ftDwell:         {"minutes in the session", logOf},
	ftPause:         {"minutes before the newest event", logOf},
	ftNewcomer:      {"first session", asIs},
	ftNumber:        {"sessions so far", logOf},
	ftSinceSession:  {"days since the last session", fading},
	ftSinceCart:     {"days since a cart in an earlier session", fading},
	ftOrders:        {"earlier orders", logOf},
	ftSincePurchase: {"days since the last purchase", fading},
	ftBought:        {"bought in this session already", asIs},
	ftDearest:       {"highest price seen", wealth},
	ftPrice:         {"mean price seen", wealth},
	ftMorning:       {hourOfDay, asIs},
	ftNight:         {hourOfDay, asIs},
	ftSinceAdd:      {"minutes since the newest addition to the cart", fading},
}

// input returns what a model takes for a value of feature f.
func input(f int, value float64) float64 {
	switch featureList[f].scale {
	case logOf:
		return math.Log1p(max(0, value))
	case wealth:
		return math.Log1p(max(0, value)) / 3
	case fading:
		if value < 0 {
			return 0
		}
		return 1 / (1 + value)
	case third:
		return value / 3
	}
	return value
}

// values returns the features of a visit as of its newest behaviour. Any goroutine may call it.
func (in *Intents) values(visit uint32) (x [features]float64) {
	v := in.visits
	for f, c := range [...]field{
		ftPages: cntPages, ftViews: cntViews, ftAdds: cntAdds, ftRemoves: cntRemoves, ftCarts: cntCarts,
		ftSearches: cntSearches, ftSteps: cntSteps, ftDepth: cntDepth, ftLists: cntLists, ftOthers: cntOthers,
	} {
		if c.bits > 0 {
			x[f] = float64(v.get(visit, c))
		}
	}
	first, last := v.span(visit)
	visitor := uint32(v.get(visit, vstWho))
	x[ftDistinct] = distinct(v.get(visit, vstSeen))
	x[ftCart] = min(1, x[ftAdds])
	x[ftDwell] = float64(last-first) / 60
	x[ftPause] = float64(v.get(visit, vstPause)) / 60
	x[ftNumber] = float64(v.get(visit, vstSessions))
	if x[ftNumber] <= 1 {
		x[ftNewcomer] = 1
	}
	x[ftSinceSession] = minutesToDays(unpackLong(v.get(visit, vstBefore)))
	x[ftSinceCart] = minutesToDays(unpackLong(v.get(visit, vstCarted)))
	x[ftSinceAdd] = intent.Since(v.carted(visit), last, models.Minute)
	x[ftOrders] = float64(v.get(visit, vstOrders))
	from := models.Time(first) * models.Second
	if in.people.NewestPurchase(visitor, from, models.Time(last+1)*models.Second-1) != 0 {
		x[ftBought] = 1
	}
	x[ftSincePurchase] = intent.Since(in.people.NewestPurchase(visitor, 0, from-1).Seconds(), first, models.Day)
	x[ftDearest], x[ftPrice] = unpackMoney(v.get(visit, vstDearest)), unpackMoney(v.get(visit, vstPrice))
	x[ftMorning], x[ftNight] = math.Sincos(float64(last%86400) / 86400 * 2 * math.Pi)
	return x
}

// minutesToDays keeps the negative for never.
func minutesToDays(m float64) float64 {
	if m < 0 {
		return m
	}
	return m / (24 * 60)
}

// inputs turns features into what a model takes: the bias first. They are rounded to what is kept of them until the
// outcome is known.
func inputs(x *[features]float64) (row [features + 1]float64) {
	row[0] = 1
	for f, value := range x {
		row[f+1] = input(f, value)
	}
	intent.Rounded(row[1:])
	return row
}
