package serve

import (
	"fmt"
	"io"
	"strconv"

	"github.com/VictoriaMetrics/metrics"

	"orrery/models"
)

// quality returns the live figures of a shop, or of all where it is nil; none where nobody measures.
func (s *Server) quality(shop []byte) []models.FrameQuality {
	if s.deps.Quality == nil {
		return nil
	}
	if shop != nil {
		return s.deps.Quality.ShopQuality(shop, s.deps.Clock())
	}
	return s.deps.Quality.Quality(s.deps.Clock())
}

// answerQuality answers GET /v1/quality.
func (s *Server) answerQuality(c *call) *fault {
	shop, f := readScope(c)
	if f != nil {
		return f
	}
	return c.end(append(appendQuality(c.begin(), s.quality(shop)), '\n'))
}

// appendQuality appends {"frames":[{"frame","k","windows":[...]}]}.
func appendQuality(dst []byte, frames []models.FrameQuality) []byte {
	dst = append(dst, `{"frames":[`...)
	for i := range frames {
		f := &frames[i]
		dst = models.AppendString(append(comma(dst, i), `{"frame":`...), f.Frame)
		dst = appendUint(dst, "k", uint64(f.K))
		dst = append(appendMember(dst, "windows"), '[')
		for k := range f.Windows {
			w := &f.Windows[k]
			dst = models.AppendString(append(comma(dst, k), `{"window":`...), w.Window)
			dst = appendUint(dst, "samples", w.Samples)
			dst = appendUint(dst, "hits", w.Hits)
			dst = appendRate(appendMember(dst, "hr"), w.HR, w.Samples)
			dst = appendRate(appendMember(dst, "mrr"), w.MRR, w.Samples)
			dst = appendUint(dst, "shown", uint64(max(w.Shown, 0)))
			dst = append(appendRate(appendMember(dst, "coverage"), w.Coverage, w.Samples), '}')
		}
		dst = append(dst, "]}"...)
	}
	return append(dst, "]}"...)
}

// appendRate appends a share of samples, null where there are none.
func appendRate(dst []byte, v float64, samples uint64) []byte {
	if samples == 0 {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, v, 'f', 4, 64)
}

// writeQuality writes the figures as gauges.
func (s *Server) writeQuality(w io.Writer) {
	for _, f := range s.quality(nil) {
		for _, q := range f.Windows {
			label := fmt.Sprintf("{frame=%q,window=%q}", f.Frame, q.Window)
			metrics.WriteGaugeUint64(w, "orrery_quality_samples"+label, q.Samples)
			if q.Samples > 0 {
				metrics.WriteGaugeFloat64(w, "orrery_quality_hit_rate"+label, q.HR)
				metrics.WriteGaugeFloat64(w, "orrery_quality_mrr"+label, q.MRR)
				metrics.WriteGaugeFloat64(w, "orrery_quality_coverage"+label, q.Coverage)
			}
		}
	}
}
