package people

import (
	"testing"

	"github.com/cespare/xxhash/v2"

	"orrery/models"
	"orrery/models/flood"
	"orrery/models/intern"
)

// An id that is made up to have the hash of somebody else's is somebody else's where there is no seed only.
func TestMadeUpPerson(t *testing.T) {
	anna := []byte("anna@example.com")
	twin := flood.Preimage(xxhash.Sum64(anna), "attacker")
	for seed, one := range map[uint64]bool{0: true, 9: false} {
		p := New(Config{})
		p.Seed(intern.SeedOf(seed))
		if got := p.Contact(0, anna) == p.Contact(0, twin); got != one {
			t.Errorf("under seed %d the two are one: %t", seed, got)
		}
		if got := p.Visitor(0, anna) == p.Visitor(0, twin); got != one {
			t.Errorf("under seed %d the two browsers are one: %t", seed, got)
		}
		v := p.Visitor(1, []byte("v"))
		buy := func(id []byte) bool {
			_, _, fresh := p.Purchase(v, &Order{Hash: p.HashOf(0, id), ID: id, Time: models.MinTime})
			return fresh
		}
		if buy(anna); buy(twin) == one {
			t.Errorf("under seed %d the two orders are one: %t", seed, !one)
		}
	}
}
