package serve

import (
	"math"
	"strconv"

	"orrery/models"
)

// answerModels answers GET /v1/models.
func (s *Server) answerModels(c *call) *fault {
	shop, _, f := readPerson(c)
	if f != nil {
		return f
	}
	m, known := s.deps.Customers.CustomerModels(shop)
	if !known {
		return noCustomers()
	}
	body := appendModels(c.begin(), &m)
	body = appendMember(body[:len(body)-1], "fit")
	return c.end(append(s.appendFit(body, shop), "}\n"...))
}

// appendFit appends how the learning of a shop's models stands.
func (s *Server) appendFit(dst, shop []byte) []byte {
	if s.deps.Fits == nil {
		return append(dst, "null"...)
	}
	fit := s.deps.Fits.FitOf(shop)
	dst = models.AppendString(append(dst, `{"state":`...), fit.State)
	return append(models.AppendString(appendMember(dst, "reason"), fit.Reason), '}')
}

func appendModels(dst []byte, m *models.CustomerModels) []byte {
	dst = append(dst, `{"shop":`...)
	dst = models.AppendString(dst, m.Shop)
	dst = appendUint(dst, "customers", uint64(m.Customers))
	dst = appendGate(appendMember(dst, "gate"), m.Gate)
	dst = appendDay(appendMember(dst, "fitted"), m.Fitted)
	dst = appendMember(dst, "base_rate_28")
	if m.BaseOf == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = appendDecimal(dst, m.BaseRate, 4)
	}
	dst = appendMember(dst, "model")
	if m.Model == "" {
		dst = append(dst, "null"...)
	} else {
		dst = appendModel(dst, m)
	}
	dst = appendCandidates(appendMember(dst, "candidates"), m.Candidates)
	dst = appendCalibration(appendMember(dst, "calibration"), m.Calibration)
	dst = appendIntentQuality(appendMember(dst, "session_intent"), m.Intent)
	for i, name := range [...]string{"outlook_7", "outlook_28"} {
		var q *models.IntentQuality
		if m.Outlook != nil {
			q = &m.Outlook[i]
		}
		dst = appendIntentQuality(appendMember(dst, name), q)
	}
	dst = appendIntentQuality(appendMember(dst, "product_intent"), m.Product)
	return append(appendCategoryQuality(appendMember(dst, "next_category"), m.Shelf), '}')
}

func appendModel(dst []byte, m *models.CustomerModels) []byte {
	dst = append(dst, `{"name":`...)
	dst = models.AppendString(dst, m.Model)
	dst = appendParams(appendMember(dst, "params"), m.Params)
	dst = appendNumber(appendMember(dst, "log_likelihood"), m.LogLikelihood)
	dst = strconv.AppendBool(appendMember(dst, "recent"), m.Recent)
	dst = appendNumber(appendMember(dst, "factor"), m.Factor)
	dst = models.AppendString(appendMember(dst, "why"), m.Why)
	dst = appendMember(dst, "spend")
	if m.Spend == nil {
		return append(dst, "null}"...)
	}
	dst = append(dst, `{"name":"gamma-gamma"`...)
	dst = appendParams(appendMember(dst, "params"), m.Spend)
	return append(appendNumber(appendMember(dst, "log_likelihood"), m.SpendLL), "}}"...)
}

func appendParams(dst []byte, params []models.Param) []byte {
	dst = append(dst, '{')
	for _, p := range params {
		dst = appendNumber(appendMember(dst, p.Name), p.Value)
	}
	return append(dst, '}')
}

func appendCandidates(dst []byte, all []models.ModelCandidate) []byte {
	dst = append(dst, '[')
	for i := range all {
		c := &all[i]
		dst = models.AppendString(append(comma(dst, i), `{"name":`...), c.Model)
		dst = strconv.AppendBool(appendMember(dst, "recent"), c.Recent)
		dst = appendNumber(appendMember(dst, "log_score"), c.LogScore)
		dst = append(appendMember(dst, "windows"), '[')
		for k, w := range c.Windows {
			dst = appendDay(append(comma(dst, k), `{"from":`...), w.From)
			dst = appendDay(appendMember(dst, "to"), w.To)
			dst = appendNumber(appendMember(dst, "actual"), w.Actual)
			dst = append(appendNumber(appendMember(dst, "expected"), w.Expected), '}')
		}
		dst = append(dst, "]}"...)
	}
	return append(dst, ']')
}

func appendCalibration(dst []byte, c *models.Calibration) []byte {
	if c == nil {
		return append(dst, "null"...)
	}
	dst = appendDay(append(dst, `{"from":`...), c.From)
	dst = appendUint(dst, "days", uint64(c.Days))
	dst = models.AppendString(appendMember(dst, "model"), c.Model)
	dst = appendUint(dst, "customers", uint64(c.Customers))
	dst = appendDecimal(appendMember(dst, "log_loss"), c.LogLoss, 4)
	dst = appendDecimal(appendMember(dst, "base_rate_log_loss"), c.BaseLoss, 4)
	dst = appendDecimal(appendMember(dst, "ece"), c.ECE, 4)
	dst = append(appendMember(dst, "bins"), '[')
	for i, b := range c.Bins {
		dst = append(comma(dst, i), `{"customers":`...)
		dst = strconv.AppendInt(dst, int64(b.Customers), 10)
		dst = appendDecimal(appendMember(dst, "predicted"), b.Predicted, 4)
		dst = append(appendDecimal(appendMember(dst, "observed"), b.Observed, 4), '}')
	}
	return append(dst, "]}"...)
}

// appendNumber appends a number with seven digits; what is none is null.
func appendNumber(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, v, 'g', 7, 64)
}
