package serve

import (
	"bytes"
	"compress/gzip"
	"errors"
	"sync"

	"orrery/serve/door"
)

// gunzips are reused: a gzip reader holds 40 KB of tables.
var gunzips sync.Pool

// inflate decompresses a body into at most limit bytes, as they are needed.
func (s *Server) inflate(c *call, body []byte, limit int, at *pace) ([]byte, error) {
	r, _ := gunzips.Get().(*gzip.Reader)
	if r == nil {
		r = new(gzip.Reader)
	}
	defer gunzips.Put(r)
	if err := r.Reset(bytes.NewReader(body)); err != nil {
		return nil, errors.Join(errGzip, err)
	}
	plain, err := c.plain.Read(s.bodies, &paced{r, at}, -1, limit)
	if err == nil || errors.Is(err, door.ErrTooLarge) || errors.Is(err, door.ErrBusy) {
		return plain, err
	}
	return plain, errors.Join(errGzip, err)
}

var errGzip = errors.New("the body is not valid gzip")
