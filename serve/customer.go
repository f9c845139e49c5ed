package serve

import (
	"math"
	"strconv"

	"orrery/models"
)

// appendCustomer appends what purchases say about a contact, null for who has not bought.
func appendCustomer(dst []byte, c *models.Customer) []byte {
	if c == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, '{')
	dst = appendDay(appendMember(dst, "first_purchase"), c.First)
	dst = appendDay(appendMember(dst, "last_purchase"), c.Last)
	dst = appendUint(dst, "purchase_days", uint64(c.Days))
	dst = appendUint(dst, "orders", uint64(c.Orders))
	dst = appendAmount(appendMember(dst, "spent"), c.Spent)
	dst = models.AppendString(appendMember(dst, "currency"), c.Currency)
	dst = appendMember(dst, "median_gap_days")
	if c.Days > 1 {
		dst = appendDecimal(dst, c.Gap, 1)
	} else {
		dst = append(dst, "null"...)
	}
	dst = appendScores(appendMember(dst, "rfm"), c)
	dst = appendMember(dst, "gate")
	if c.Gate == "" {
		dst = appendForecast(append(dst, "null"...), c)
	} else {
		dst = appendBaseRate(models.AppendString(dst, c.Gate), c)
	}
	return append(dst, '}')
}

func appendScores(dst []byte, c *models.Customer) []byte {
	dst = append(dst, `{"segment":`...)
	dst = models.AppendString(dst, c.Segment)
	dst = appendUint(dst, "recency_days", uint64(c.Age))
	for i, name := range [...]string{"r", "f", "m"} {
		dst = appendUint(dst, name, uint64(c.Score[i]))
	}
	dst = append(appendMember(dst, "percentiles"), '{')
	for i, name := range [...]string{"r", "f", "m"} {
		dst = appendDecimal(appendMember(dst, name), c.Percentile[i], 4)
	}
	return append(dst, "}}"...)
}

// appendForecast appends what the models say.
func appendForecast(dst []byte, c *models.Customer) []byte {
	dst = append(appendMember(dst, "churn"), `{"alive":`...)
	dst = appendDecimal(dst, c.Alive, 4)
	dst = append(appendUint(dst, "band", uint64(c.Band)), '}')
	dst = append(appendMember(dst, "buy"), `{"days_7":`...)
	dst = appendDecimal(dst, c.Buy7, 4)
	dst = append(appendDecimal(appendMember(dst, "days_28"), c.Buy28, 4), '}')
	dst = append(appendMember(dst, "year"), `{"purchase_days":`...)
	dst = appendDecimal(dst, c.Year, 4)
	dst = appendDecimal(appendMember(dst, "order_value"), c.Order, 2)
	dst = append(appendDecimal(appendMember(dst, "spend"), c.Value, 2), '}')
	dst = append(appendMember(dst, "next_purchase"), `{"median_days":`...)
	dst = appendDays(dst, c.Next)
	return append(appendDays(appendMember(dst, "days_late"), c.Late), '}')
}

// appendDays appends a number of days, null where it is more than a century: of what may never come.
func appendDays(dst []byte, days float64) []byte {
	if !(math.Abs(days) <= 36500) {
		return append(dst, "null"...)
	}
	return appendDecimal(dst, days, 1)
}

// appendBaseRate appends what is said in place of a forecast.
func appendBaseRate(dst []byte, c *models.Customer) []byte {
	dst = append(appendMember(dst, "churn"), "null"...)
	dst = appendMember(dst, "buy")
	if c.BaseN == 0 && c.Buy28 == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = appendDecimal(append(dst, `{"days_7":`...), c.Buy7, 4)
		dst = appendDecimal(appendMember(dst, "days_28"), c.Buy28, 4)
		dst = append(appendUint(dst, "base_rate_of", uint64(c.BaseN)), '}')
	}
	dst = append(appendMember(dst, "year"), "null"...)
	return append(appendMember(dst, "next_purchase"), "null"...)
}

// appendDay appends a quoted date; 0 is null.
func appendDay(dst []byte, t models.Time) []byte {
	if t == 0 {
		return append(dst, "null"...)
	}
	return append(t.Std().AppendFormat(append(dst, '"'), "2006-01-02"), '"')
}

// answerRFM answers GET /v1/rfm.
func (s *Server) answerRFM(c *call) *fault {
	shop, _, f := readPerson(c)
	if f != nil {
		return f
	}
	r, known := s.deps.Customers.RFM(shop, s.deps.Clock())
	if !known {
		return noCustomers()
	}
	return c.end(append(appendRFM(c.begin(), &r), '\n'))
}

func noCustomers() *fault {
	return notFound("no_customers", "no known contact has bought in this shop; orders count for the contact that they name or that their visitor is identified as")
}

func appendRFM(dst []byte, r *models.RFM) []byte {
	dst = append(dst, `{"shop":`...)
	dst = models.AppendString(dst, r.Shop)
	dst = appendDay(appendMember(dst, "day"), r.Day)
	dst = appendUint(dst, "customers", uint64(r.Customers))
	dst = models.AppendString(appendMember(dst, "currency"), r.Currency)
	dst = appendUint(dst, "orders_in_other_currencies", r.Foreign)
	dst = appendMember(dst, "gate")
	if r.Young {
		dst = append(dst, `"the first order is less than 90 days old: recency cannot be judged yet"`...)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(appendMember(dst, "grid"), '[')
	for i := range r.Grid {
		for k := range r.Grid[i] {
			if i+k > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, `{"r":`...)
			dst = strconv.AppendInt(dst, int64(i+1), 10)
			dst = appendUint(dst, "f", uint64(k+1))
			dst = models.AppendString(appendMember(dst, "segment"), r.Segments[i][k])
			dst = append(appendUint(dst, "customers", uint64(r.Grid[i][k])), '}')
		}
	}
	dst = append(append(dst, ']'), `,"edges":{"recency_days":[`...)
	for i, e := range r.Recency {
		dst = appendReached(comma(dst, i), e >= 0, float64(e), 0)
	}
	dst = append(dst, `],"frequency":[`...)
	for i, e := range r.Frequency {
		dst = appendReached(comma(dst, i), e > 0, float64(e), 0)
	}
	dst = append(dst, `],"monetary":[`...)
	for i, e := range r.Monetary {
		dst = appendReached(comma(dst, i), e >= 0, e, 2)
	}
	return append(dst, "]}}"...)
}

// appendReached appends an edge; one that nobody reaches is null.
func appendReached(dst []byte, reached bool, edge float64, decimals int) []byte {
	if !reached {
		return append(dst, "null"...)
	}
	return appendDecimal(dst, edge, decimals)
}

// comma separates element i from the one before.
func comma(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return dst
}
