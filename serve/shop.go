package serve

import (
	"bytes"
	"hash/fnv"
	"strconv"

	"github.com/valyala/fasthttp"

	"orrery/models"
)

// productMark is where a product page carries its product.
var productMark = []byte("<!--product-->")

// shopProduct answers the demo shop's product pages: the shop's one document, which carries the product as JSON-LD, as real
// shops do. The tracker reads it from there, and so does the page's script.
func shopProduct() handler {
	before, after, _ := bytes.Cut(file("shop.html"), productMark)
	return func(s *Server, c *call) *fault {
		header := &c.ctx.Response.Header
		header.SetContentType(typeHTML)
		header.Set(fasthttp.HeaderContentSecurityPolicy, pagePolicy)
		body := append(c.begin(), before...)
		body = s.appendLinkedData(body, c.param)
		return c.end(append(body, after...))
	}
}

// appendLinkedData appends a product as schema.org's JSON-LD.
func (s *Server) appendLinkedData(dst, id []byte) []byte {
	p := models.Product{ID: id, Title: id}
	if s.deps.Catalogue != nil {
		if known, ok := s.deps.Catalogue.Product(nil, id); ok {
			p = known
		}
	}
	dst = append(dst, `<script type="application/ld+json">{"@context":"https://schema.org","@type":"Product"`...)
	dst = models.AppendString(appendMember(dst, "sku"), p.ID)
	dst = models.AppendString(appendMember(dst, "name"), p.Title)
	dst = models.AppendString(appendMember(dst, "category"), p.Category)
	dst = models.AppendString(appendMember(dst, "brand"), p.Brand)
	if price := p.Price; price > 0 {
		if p.Sale > 0 {
			price = p.Sale
		}
		dst = append(appendMember(dst, "offers"), `{"@type":"Offer"`...)
		dst = models.AppendMoney(appendMember(dst, "price"), price)
		dst = models.AppendString(appendMember(dst, "priceCurrency"), p.Currency)
		dst = append(dst, '}')
	}
	return append(dst, `}</script>`...)
}

// palettes are the colours of drawings: ground, light, dark, accent.
var palettes = [...][4]string{
	{"#e8ddcb", "#c9a66b", "#3d4b5c", "#b4553c"}, {"#dfe4dc", "#8fae92", "#2f4a43", "#d9a441"},
	{"#dcdfe8", "#8ea3c9", "#28344f", "#d8ab52"}, {"#ecdcd6", "#d39a86", "#573440", "#4f7a78"},
	{"#e3dfea", "#a797c4", "#3b3357", "#d98b5f"}, {"#d9e6e8", "#7fb0b6", "#234650", "#d66b5b"},
	{"#efe6d2", "#dcb75a", "#4a3b28", "#5b7fa6"}, {"#e4e4e0", "#a5a79d", "#32353a", "#c2703d"},
}

// drawings are the compositions, on a square of 200; {1} to {3} stand for the palette's colours.
var drawings = [...]string{
	`<path d="M30 130a70 70 0 0 1 140 0z" fill="{1}"/><circle cx="128" cy="82" r="30" fill="{3}"/><path d="M30 130h140v12H30z" fill="{2}"/>`,
	`<path d="M40 160V40a120 120 0 0 1 120 120z" fill="{1}"/><path d="M40 160V90a70 70 0 0 1 70 70z" fill="{2}"/><circle cx="146" cy="60" r="20" fill="{3}"/>`,
	`<circle cx="100" cy="100" r="62" fill="{1}"/><path d="M100 38a62 62 0 0 1 0 124z" fill="{2}"/><circle cx="100" cy="100" r="18" fill="{3}"/>`,
	`<path d="M62 160V84a38 38 0 0 1 76 0v76z" fill="{2}"/><circle cx="100" cy="84" r="22" fill="{3}"/><path d="M40 160h120v10H40z" fill="{1}"/>`,
	`<ellipse cx="100" cy="100" rx="76" ry="30" transform="rotate(-24 100 100)" fill="none" stroke="{2}" stroke-width="5"/><circle cx="100" cy="100" r="40" fill="{1}"/><circle cx="166" cy="72" r="12" fill="{3}"/>`,
	`<path d="M46 56h108v22H46zm0 34h108v22H46z" fill="{1}"/><path d="M46 124h108v22H46z" fill="{2}"/><circle cx="132" cy="78" r="27" fill="{3}"/>`,
	`<path d="M100 36l64 110H36z" fill="{1}"/><path d="M100 36l64 110h-64z" fill="{2}"/><circle cx="100" cy="118" r="20" fill="{3}"/>`,
}

// answerPicture answers with a drawing for a product, made from its id alone: a demo needs pictures, and has no photographs.
func (s *Server) answerPicture(c *call) *fault {
	header := &c.ctx.Response.Header
	header.SetContentType(typeSVG)
	return c.end(appendDrawing(c.begin(), bytes.TrimSuffix(c.param, []byte(".svg"))))
}

func appendDrawing(dst, id []byte) []byte {
	h := fnv.New64a()
	h.Write(id)
	n := h.Sum64()
	n = (n ^ n>>29) * 0xbf58476d1ce4e5b9 // ids of a shop differ in a digit; spread that over all bits
	n ^= n >> 32
	palette, drawing := &palettes[n%uint64(len(palettes))], drawings[n>>16%uint64(len(drawings))]
	dst = append(dst, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" width="600" height="600"><rect width="200" height="200" fill="`...)
	dst = append(dst, palette[0]...)
	dst = append(dst, `"/><g transform="rotate(`...)
	dst = strconv.AppendUint(dst, n>>32%4*90, 10)
	dst = append(dst, ` 100 100)">`...)
	for i := 0; i < len(drawing); i++ {
		if drawing[i] == '{' {
			dst = append(dst, palette[drawing[i+1]-'0']...)
			i += 2
			continue
		}
		dst = append(dst, drawing[i])
	}
	return append(dst, `</g></svg>`...)
}
