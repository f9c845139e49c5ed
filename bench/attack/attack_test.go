package attack

import (
	"testing"

	"github.com/cespare/xxhash/v2"
)

// TestCrafted: what the attack sends is what it says, so that it tests something.
func TestCrafted(t *testing.T) {
	seen := map[string]bool{}
	for _, id := range craft(20) {
		if h := xxhash.Sum64String(id); h>>30 != craftedHash>>30 || seen[id] || !printable([]byte(id)) {
			t.Errorf("%q: hash %x", id, h)
		}
		seen[id] = true
	}
}
