package serve

import "orrery/models"

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
	dst = append(appendMember(dst, "because"), '[')
	for i := range in.Because {
		r := &in.Because[i]
		dst = appendString(append(comma(dst, i), `{"feature":`...), r.Feature)
		dst = appendMember(dst, "value")
		if r.Value < 0 { // of a time since what never was
			dst = append(dst, "null"...)
		} else {
			dst = appendDecimal(dst, r.Value, 2)
		}
		dst = append(appendDecimal(appendMember(dst, "effect"), r.Effect, 3), '}')
	}
	dst = appendMember(append(dst, ']'), "forecasts_alike")
	if in.Gate != "" {
		dst = append(dst, "null"...)
	} else {
		dst = appendIntentBin(dst, &in.Bin)
	}
	return append(dst, '}')
}

func appendGate(dst []byte, gate string) []byte {
	if gate == "" {
		return append(dst, "null"...)
	}
	return appendString(dst, gate)
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
