package engine_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"
	"syscall"
	"testing"

	"orrery/engine"
	"orrery/models"
)

// crowd makes up events of a large shop: items by Zipf's law with exponent 0.9, half of the views near the visitor's item
// before; visitors with exponent 0.5, in sessions of four events on average, thousands at the same time. It makes one event
// after another, the same in every run.
type crowd struct {
	state    uint64
	items    []float64
	visitors []float64
	active   [4096]struct{ visitor, item uint32 }
	n        models.Time
	events   [256]models.Event
	batch    [256]*models.Event
	ids      [256][32]byte
}

func zipf(n int, exponent float64) []float64 {
	sums, total := make([]float64, n), 0.0
	for i := range sums {
		total += math.Pow(float64(i+1), -exponent)
		sums[i] = total
	}
	return sums
}

func newCrowd(items, visitors int) *crowd {
	c := &crowd{state: 1, items: zipf(items, 0.9), visitors: zipf(visitors, 0.5)}
	for i := range c.events {
		c.events[i].Items = make([]models.Item, 1)
		c.batch[i] = &c.events[i]
	}
	return c
}

func (c *crowd) uniform() float64 {
	c.state += 0x9e3779b97f4a7c15
	x := (c.state ^ c.state>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

func (c *crowd) draw(sums []float64) uint32 {
	i, _ := slices.BinarySearch(sums, c.uniform()*sums[len(sums)-1])
	return uint32(i)
}

// next returns the next batch: 2,000 events a second of event time, of which some are carts and orders.
func (c *crowd) next() []*models.Event {
	for i := range c.events {
		e, id := &c.events[i], c.ids[i][:]
		session := &c.active[int(c.uniform()*float64(len(c.active)))]
		switch x := c.uniform(); {
		case c.n < models.Time(len(c.active)) || x < 0.25:
			session.visitor, session.item = c.draw(c.visitors), c.draw(c.items)
		case x < 0.6:
			session.item = (session.item*7 + uint32(30*c.uniform()*c.uniform())) % uint32(len(c.items))
		default:
			session.item = c.draw(c.items)
		}
		v, item := session.visitor, session.item
		copy(id, "v-00000000item-0000")
		binary.LittleEndian.PutUint32(id[2:], v)
		binary.LittleEndian.PutUint32(id[15:], item)
		c.n++
		*e = models.Event{
			Kind: models.ViewItem, Name: []byte("view_item"), Visitor: id[:10], Time: dayZero + c.n/2, Items: e.Items, Currency: []byte("EUR"),
			ID: binary.LittleEndian.AppendUint64(id[:24:24], uint64(c.n)),
		}
		e.Items[0] = models.Item{ID: id[10:19], Quantity: 1, Price: 5 * models.Micros, HasPrice: true}
		switch x := c.uniform(); {
		case x < 0.02:
			e.Kind, e.Name, e.Order = models.Purchase, []byte("purchase"), e.ID
		case x < 0.08:
			e.Kind, e.Name = models.AddToCart, []byte("add_to_cart")
		}
	}
	return c.batch[:]
}

// filled is an engine of 100,000 items and 500,000 visitors after two million events, made once.
var filled = sync.OnceValues(func() (*engine.Engine, *crowd) {
	e, err := engine.New(engine.Config{})
	if err != nil {
		panic(err)
	}
	c := newCrowd(100_000, 500_000)
	for range 2_000_000 / len(c.batch) {
		e.Apply(c.next())
	}
	return e, c
})

// cpu returns the processor time of this process: on a machine that others use too, the clock says little.
func cpu() float64 {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return float64(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkFrame is the cost of a frame of eight in a full state.
func BenchmarkFrame(b *testing.B) {
	for _, name := range []string{"product_page", "bought_after_viewing", "viewed_together", "bought_together", "next", "home_page", "cart_page", "recently_viewed", "trending", "similar"} {
		b.Run(name, func(b *testing.B) {
			e, c := filled()
			var f models.Frame
			visitor, item := []byte("v-00000000"), []byte("item-0000")
			q := models.FrameQuery{Frame: []byte(name), Visitor: visitor, Products: [][]byte{item}, Now: e.StreamTime()}
			b.ReportAllocs()
			slots := 0
			start := cpu()
			for b.Loop() {
				binary.LittleEndian.PutUint32(visitor[2:], c.draw(c.visitors))
				binary.LittleEndian.PutUint32(item[5:], c.draw(c.items))
				if err := e.Frame(&q, &f); err != nil {
					b.Fatal(err)
				}
				slots += len(f.Items)
			}
			b.ReportMetric((cpu()-start)/float64(b.N), "cpu-ns/frame")
			b.ReportMetric(float64(slots)/float64(b.N), "slots")
		})
	}
}

// The crowd is what it says.
func TestCrowd(t *testing.T) {
	c := newCrowd(100, 50)
	e := newEngine(t, engine.Config{})
	for range 20 {
		e.Apply(c.next())
	}
	s := e.Stats()
	if s.Total != 20*256 || s.Orders < 50 || s.Items < 90 || s.Visitors != 50 {
		t.Errorf("%s", fmt.Sprintf("%d events, %d orders, %d items, %d visitors", s.Total, s.Orders, s.Items, s.Visitors))
	}
}
