package files

import "orrery/models"

// arena hands out bytes that are never written again, from chunks that the garbage collector takes back when the last
// record in them has been let go of.
type arena struct{ chunk []byte }

const arenaChunk = 256 << 10

func (a *arena) room(n int) {
	if cap(a.chunk)-len(a.chunk) < n {
		a.chunk = make([]byte, 0, max(arenaChunk, n))
	}
}

func (a *arena) event(e *models.Event) []byte {
	a.room(512 + 256*len(e.Items))
	from := len(a.chunk)
	a.chunk = models.Append(a.chunk, e)
	return a.chunk[from:len(a.chunk):len(a.chunk)]
}

func (a *arena) copy(b []byte) []byte {
	if b == nil {
		return nil
	}
	a.room(len(b))
	from := len(a.chunk)
	a.chunk = append(a.chunk, b...)
	return a.chunk[from:len(a.chunk):len(a.chunk)]
}
