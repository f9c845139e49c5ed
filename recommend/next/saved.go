package next

import (
	"fmt"
	"io"

	"orrery/models/pershop"
	"orrery/models/slab"
	"orrery/recommend/embedding"
	"orrery/recommend/ranker"
	"orrery/recommend/session"
)

// Version is that of the layouts that Freeze and VectorSection.Freeze write.
const Version = 13

// RowBytes returns the memory of the visitors' running sessions, in bytes, SessionBytes that of the sessions of all shops, ModelBytes
// that of what their rankers have learned. Any goroutine may call them.
func (l *Live) RowBytes() uint64 { return l.rows.Bytes() }

// SessionBytes is described at RowBytes.
func (l *Live) SessionBytes() uint64 {
	n := l.links.Bytes()
	for _, r := range l.shops.All() {
		if r != nil {
			n += r.index.Bytes()
		}
	}
	return n
}

// ModelBytes is described at RowBytes.
func (l *Live) ModelBytes() uint64 { return l.shared.Bytes() }

// Bytes returns the memory held, without vectors.
func (l *Live) Bytes() uint64 { return l.SessionBytes() + l.RowBytes() + l.ModelBytes() }

// Freeze returns the state of this moment for a snapshot: the links, the rows of visitors, and of every shop its sessions and, where it
// has one, its model. The parts of a model that is learned from are copied.
func (l *Live) Freeze() *slab.Parts {
	unlearnt, unkept := l.shared.Dropped()
	parts := []io.WriterTo{l.links.Freeze(), l.rows.Freeze(), slab.Numbers{unlearnt, unkept, l.shops.Known()}}
	for shop, r := range l.shops.All() {
		if r == nil {
			continue
		}
		learned := uint64(0)
		if r.model != nil {
			learned = 1
		}
		parts = append(parts, slab.Numbers{uint64(shop)}, r.index.Freeze(), slab.Numbers{learned})
		if r.model != nil {
			m := *r.model
			parts = append(parts, &m)
		}
	}
	return slab.Join(parts...)
}

// ReadVersion replaces the state by what Freeze wrote, in this version or those before, which had the sessions of all shops in one and
// one ranker for all: see Adopt. It must not run beside readers.
func (l *Live) ReadVersion(src io.Reader, version uint16) error {
	if version < Version {
		return l.readShared(src)
	}
	counts := make(slab.Numbers, 2)
	if _, err := slab.ReadAll(src, l.links, &l.rows, counts); err != nil {
		return err
	}
	l.shared.Restore(counts[0], counts[1])
	return pershop.Each(src, func(shop uint32) error {
		r, learned := l.fresh(shop), make(slab.Numbers, 1)
		if _, err := slab.ReadAll(src, r.index, learned); err != nil {
			return err
		}
		l.shops.Put(shop, r)
		if learned[0] == 0 {
			return nil
		}
		r.model = l.shared.Restored()
		if err := r.model.Restore(src); err != nil {
			return fmt.Errorf("shop %d: %w", shop, err)
		}
		r.publish()
		return nil
	})
}

func (l *Live) readShared(src io.Reader) error {
	r := l.fresh(0)
	if err := r.index.ReadShared(src); err != nil {
		return err
	}
	if _, err := l.rows.ReadFrom(src); err != nil {
		return err
	}
	r.model = l.shared.Restored()
	if err := r.model.Restore(src); err != nil {
		return err
	}
	r.publish()
	l.old = r
	r.shop, r.ordinals = 1, nil // the vectors know items of all shops by their numbers
	l.shops.Put(1, r)           // as if it were alone, and
	l.empty = r                 // for all others, until Adopt
	return nil
}

// Adopt follows the restore of a version that had one for all shops, when it is known how many there are. A shop that is alone goes on
// as if nothing had changed. Of several each takes its sessions, and goes on from a copy of the weights that the ranker of all had
// learned; item vectors are learned anew.
func (l *Live) Adopt(shops int, of func(item uint32) (shop uint32)) {
	old := l.old
	if l.old = nil; old == nil {
		return
	}
	if shops <= 1 {
		old.ordinals, l.empty = l.ordinals, l.fresh(0)
		return
	}
	l.links, l.shared = session.NewLinks(l.links.Config()), ranker.NewShared(learnBytes)
	l.shops, l.vectors = pershop.Table[Recommender]{}, pershop.Table[embedding.Vectors]{}
	l.empty = l.fresh(0)
	moved := old.index.Split(func(item uint32) *session.Index { return l.Make(of(item)).index })
	for v := range l.rows.Len() {
		if row := l.rows.Load(v); row != 0 {
			l.rows.Set(v, uint64(session.Moved(session.Row(row), moved)))
		}
	}
	for _, r := range l.shops.All() {
		if r != nil && old.model.Learned() > 0 {
			if r.model = l.shared.Model(); r.model == nil {
				break
			}
			r.model.Take(old.model)
			r.publish()
		}
	}
}

// FreezeModel returns the model of this moment, for another goroutine to write.
func (r *Recommender) FreezeModel() io.WriterTo {
	m := *r.model
	return &m
}

// RestoreModel replaces the model by what FreezeModel wrote, of a recommender that stands by itself.
func (r *Recommender) RestoreModel(src io.Reader) error {
	if err := r.model.Restore(src); err != nil {
		return err
	}
	r.publish()
	return nil
}
