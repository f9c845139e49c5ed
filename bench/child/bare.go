package child

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/valyala/fasthttp"
)

// ServeBare is what "bench bare" does: it reads bodies from in, as Bare writes them, and answers with them until in ends.
// The listener is set up as serve sets up its own.
func ServeBare(listen string, in io.Reader) error {
	lines := bufio.NewReader(in)
	bodies, err := readBodies(lines)
	if err != nil {
		return fmt.Errorf("cannot read what to answer: %w", err)
	}
	server := &fasthttp.Server{
		Handler: func(ctx *fasthttp.RequestCtx) {
			path := ctx.URI().PathOriginal()
			for i := range bodies {
				if bytes.HasPrefix(path, bodies[i].prefix) {
					ctx.Response.Header.SetContentType("application/json")
					ctx.Response.SetBodyRaw(bodies[i].bytes)
					return
				}
			}
			ctx.SetStatusCode(fasthttp.StatusNotFound)
		},
		ReadBufferSize: 16 << 10, ReadTimeout: 75 * time.Second, IdleTimeout: 75 * time.Second, WriteTimeout: 30 * time.Second,
		NoDefaultServerHeader: true, NoDefaultDate: true, NoDefaultContentType: true, DisablePreParseMultipartForm: true,
	}
	go func() {
		io.Copy(io.Discard, lines) // until whoever started this is gone
		server.Shutdown()
	}()
	if err := server.ListenAndServe(listen); err != nil {
		return fmt.Errorf("cannot serve on %q: %w", listen, err)
	}
	return nil
}

type bareBody struct{ prefix, bytes []byte }

func readBodies(in *bufio.Reader) ([]bareBody, error) {
	var bodies []bareBody
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line == "\n" {
			return bodies, nil
		}
		var prefix string
		var n int
		if _, err := fmt.Sscanf(line, "%s %d\n", &prefix, &n); err != nil || n < 0 || n > 16<<20 {
			return nil, fmt.Errorf("cannot read line %q", line)
		}
		b := bareBody{[]byte(prefix), make([]byte, n)}
		if _, err := io.ReadFull(in, b.bytes); err != nil {
			return nil, err
		}
		bodies = append(bodies, b)
	}
}
