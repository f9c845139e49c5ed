package shop

import (
	"bytes"

	"orrery/models"
)

// faults are what goes wrong between a shop and its analytics: each must be refused, and says why. A visitor's id takes
// the place of VISITOR, the time that of TIME.
var faults = [][]byte{
	[]byte(`{"event":"view_item","time":"TIME","visitor":"VISITOR","items":[{"item_id":"P000`),                                  // cut off
	[]byte(`<html><body>502 Bad Gateway</body></html>`),                                                                         // another program's words
	[]byte(`{"event":"view_item","time":"TIME","items":[{"item_id":"P00001"}]}`),                                                // nobody's
	[]byte(`{"time":"TIME","visitor":"VISITOR"}`),                                                                               // nothing's
	[]byte(`{"event":"view_item","time":"yesterday","visitor":"VISITOR"}`),                                                      // no time
	[]byte(`{"event":"purchase","time":"TIME","visitor":"VISITOR","order":"X","items":[{"item_id":"P00001","price":"free"}]}`),  // an amount that nobody can tell
	[]byte(`{"event":"purchase","time":"TIME","visitor":"VISITOR","order":"X","value":"a lot"}`),                                // no number
	[]byte(`{"event":"purchase","time":"TIME","visitor":"VISITOR","order":"X","value":12.5,"currency":"EURO"}`),                 // no currency
	[]byte(`{"event":"purchase","time":"TIME","visitor":"VISITOR","order":"X"}`),                                                // no amount
	[]byte("{\"event\":\"search\",\"time\":\"TIME\",\"visitor\":\"VISITOR\",\"query\":\"caf\xe9\"}"),                            // Latin-1
	[]byte(`{"event":"refund","time":"TIME","visitor":"VISITOR","value":5,"currency":"EUR"}`),                                   // of no order
	[]byte(`[{"event":"page_view","time":"TIME","visitor":"VISITOR"},{"event":"page_view","time":"TIME","visitor":"VISITOR"}]`), // two in one record
}

// breakOne makes a record that must be refused.
func (s *Shop) breakOne() {
	fault := faults[s.rng.IntN(len(faults))]
	s.key = s.appendVisitor(s.key[:0], 1+s.rng.Uint64N(s.people.count+1), false)
	s.text = models.AppendTime(s.text[:0], s.now)
	value := bytes.ReplaceAll(fault, []byte("VISITOR"), s.key)
	s.value = append(s.value[:0], bytes.ReplaceAll(value, []byte("TIME"), s.text)...)
	s.record = models.Record{Topic: models.Pageviews, Key: s.key, Value: s.value}
}
