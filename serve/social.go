package serve

import (
	"strconv"

	"orrery/models"
)

// readShop reads the parameter shop of an endpoint that takes no others, as it was sent.
func readShop(c *call) (shop []byte, f *fault) {
	shop, _, f = readNames(c)
	return shop, f
}

// readPerson reads the parameters shop and visitor of an endpoint that takes no others.
func readPerson(c *call) (shop, visitor []byte, f *fault) {
	if shop, visitor, f = readNames(c); f == nil {
		shop, f = c.shop(shop)
	}
	return shop, visitor, f
}

func readNames(c *call) (shop, visitor []byte, f *fault) {
	for {
		name, value, ok, more := c.args.next()
		if !more {
			break
		}
		switch string(name) {
		case "visitor":
			visitor = value
		case "shop":
			shop = value
		default:
			continue
		}
		if !ok || len(value) > maxID {
			return nil, nil, badParameter(string(name), "the value is too long or not validly escaped")
		}
	}
	return shop, visitor, nil
}

// answerSocial answers GET /v1/social/{product}. A product that nobody has looked at has nothing to tell: nulls.
func (s *Server) answerSocial(c *call) *fault {
	shop, visitor, f := readPerson(c)
	if f != nil {
		return f
	}
	proof, known := s.deps.Social.Social(shop, c.param, visitor, s.deps.Clock())
	if !known {
		proof = models.Social{ViewingNow: -1, Viewed24h: -1, Carted24h: -1, Bought24h: -1}
	}
	body := append(c.begin(), `{"item_id":`...)
	body = models.AppendString(body, c.param)
	body = appendCount(body, `,"viewing_now":`, proof.ViewingNow)
	body = appendCount(body, `,"viewed_24h":`, proof.Viewed24h)
	body = appendCount(body, `,"carted_24h":`, proof.Carted24h)
	body = appendCount(body, `,"bought_24h":`, proof.Bought24h)
	return c.end(append(body, "}\n"...))
}

// appendCount appends a count, null where it is below the floor.
func appendCount(dst []byte, member string, n int32) []byte {
	dst = append(dst, member...)
	if n < 0 {
		return append(dst, "null"...)
	}
	return strconv.AppendInt(dst, int64(n), 10)
}
