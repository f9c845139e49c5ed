package serve

import (
	"encoding/json"
	"strconv"

	"github.com/valyala/fasthttp"

	"orrery/models"
)

// productAnswer is what is told of a product.
type productAnswer struct {
	models.ProductState
	Feed *productFeed `json:"feed,omitempty"`
}

// productFeed is what a shop's newest feed says wrongly of a product.
type productFeed struct {
	At       string        `json:"at"`
	Problems []FeedProblem `json:"problems"`
}

// answerProduct answers GET /v1/products/{id}: what is known of a product, and why frames do not show it.
func (s *Server) answerProduct(c *call) *fault {
	shop, _, f := readPerson(c)
	if f != nil {
		return f
	}
	state, known := s.deps.Products.ProductState(shop, c.param)
	var answer productAnswer
	if s.deps.Feeds != nil {
		if problems, at := s.deps.Feeds.FeedProblems(string(shop), string(models.CanonicalID(c.param))); len(problems) > 0 {
			answer.Feed = &productFeed{At: string(models.AppendTime(nil, at)), Problems: problems}
		}
	}
	if !known {
		if answer.Feed == nil {
			return notFound("unknown_product", "no event and no feed has named the product "+strconv.Quote(string(c.param)))
		}
		state = models.ProductState{ID: string(c.param), Hidden: "refused", Why: "the newest feed's row of it is refused, and nothing else has named it: see feed"}
	}
	answer.ProductState = state
	body, err := json.Marshal(answer)
	if err != nil {
		s.cfg.Logger.Error("BUG: what is known of a product is no JSON", "error", err)
		return &fault{fasthttp.StatusInternalServerError, "internal", "the server failed to answer; this is a bug in it", ""}
	}
	c.ctx.Response.Header.SetContentType(typeJSON)
	return c.end(append(append(c.begin(), body...), '\n'))
}
