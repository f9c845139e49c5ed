package serve

import (
	"github.com/valyala/fasthttp"

	"orrery/models"
)

// fault is an error answer: {"error":{"code","message","field"}}.
type fault struct {
	status  int
	code    string // for programs: stable
	message string // for people
	field   string // the parameter or member at fault, where there is one
}

func badParameter(field, message string) *fault {
	return &fault{fasthttp.StatusBadRequest, "bad_parameter", message, field}
}

func badBody(field, message string) *fault {
	return &fault{fasthttp.StatusBadRequest, "bad_body", message, field}
}

func notFound(code, message string) *fault {
	return &fault{fasthttp.StatusNotFound, code, message, ""}
}

// append appends the inner object.
func (f *fault) append(dst []byte) []byte {
	dst = append(dst, `{"code":`...)
	dst = models.AppendString(dst, f.code)
	dst = append(dst, `,"message":`...)
	dst = models.AppendString(dst, f.message)
	if f.field != "" {
		dst = append(dst, `,"field":`...)
		dst = models.AppendString(dst, f.field)
	}
	return append(dst, '}')
}

// setStatus sets the status of an answer, and when to ask again where it says that this may help.
func setStatus(ctx *fasthttp.RequestCtx, status int) {
	ctx.SetStatusCode(status)
	if (status == fasthttp.StatusTooManyRequests || status == fasthttp.StatusServiceUnavailable) && len(ctx.Response.Header.Peek(fasthttp.HeaderRetryAfter)) == 0 {
		ctx.Response.Header.Set(fasthttp.HeaderRetryAfter, "1")
	}
}

// answerFault replaces whatever the response held.
func answerFault(ctx *fasthttp.RequestCtx, f *fault) {
	setStatus(ctx, f.status)
	ctx.Response.Header.SetContentType(typeJSON)
	ctx.Response.Header.SetCanonical(headerNoSniff, noSniff)
	ctx.Response.Header.SetCanonical(headerCacheControl, noStore)
	body := append(ctx.Response.SwapBody(nil)[:0], `{"error":`...)
	body = f.append(body)
	ctx.Response.SwapBody(append(body, '}', '\n'))
}
