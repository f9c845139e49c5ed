package serve

import (
	"bytes"
	"compress/gzip"
	"io"
	"sync"
)

// gunzips are reused: a gzip reader holds 40 KB of tables.
var gunzips sync.Pool

// inflate decompresses a body into at most limit bytes. What comes out is new memory, as large as what it holds.
func inflate(body []byte, limit int) ([]byte, *fault) {
	r, _ := gunzips.Get().(*gzip.Reader)
	if r == nil {
		r = new(gzip.Reader)
	}
	defer gunzips.Put(r)
	broken := badBody("", "the body is not valid gzip")
	if r.Reset(bytes.NewReader(body)) != nil {
		return nil, broken
	}
	var out bytes.Buffer
	n, err := io.Copy(&out, io.LimitReader(r, int64(limit)+1))
	switch {
	case n > int64(limit):
		return nil, tooLarge(limit)
	case err != nil:
		return nil, broken
	}
	return out.Bytes(), nil
}
