package intent

// Outcome is what became of a forecast.
type Outcome struct {
	Row    []float64
	Days   float64 // until the purchase, or until the forecast was given up
	Bought bool
}

// Pending holds the features of forecasts until their outcome is known: at the contact's next purchase, or when the last
// horizon has passed. A contact has at most one forecast pending, the oldest, so that busy contacts do not outweigh the
// others; at most Limit are held in all, and while it is full nothing is added. Times are in days.
type Pending struct {
	Limit int // 65,536 where 0

	at    map[uint32]int
	queue []held // by time of the forecast; resolved ones are gaps
	first int    // index of the queue's first in the sequence of all
}

type held struct {
	contact uint32
	time    float64
	row     []float64
}

// Add notes a forecast made now for a contact. The row is copied.
func (p *Pending) Add(contact uint32, now float64, row []float64) {
	if p.at == nil {
		p.at = make(map[uint32]int)
	}
	limit := p.Limit
	if limit == 0 {
		limit = 1 << 16
	}
	if _, held := p.at[contact]; held || len(p.at) >= limit {
		return
	}
	p.at[contact] = p.first + len(p.queue)
	p.queue = append(p.queue, held{contact, now, append([]float64(nil), row...)})
}

// Bought resolves the forecast pending for a contact who buys now.
func (p *Pending) Bought(contact uint32, now float64) (Outcome, bool) {
	i, ok := p.at[contact]
	if !ok {
		return Outcome{}, false
	}
	delete(p.at, contact)
	h := &p.queue[i-p.first]
	out := Outcome{h.row, max(0, now-h.time), true}
	h.row = nil
	return out, true
}

// Expire resolves the forecasts whose last horizon has passed without a purchase.
func (p *Pending) Expire(now float64) []Outcome {
	var out []Outcome
	n := 0
	for _, h := range p.queue {
		if h.row != nil {
			if now-h.time < Horizons[Periods-1] {
				break
			}
			out = append(out, Outcome{h.row, now - h.time, false})
			delete(p.at, h.contact)
		}
		n++
	}
	p.queue, p.first = p.queue[n:], p.first+n
	return out
}

// Len returns the number of forecasts pending.
func (p *Pending) Len() int { return len(p.at) }

// Memory keeps a bounded sample of past outcomes for Boost, each equally likely to be in it, decided by a hash of its
// number (reservoir sampling, Vitter's algorithm R).
type Memory struct {
	Rows  [][]float64
	Y     []bool
	limit int
	seen  uint64
}

// NewMemory returns an empty memory of at most so many outcomes.
func NewMemory(limit int) *Memory { return &Memory{limit: limit} }

// Add notes an outcome. The row is kept.
func (m *Memory) Add(row []float64, y bool) {
	m.seen++
	if len(m.Rows) < m.limit {
		m.Rows, m.Y = append(m.Rows, row), append(m.Y, y)
		return
	}
	if i := mix(m.seen) % m.seen; i < uint64(m.limit) {
		m.Rows[i], m.Y[i] = row, y
	}
}
