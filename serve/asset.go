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

// assetFiles names the file behind each page.
var assetFiles = map[route][2]string{
	routeHome:       {"dashboard.html", typeHTML},
	routeScript:     {"dashboard.js", typeScript},
	routeStyle:      {"dashboard.css", typeStyle},
	routeIcon:       {"icon.svg", typeSVG},
	routeDocs:       {"docs.html", typeHTML},
	routeDocsScript: {"docs.js", typeScript},
	routeOpenAPI:    {"openapi.yaml", typeYAML},
	routeTracker:    {"t.js", typeScript},
	routeShop:       {"shop.html", typeHTML},
	routeShopScript: {"shop.js", typeScript},
	routeShopStyle:  {"shop.css", typeStyle},
}

// pagePolicy is the Content-Security-Policy of the pages: nothing from elsewhere but product images.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' http: https: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func newAssets() map[route]asset {
	assets := make(map[route]asset, len(assetFiles))
	for r, file := range assetFiles {
		content, err := web.ReadFile("web/" + file[0])
		if err != nil {
			panic(err) // the file is part of the program: a test would have met this
		}
		assets[r] = asset{content, fasthttp.AppendGzipBytesLevel(nil, content, fasthttp.CompressBestCompression), file[1], `"` + strconv.FormatUint(uint64(crc32.ChecksumIEEE(content)), 36) + `"`}
	}
	return assets
}

// answerAsset answers with an embedded file, or 304 where the browser has it.
func (s *Server) answerAsset(c *call) *fault {
	a := s.assets[c.route]
	header := &c.ctx.Response.Header
	header.Set(fasthttp.HeaderETag, "W/"+a.hash) // weak: the same for the compressed one
	header.Set(fasthttp.HeaderVary, fasthttp.HeaderAcceptEncoding)
	header.Set(fasthttp.HeaderCacheControl, "no-cache")
	if c.route == routeTracker {
		header.Set(fasthttp.HeaderCacheControl, "public, max-age=3600")
		header.Set("Cross-Origin-Resource-Policy", "cross-origin")
		if len(c.ctx.Request.Header.PeekCanonical(headerOrigin)) > 0 { // <script crossorigin>: what stands here is no secret
			header.Set(fasthttp.HeaderAccessControlAllowOrigin, "*")
		}
	}
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
