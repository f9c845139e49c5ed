package serve

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// maxParams is the most parameters of a pattern.
const maxParams = 3

// router finds the route of a request. It is made once and never changed: many requests read it at once. To match allocates
// nothing: segments are compared as they stand in the request, and a place has few children.
type router struct {
	routes []*route // by number; none first
	root   place
}

// place is a path of the table, or the beginning of some.
type place struct {
	segment string // the fixed segment that leads here; "" may be one, of a path that ends in a slash
	fixed   []*place
	any     *place // for a parameter
	routes  []*route
	allow   string // the methods, as the Allow header has them
}

// newRouter makes a router of a table. A table that contradicts itself is a bug in it, and a panic.
func newRouter(rows []line) *router {
	t := &router{routes: []*route{none}}
	for i := range rows {
		r := &route{rows[i], len(t.routes), []byte(rows[i].cache)}
		t.routes = append(t.routes, r)
		p := t.root.at(strings.Split(r.pattern, "/")[1:])
		if slices.ContainsFunc(p.routes, func(o *route) bool { return o.method == r.method }) {
			panic(fmt.Sprintf("two routes %s %s", r.method, r.pattern))
		}
		if strings.Count(r.pattern, "{") > maxParams {
			panic(fmt.Sprintf("%s has more than %d parameters", r.pattern, maxParams))
		}
		p.routes = append(p.routes, r)
		p.allow = allow(p.routes)
	}
	return t
}

// at returns the place of a pattern's segments, made where there is none.
func (p *place) at(segments []string) *place {
	for _, s := range segments {
		if strings.HasPrefix(s, "{") {
			if p.any == nil {
				p.any = new(place)
			}
			p = p.any
			continue
		}
		i := slices.IndexFunc(p.fixed, func(o *place) bool { return o.segment == s })
		if i < 0 {
			i = len(p.fixed)
			p.fixed = append(p.fixed, &place{segment: s})
		}
		p = p.fixed[i]
	}
	return p
}

// allow lists the methods of a path: HEAD goes with GET, and every path tells its OPTIONS.
func allow(routes []*route) string {
	var methods []string
	for _, r := range routes {
		methods = append(methods, r.method)
		if r.method == "GET" {
			methods = append(methods, "HEAD")
		}
	}
	slices.Sort(methods)
	return strings.Join(append(methods, "OPTIONS"), ", ")
}

// params are the raw values of a path's parameters, in the order of the pattern.
type params [maxParams][]byte

// find returns the place of a raw path, without its query, and its parameters; nil where there is none. A fixed segment goes
// before a parameter. A slash within a parameter comes escaped.
func (t *router) find(path []byte, into *params) *place {
	*into = params{}
	if len(path) == 0 || path[0] != '/' {
		return nil
	}
	return t.root.find(path[1:], into, 0)
}

func (p *place) find(path []byte, into *params, n int) *place {
	segment, rest, more := path, []byte(nil), false
	if i := bytes.IndexByte(path, '/'); i >= 0 {
		segment, rest, more = path[:i], path[i+1:], true
	}
	for _, next := range p.fixed {
		if next.segment == string(segment) {
			if found := next.on(rest, more, into, n); found != nil {
				return found
			}
			break
		}
	}
	if p.any == nil || len(segment) == 0 {
		return nil
	}
	into[n] = segment
	if found := p.any.on(rest, more, into, n+1); found != nil {
		return found
	}
	into[n] = nil
	return nil
}

// on goes on from a place that a segment has led to.
func (p *place) on(rest []byte, more bool, into *params, n int) *place {
	if more {
		return p.find(rest, into, n)
	}
	if len(p.routes) == 0 {
		return nil
	}
	return p
}

// take returns the route of a method, nil where the place has none. HEAD is a GET without its body.
func (p *place) take(method []byte) *route {
	for _, r := range p.routes {
		if r.method == string(method) || r.method == "GET" && string(method) == "HEAD" {
			return r
		}
	}
	return nil
}

// crosses tells whether pages of other origins may ask here at all.
func (p *place) crosses() bool {
	for _, r := range p.routes {
		if r.access == public || r.marks&(anySite|crossing) != 0 {
			return true
		}
	}
	return false
}
