package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
)

// Newest is the newest feed that was taken of a shop.
type Newest struct {
	At     models.Time `json:"at"`
	Report Report      `json:"report"`
}

// remember keeps what became of a shop's newest feed, for whoever asks why a product is not shown. Where the disk does not take it, it is
// known until the next start, and the feed is taken all the same.
func (t *Taker) remember(shop string, n *Newest) {
	t.newest.Store(shop, n)
	b, err := json.Marshal(n)
	if err == nil {
		err = os.WriteFile(t.newestPath(shop), b, 0o600)
	}
	if err != nil {
		n.Report.Problems = append(n.Report.Problems, Problem{Reason: "it is taken, and what became of it could not be kept: " + err.Error()})
	}
}

func (t *Taker) newestPath(shop string) string {
	return filepath.Join(t.cfg.Dir, fmt.Sprintf("newest-%016x.json", xxhash.Sum64String(shop)))
}

// Newest returns the newest feed that this server has taken of a shop, nil where there is none. Any goroutine may call it.
func (t *Taker) Newest(shop string) *Newest {
	if n, ok := t.newest.Load(shop); ok {
		return n.(*Newest)
	}
	n := new(Newest)
	b, err := os.ReadFile(t.newestPath(shop))
	if err == nil {
		err = json.Unmarshal(b, n)
	}
	if err != nil {
		n = nil
	}
	if err == nil || errors.Is(err, os.ErrNotExist) { // it is looked for once
		t.newest.Store(shop, n)
	}
	return n
}

// Of returns what a person would mend of a product, as far as it is kept.
func (n *Newest) Of(product string) (problems []Problem) {
	for _, p := range n.Report.Problems {
		if p.ID == product {
			problems = append(problems, p)
		}
	}
	return problems
}
