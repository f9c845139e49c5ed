package main

import (
	"runtime"
	"sync"

	"orrery/models"
	"orrery/recommend/frame"
	"orrery/serve"
	"orrery/stream/columnar"
)

// slotColumns are what is said of a product of a contact.
var slotColumns = []columnar.Column{
	{Name: "item_id", Kind: columnar.ID}, {Name: "title", Kind: columnar.ID}, {Name: "url", Kind: columnar.ID}, {Name: "image", Kind: columnar.ID}, {Name: "price", Kind: columnar.Money}, {Name: "sale_price", Kind: columnar.Money}, {Name: "currency", Kind: columnar.ID},
	{Name: "recipe", Kind: columnar.ID}, {Name: "score", Kind: columnar.Real},
}

// recommendationTable is a row a contact, with up to n products: in CSV columns of their own, as mail programs want them.
func recommendationTable(n int) *columnar.Table {
	return &columnar.Table{Name: "recommendations", Version: 1, Columns: []columnar.Column{
		{Name: "contact", Kind: columnar.Text}, {Name: "recommendation", Kind: columnar.Text}, {Name: "frame", Kind: columnar.ID}, {Name: "as_of", Kind: columnar.Moment},
		{Name: "items", Kind: columnar.List, Most: n, Fields: slotColumns},
	}}
}

// mailing is a piece of an export of recommendations: contacts, and the frames that are answered for them.
type mailing struct {
	ids    [][]byte
	frames []models.Frame
	errs   []error
	last   []byte // the contact that was looked at last
	next   uint32
}

func (m *mailing) reset() { m.ids = m.ids[:0] }

func (m *mailing) add(id []byte) {
	if len(m.ids) < cap(m.ids) {
		m.ids = m.ids[:len(m.ids)+1]
		last := &m.ids[len(m.ids)-1]
		*last = append((*last)[:0], id...)
	} else {
		m.ids = append(m.ids, append([]byte(nil), id...))
	}
	if len(m.frames) < len(m.ids) {
		m.frames, m.errs = append(m.frames, models.Frame{}), append(m.errs, nil)
	}
}

// frameWorkers is how many goroutines answer frames for an export: one core is left for encoding, and for everybody else.
func frameWorkers() int { return max(1, min(8, runtime.GOMAXPROCS(0)-1)) }

// recommendations answers a frame for each contact. While one piece is written the next one is answered.
func (x *exports) recommendations(q *serve.ExportRequest) *rowTable {
	shop := []byte(q.Shop)
	if q.N == 0 {
		q.N = frame.DefaultSlots
	}
	out := &frameRows{x: x, q: q, table: recommendationTable(q.N)}
	return &rowTable{table: out.table, about: int64(x.engine.ShopStats(shop).Contacts), each: out.each}
}

// frameRows makes rows of frames.
type frameRows struct {
	x     *exports
	q     *serve.ExportRequest
	table *columnar.Table

	ahead chan *mailing // the piece behind the one that is written; nil: none was begun
	from  uint32        // where it begins
	most  int
	free  []*mailing
	slots [][]columnar.Value
}

func (r *frameRows) each(from uint32, most int, put func(string, []columnar.Value) error) (uint32, error) {
	m := r.take(from, most)
	if m.next != 0 {
		r.begin(m.next, most)
	}
	row := make([]columnar.Value, 0, len(r.table.Columns))
	var id []byte
	for i := range m.ids {
		if m.errs[i] != nil {
			return 0, m.errs[i]
		}
		id = r.q.NewID(id[:0])
		err := put(string(m.ids[i]), append(row, columnar.OfText(m.ids[i]), columnar.OfText(id), columnar.OfString(r.q.Frame), columnar.OfMoment(r.q.Now), columnar.OfList(r.items(&m.frames[i]))))
		if err != nil {
			return 0, err
		}
	}
	r.free = append(r.free, m)
	return m.next, put(string(m.last), nil)
}

// take returns the piece that was begun ahead, or answers it now.
func (r *frameRows) take(from uint32, most int) *mailing {
	if r.ahead != nil {
		m := <-r.ahead
		if r.ahead = nil; r.from == from && r.most == most {
			return m
		}
		r.free = append(r.free, m)
	}
	return r.answer(r.piece(), from, most)
}

func (r *frameRows) begin(from uint32, most int) {
	r.from, r.most, r.ahead = from, most, make(chan *mailing, 1)
	m, ahead := r.piece(), r.ahead
	go func() { ahead <- r.answer(m, from, most) }()
}

func (r *frameRows) piece() *mailing {
	if n := len(r.free); n > 0 {
		m := r.free[n-1]
		r.free = r.free[:n-1]
		return m
	}
	return new(mailing)
}

// answer fills a piece.
func (r *frameRows) answer(m *mailing, from uint32, most int) *mailing {
	m.reset()
	shop := []byte(r.q.Shop)
	n := 0
	if r.q.Segment == "" {
		m.next = r.x.engine.EachContactID(shop, from, func(id []byte) bool {
			m.add(id)
			m.last = append(m.last[:0], id...)
			n++
			return n < most
		})
	} else {
		m.next = r.x.engine.EachContact(shop, from, r.q.Now, func(id []byte, p *models.Profile) bool {
			if inSegment(r.q, p) {
				m.add(id)
			}
			m.last = append(m.last[:0], id...)
			n++
			return n < most
		})
	}
	var wg sync.WaitGroup
	workers := frameWorkers()
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(m.ids); i += workers {
				m.frames[i].Items = m.frames[i].Items[:0]
				m.errs[i] = r.x.engine.Frame(&models.FrameQuery{Shop: shop, Frame: []byte(r.q.Frame), Contact: m.ids[i], N: r.q.N, Now: r.q.Now}, &m.frames[i])
			}
		})
	}
	wg.Wait()
	return m
}

// items makes structs of the slots of a frame. They hold until the next frame.
func (r *frameRows) items(f *models.Frame) [][]columnar.Value {
	for len(r.slots) < len(f.Items) {
		r.slots = append(r.slots, make([]columnar.Value, len(slotColumns)))
	}
	for i := range f.Items {
		it := &f.Items[i]
		p := &it.Product
		copy(r.slots[i], []columnar.Value{
			columnar.OfText(p.ID), columnar.OfName(p.Title), columnar.OfName(p.URL), columnar.OfName(p.Image), positive(models.Amount(p.Price)), positive(models.Amount(p.Sale)), columnar.OfName(p.Currency),
			columnar.OfString(it.Recipe), columnar.OfReal(float64(it.Score)),
		})
	}
	return r.slots[:len(f.Items)]
}
