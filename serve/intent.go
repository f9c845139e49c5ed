package serve

import (
	"strconv"

	"orrery/models"
)

// appendIntent appends what is forecast of a running session, null without one.
func appendIntent(dst []byte, in *models.Intent) []byte {
	if in == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"session_probability":`...)
	dst = appendDecimal(dst, in.Probability, 4)
	dst = appendGate(appendMember(dst, "gate"), in.Gate)
	dst = appendTime(appendMember(dst, "began"), in.Began)
	dst = appendTime(appendMember(dst, "as_of"), in.Last)
	dst = appendReasons(appendMember(dst, "because"), in.Because)
	dst = appendMember(dst, "forecasts_alike")
	dst = appendAlike(dst, in.Gate, &in.Bin)
	dst = appendProductIntent(appendMember(dst, "product"), in.Product)
	dst = appendCategory(appendMember(dst, "next_category"), in.Shelf)
	return append(dst, '}')
}

// appendAlike appends how forecasts like one have done, null behind a gate.
func appendAlike(dst []byte, gate string, b *models.CalibrationBin) []byte {
	if gate != "" {
		return append(dst, "null"...)
	}
	return appendIntentBin(dst, b)
}

// appendProductIntent appends what is forecast of the product looked at last, null without one.
func appendProductIntent(dst []byte, p *models.ProductIntent) []byte {
	if p == nil {
		return append(dst, "null"...)
	}
	dst = models.AppendString(append(dst, `{"item_id":`...), p.Product)
	dst = appendTime(appendMember(dst, "as_of"), p.At)
	dst = appendDecimal(appendMember(dst, "probability"), p.Probability, 4)
	dst = appendGate(appendMember(dst, "gate"), p.Gate)
	dst = appendUint(dst, "views", p.Views)
	dst = appendUint(dst, "orders", p.Orders)
	dst = strconv.AppendBool(appendMember(dst, "in_cart"), p.InCart)
	dst = strconv.AppendBool(appendMember(dst, "viewed_before"), p.Again)
	dst = strconv.AppendBool(appendMember(dst, "bought_before"), p.Owned)
	dst = appendAlike(appendMember(dst, "forecasts_alike"), p.Gate, &p.Bin)
	return append(dst, '}')
}

// appendCategory appends which category is looked at next, null where none is known.
func appendCategory(dst []byte, s *models.CategoryIntent) []byte {
	if s == nil {
		return append(dst, "null"...)
	}
	dst = models.AppendString(append(dst, `{"from":`...), s.From)
	dst = appendGate(appendMember(dst, "gate"), s.Gate)
	dst = append(appendMember(dst, "next"), '[')
	for i := range s.Next {
		n := &s.Next[i]
		dst = models.AppendString(append(comma(dst, i), `{"category":`...), n.Category)
		dst = appendDecimal(appendMember(dst, "probability"), n.Probability, 4)
		dst = append(appendUint(dst, "moves", n.Moves), '}')
	}
	return append(dst, "]}"...)
}

func appendCategoryQuality(dst []byte, q *models.CategoryQuality) []byte {
	if q == nil {
		return append(dst, "null"...)
	}
	dst = strconv.AppendUint(append(dst, `{"forecasts":`...), q.Outcomes, 10)
	dst = appendDecimal(appendMember(dst, "log_loss"), q.LogLoss, 4)
	dst = appendDecimal(appendMember(dst, "shares_log_loss"), q.BaseLoss, 4)
	dst = appendDecimal(appendMember(dst, "likeliest_right"), q.Hits, 4)
	dst = appendDecimal(appendMember(dst, "stayed"), q.BaseHits, 4)
	dst = appendDecimal(appendMember(dst, "elsewhere_likeliest_right"), q.MoveHits, 4)
	return append(appendDecimal(appendMember(dst, "elsewhere_most_viewed_right"), q.MoveBase, 4), '}')
}

// appendOutlook appends how likely a purchase is within 7 and 28 days, null where nothing has been learned yet.
func appendOutlook(dst []byte, o *models.Outlook) []byte {
	if o == nil {
		return append(dst, "null"...)
	}
	dst = appendDecimal(append(dst, `{"days_7":`...), o.Within[0], 4)
	dst = appendDecimal(appendMember(dst, "days_28"), o.Within[1], 4)
	dst = appendGate(appendMember(dst, "gate"), o.Gate)
	dst = appendReasons(appendMember(dst, "because"), o.Because)
	dst = append(appendMember(dst, "forecasts_alike"), `{"days_7":`...)
	dst = appendAlike(dst, o.Gate, &o.Bin[0])
	dst = appendAlike(appendMember(dst, "days_28"), o.Gate, &o.Bin[1])
	return append(dst, "}}"...)
}

// appendMailHour appends the hour to write to a contact, null for who is none.
func appendMailHour(dst []byte, m *models.MailHour) []byte {
	if m == nil {
		return append(dst, "null"...)
	}
	dst = appendGate(append(dst, `{"gate":`...), m.Gate)
	if m.Gate != "" {
		dst = append(dst, `,"best_hour_utc":null,"answer_probability":null,"any_hour_probability":null,"exploring":null`...)
	} else {
		dst = strconv.AppendInt(appendMember(dst, "best_hour_utc"), int64(m.Hour), 10)
		dst = appendDecimal(appendMember(dst, "answer_probability"), m.Rate, 4)
		dst = appendDecimal(appendMember(dst, "any_hour_probability"), m.Even, 4)
		dst = strconv.AppendBool(appendMember(dst, "exploring"), m.Explored)
	}
	dst = append(appendMember(dst, "evidence"), `{"sent":`...)
	dst = strconv.AppendUint(dst, m.Sent, 10)
	dst = appendDecimal(appendMember(dst, "mails"), m.Mails, 1)
	dst = appendDecimal(appendMember(dst, "answers"), m.Answers, 1)
	dst = appendDecimal(appendMember(dst, "shop_mails"), m.ShopMails, 1)
	return append(appendDecimal(appendMember(dst, "shop_answers"), m.ShopAnswers, 1), "}}"...)
}

func appendReasons(dst []byte, list []models.IntentReason) []byte {
	dst = append(dst, '[')
	for i := range list {
		r := &list[i]
		dst = models.AppendString(append(comma(dst, i), `{"feature":`...), r.Feature)
		dst = appendMember(dst, "value")
		if r.Value < 0 { // of a time since what never was
			dst = append(dst, "null"...)
		} else {
			dst = appendDecimal(dst, r.Value, 2)
		}
		dst = append(appendDecimal(appendMember(dst, "effect"), r.Effect, 3), '}')
	}
	return append(dst, ']')
}

func appendGate(dst []byte, gate string) []byte {
	if gate == "" {
		return append(dst, "null"...)
	}
	return models.AppendString(dst, gate)
}

func appendIntentBin(dst []byte, b *models.CalibrationBin) []byte {
	dst = append(dst, '{')
	dst = appendUint(dst, "forecasts", uint64(b.Customers))
	dst = appendDecimal(appendMember(dst, "predicted"), b.Predicted, 4)
	return append(appendDecimal(appendMember(dst, "observed"), b.Observed, 4), '}')
}

// appendIntentQuality appends how forecasts of purchases within sessions have done, null before the first.
func appendIntentQuality(dst []byte, q *models.IntentQuality) []byte {
	if q == nil {
		return append(dst, "null"...)
	}
	dst = append(dst, `{"gate":`...)
	dst = appendGate(dst, q.Gate)
	dst = appendUint(dst, "forecasts", q.Outcomes)
	dst = appendUint(dst, "before_a_purchase", q.Purchases)
	dst = appendUint(dst, "sessions", q.Sessions)
	dst = appendUint(dst, "buying_sessions", q.Buying)
	dst = appendDecimal(appendMember(dst, "base_rate"), q.BaseRate, 4)
	dst = appendDecimal(appendMember(dst, "log_loss"), q.LogLoss, 4)
	dst = appendDecimal(appendMember(dst, "base_rate_log_loss"), q.BaseLoss, 4)
	dst = appendDecimal(appendMember(dst, "ece"), q.ECE, 4)
	dst = append(appendMember(dst, "bins"), '[')
	for i := range q.Bins {
		dst = appendIntentBin(comma(dst, i), &q.Bins[i])
	}
	return append(dst, "]}"...)
}
