package neighbours

import (
	"sync"
	"testing"
)

// Readers walk lists that grow and move: they see neighbours of the item that they ask for, and each once.
func TestReadersDuringGrowth(t *testing.T) {
	const items, rounds = 700, 30
	l := New(256, 0)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for r := range uint32(2) {
		wg.Go(func() {
			var near []Neighbour
			seen := map[uint32]bool{}
			for item := r; ; item = (item + 7) % items {
				select {
				case <-stop:
					return
				default:
				}
				near, _ = l.Read(near[:0], 1, item+1, start)
				clear(seen)
				for _, n := range near {
					if n.Item/1000 != item || seen[n.Item] {
						t.Errorf("item %d has the neighbour %d (twice: %v)", item, n.Item, seen[n.Item])
						return
					}
					seen[n.Item] = true
				}
			}
		})
	}
	// The lists take turns, so that what one grows out of another grows into at once.
	for n := range uint32(rounds * 16) {
		for item := range uint32(items) {
			l.Add(1, item+1, item*1000+n%(1+(n+item)%900), 1)
		}
	}
	close(stop)
	wg.Wait()
}
