package engine

import (
	"math"

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

// since returns the time between two seconds in a unit, negative where there was no first.
func since(from, to uint32, unit models.Time) float64 {
	if from == 0 {
		return -1
	}
	return max(0, float64(int64(to)-int64(from))*float64(models.Second)/float64(unit))
}

// values returns the features of a visit as of its newest behaviour. Any goroutine may call it.
func (in *intents) values(visit uint32) (x [features]float64) {
	v := in.visits
	for f, c := range [...]int{
		ftPages: cntPages, ftViews: cntViews, ftAdds: cntAdds, ftRemoves: cntRemoves, ftCarts: cntCarts,
		ftSearches: cntSearches, ftSteps: cntSteps, ftDepth: cntDepth, ftLists: cntLists, ftOthers: cntOthers,
	} {
		x[f] = float64(v.count(visit, c))
	}
	visitor, span := uint32(v.pool.get(visit, vstWho)>>32), v.pool.get(visit, vstSpan)
	first, last := uint32(span>>32), uint32(span)
	before, recent, number := v.pool.get(visit, vstBefore), v.pool.get(visit, vstRecent), v.pool.get(visit, vstNumber)
	x[ftDistinct] = distinct(v.pool.get(visit, vstSeen))
	x[ftCart] = min(1, x[ftAdds])
	x[ftDwell] = since(first, last, models.Minute)
	x[ftPause] = since(uint32(recent), last, models.Minute)
	x[ftNumber] = float64(number >> 32)
	if x[ftNumber] <= 1 {
		x[ftNewcomer] = 1
	}
	x[ftSinceSession] = since(uint32(before>>32), first, models.Day)
	x[ftSinceCart] = since(uint32(before), first, models.Day)
	x[ftSinceAdd] = since(uint32(recent>>32), last, models.Minute)
	x[ftOrders] = float64(uint32(number))
	from := models.Time(first) * models.Second
	if in.people.NewestPurchase(visitor, from, models.Time(last+1)*models.Second-1) != 0 {
		x[ftBought] = 1
	}
	x[ftSincePurchase] = since(in.people.NewestPurchase(visitor, 0, from-1).Seconds(), first, models.Day)
	prices := v.pool.get(visit, vstPrices)
	x[ftDearest] = float64(math.Float32frombits(uint32(prices >> 32)))
	x[ftPrice] = float64(math.Float32frombits(uint32(prices))) / max(1, float64(v.count(visit, cntPrices)))
	x[ftMorning], x[ftNight] = math.Sincos(float64(last%86400) / 86400 * 2 * math.Pi)
	return x
}

// inputs turns features into what a model takes: the bias first.
func inputs(x *[features]float64) (row [features + 1]float64) {
	row[0] = 1
	for f, value := range x {
		row[f+1] = float64(float32(input(f, value))) // as it is kept until the outcome is known
	}
	return row
}
