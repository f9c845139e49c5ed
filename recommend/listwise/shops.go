package listwise

import (
	"io"

	"orrery/models/pershop"
	"orrery/models/slab"
)

// Shops is a model a shop, which it has from its first order to learn from on: 6 KB with 28 features. Until then it ranks by the weights
// that all begin with. There is no bound of all together: a model costs less than what the order behind it has made elsewhere. One
// goroutine learns and freezes, any number take weights.
type Shops struct {
	fresh  func() *Model
	table  pershop.Table[Model]
	blank  *Model // of shops that have learned nothing; nobody learns it
	shared bool   // restored of a version that had one model for all shops, which blank is then: see Adopt
}

// NewShops returns models of no shop; the parameters are those of New.
func NewShops(features int, start map[int]float32) *Shops {
	scratch := newScratch(features)
	s := &Shops{fresh: func() *Model { return newModel(features, start, scratch) }}
	s.blank = s.fresh()
	return s
}

func (s *Shops) find(shop uint32) *Model {
	if m := s.table.Find(shop); m != nil {
		return m
	}
	return s.blank
}

// Weights returns the newest published weights of a shop. Any goroutine may call it.
func (s *Shops) Weights(shop uint32) *Weights { return s.find(shop).Weights() }

// Learned returns the number of steps taken for a shop; for the writer.
func (s *Shops) Learned(shop uint32) uint64 { return s.find(shop).Learned() }

// Learn is Model.Learn of a shop's model.
func (s *Shops) Learn(shop uint32, rows []float32, relevant int) (rank int) {
	return s.table.Get(shop, s.fresh).Learn(rows, relevant)
}

// Bytes returns the memory held, in bytes.
func (s *Shops) Bytes() uint64 { return (1 + s.table.Known()) * s.blank.Bytes() }

// Freeze returns the models of this moment for a snapshot.
func (s *Shops) Freeze() *slab.Parts {
	parts := []io.WriterTo{slab.Numbers{s.table.Known()}}
	for shop, m := range s.table.All() {
		if m != nil {
			parts = append(parts, slab.Numbers{uint64(shop)}, m.Freeze())
		}
	}
	return slab.Join(parts...)
}

// ReadFrom replaces the models by what Freeze wrote. It must not run beside readers.
func (s *Shops) ReadFrom(r io.Reader) (int64, error) {
	return 0, pershop.Each(r, func(shop uint32) error {
		m := s.fresh()
		s.table.Put(shop, m)
		_, err := m.ReadFrom(r)
		return err
	})
}

// ReadShared reads the one model that all shops had in versions up to 12.
func (s *Shops) ReadShared(r io.Reader) error {
	s.shared = true
	_, err := s.blank.ReadFrom(r)
	return err
}

// Adopt follows ReadShared, when it is known how many shops there are: each goes on from a copy of what all had learned. So a shop that
// was alone goes on as if nothing had changed.
func (s *Shops) Adopt(shops int) {
	if !s.shared {
		return
	}
	s.shared = false
	old := s.blank
	s.blank = s.fresh()
	for shop := uint32(1); int(shop) <= shops && old.learned > 0; shop++ {
		m := s.fresh()
		copy(m.w.all, old.w.all)
		copy(m.mean, old.mean)
		copy(m.squares, old.squares)
		m.learned = old.learned
		m.publish()
		s.table.Put(shop, m)
	}
}
