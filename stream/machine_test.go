package stream

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"sync"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
)

// ledger is a Machine for tests: per person a hash over the sequence of his events of each topic, which any loss,
// repeat or disorder within a partition changes, and totals that do not depend on how partitions interleave.
type ledger struct {
	mu     sync.Mutex
	people map[string]uint64 // topic/person -> hash of the events so far
	counts map[string]int    // by event name
	value  models.Money      // of purchases
	slow   func()            // called once a batch, if set
	seed   uint64

	room  int // shops that are admitted; 0: any
	shops map[string]bool
}

func newLedger() *ledger {
	return &ledger{people: make(map[string]uint64), counts: make(map[string]int), shops: make(map[string]bool)}
}

// Admit refuses a shop beyond the number set.
func (l *ledger) Admit(e *models.Event) *models.Invalid {
	if l.room == 0 || l.shops[string(e.Shop)] {
		return nil
	}
	if len(l.shops) == l.room {
		return &models.Invalid{Field: "shop", Code: models.NoRoom, Reason: "shop is one too many"}
	}
	l.shops[string(e.Shop)] = true
	return nil
}

func (l *ledger) Apply(events []*models.Event) {
	if l.slow != nil {
		l.slow()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		who := string(e.Person())
		if e.Kind.Topic() == models.Catalogue {
			who = string(e.Items[0].ID)
		}
		key := string(e.Kind.Topic()) + "/" + who
		var b [16]byte
		binary.LittleEndian.PutUint64(b[:], l.people[key])
		binary.LittleEndian.PutUint64(b[8:], uint64(e.Time))
		l.people[key] = xxhash.Sum64(append(append(b[:], e.Name...), e.ID...))
		l.counts[string(e.Name)]++
		if e.Kind == models.Purchase {
			l.value += e.Value
		}
	}
}

type ledgerState struct {
	People map[string]uint64
	Counts map[string]int
	Value  models.Money
}

// String is short: who has another sequence is seldom of interest.
func (s ledgerState) String() string {
	b, err := json.Marshal(s.People) // sorted
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("{%d people %x, %v, value %v}", len(s.People), xxhash.Sum64(b), s.Counts, s.Value)
}

func (l *ledger) state() ledgerState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return ledgerState{maps.Clone(l.people), maps.Clone(l.counts), l.value}
}

func (l *ledger) total() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, c := range l.counts {
		n += c
	}
	return n
}

func (l *ledger) Freeze() []Section {
	return []Section{{Name: "ledger", Version: 1, Data: frozenLedger{l.state()}}}
}

type frozenLedger struct{ state ledgerState }

func (f frozenLedger) WriteTo(w io.Writer) (int64, error) {
	b, err := json.Marshal(f.state)
	if err != nil {
		return 0, err
	}
	n, err := w.Write(b)
	return int64(n), err
}

func (l *ledger) Restore(name string, version uint16, r io.Reader) error {
	if name != "ledger" || version != 1 {
		return fmt.Errorf("cannot restore section %q version %d: it is unknown", name, version)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	var s ledgerState
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	l.people, l.counts, l.value = s.People, s.Counts, s.Value
	return nil
}

func (l *ledger) Seed(n uint64) { l.seed = n }
