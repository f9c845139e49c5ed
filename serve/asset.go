package serve

import (
	"bytes"
	"embed"
	"hash/crc32"
	"strconv"

	"github.com/valyala/fasthttp"
)

//go:embed web
var web embed.FS

// asset is an embedded file with its headers.
type asset struct {
	content []byte
	gzipped []byte // the same, compressed once
	kind    string // Content-Type
	hash    string // quoted
}

// pagePolicy is the Content-Security-Policy of the pages: nothing from elsewhere but product images.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' http: https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// file returns an embedded file.
func file(name string) []byte {
	content, err := web.ReadFile("web/" + name)
	if err != nil {
		panic(err) // the file is part of the program: a test would have met this
	}
	return content
}

func newAsset(name, kind string) *asset {
	content := file(name)
	hash := `"` + strconv.FormatUint(uint64(crc32.ChecksumIEEE(content)), 36) + `"`
	return &asset{content, fasthttp.AppendGzipBytesLevel(nil, content, fasthttp.CompressBestCompression), kind, hash}
}

// page answers with an embedded file.
func page(name, kind string) handler {
	a := newAsset(name, kind)
	return func(_ *Server, c *call) *fault { return a.answer(c) }
}

// script answers with a script that shops' pages load, from wherever they are.
func script(name, kind string) handler {
	a := newAsset(name, kind)
	return func(_ *Server, c *call) *fault {
		header := &c.ctx.Response.Header
		header.Set("Cross-Origin-Resource-Policy", "cross-origin")
		if len(c.ctx.Request.Header.PeekCanonical(headerOrigin)) > 0 { // <script crossorigin>: what stands here is no secret
			header.Set(fasthttp.HeaderAccessControlAllowOrigin, "*")
		}
		return a.answer(c)
	}
}

// answer answers with the file, or 304 where the browser has it.
func (a *asset) answer(c *call) *fault {
	header := &c.ctx.Response.Header
	header.Set(fasthttp.HeaderETag, "W/"+a.hash) // weak: the same for the compressed one
	header.Set(fasthttp.HeaderVary, fasthttp.HeaderAcceptEncoding)
	header.Set(fasthttp.HeaderContentSecurityPolicy, pagePolicy)
	header.SetContentType(a.kind)
	if bytes.Contains(c.ctx.Request.Header.Peek(fasthttp.HeaderIfNoneMatch), []byte(a.hash)) { // one of a list, maybe
		c.ctx.SetStatusCode(fasthttp.StatusNotModified)
		return nil
	}
	if c.ctx.Request.Header.HasAcceptEncoding("gzip") {
		header.SetContentEncoding("gzip")
		c.ctx.Response.SetBodyRaw(a.gzipped)
		return nil
	}
	c.ctx.Response.SetBodyRaw(a.content)
	return nil
}
