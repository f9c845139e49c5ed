package files

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"orrery/models"
)

// Preview is a sink that sends nothing: it keeps the first events to be looked at.
type Preview struct {
	Events []json.RawMessage
}

const previewed = 5

// Put keeps one of the first events.
func (p *Preview) Put(_ context.Context, r models.Record) error {
	if len(p.Events) < previewed {
		p.Events = append(p.Events, bytes.Clone(r.Value))
	}
	return nil
}

// Flush has nothing to do.
func (p *Preview) Flush(context.Context) error { return nil }

// Err says in a sentence that nothing or not all was understood; nil where all was.
func (s *Summary) Err() error {
	var refused int64
	for _, n := range s.Refused {
		refused += n
	}
	switch {
	case s.Rows == 0 && len(s.Dialects) > 0 && s.Dialects[0].Format == Feed:
		return errors.New("no item or entry of a Google Merchant feed is in it; orrery catalogue import reads Meta's, Yandex's and other catalogues as well")
	case s.Rows == 0:
		return errors.New("no row was found: is it a file of this format, and has it more than a header?")
	case slices.ContainsFunc(s.Joins, func(j Joined) bool { return j.Matched == 0 && j.Rows > 0 }):
		j := s.Joins[slices.IndexFunc(s.Joins, func(j Joined) bool { return j.Matched == 0 && j.Rows > 0 })]
		return fmt.Errorf("no row has found one in %s: are the columns of the join the right ones?", j.File)
	case s.Bad > 0 && s.Total == 0:
		return fmt.Errorf("none of %d rows was understood, the first at %s", s.Rows, s.First[0])
	case s.Bad > 0:
		return fmt.Errorf("%d of %d rows were not sent, the first at %s", s.Bad, s.Rows, s.First[0])
	case s.Total > 0 && refused == s.Total:
		return fmt.Errorf("the engine will refuse all %d events: %s", s.Total, byCount(s.Refused)[0])
	}
	return nil
}

// warnings says what was understood and is hardly meant.
func (s *Summary) warnings() []string {
	if s.Total == 0 {
		return nil
	}
	for name := range s.Events {
		if models.KindOf([]byte(name)) != models.Other || name == "(refused)" {
			return nil
		}
	}
	names := byCount(s.Events)
	text := fmt.Sprintf("no event has a name that is known: they are kept as %q, and nothing is made of them", names[0])
	for _, name := range names[:min(len(names), 20)] {
		if near := nearest(name); near != "" {
			return []string{fmt.Sprintf("%s. Did you mean %s?", text, near)}
		}
	}
	return []string{text}
}

// otherNames are what other systems call our events, beside what is spelt alike.
var otherNames = map[string]string{
	"product_viewed": "view_item", "viewed_product": "view_item", "product_view": "view_item", "view": "view_item", "view_product": "view_item",
	"pageview": "page_view", "page": "page_view", "product_added": "add_to_cart", "addtocart": "add_to_cart", "added_to_cart": "add_to_cart",
	"cart": "add_to_cart", "basket_add": "add_to_cart", "product_removed": "remove_from_cart", "checkout": "begin_checkout",
	"checkout_started": "begin_checkout", "order": "purchase", "order_completed": "purchase", "transaction": "purchase", "checkout_completed": "purchase",
	"sale": "purchase", "buy": "purchase", "order_refunded": "refund", "return": "refund", "order_cancelled": "cancel",
	"products_searched": "search", "login": "identify",
}

// nearest returns the known event name that a name is most like, empty where it is like none.
func nearest(name string) string {
	name = strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(name)))
	if known, ok := otherNames[name]; ok {
		return known
	}
	best, least := "", 1+len(name)/3
	for kind := models.Other + 1; kind.String() != models.Other.String(); kind++ {
		if d := distance(name, kind.String()); d < least {
			best, least = kind.String(), d
		}
	}
	for _, other := range slices.Sorted(maps.Keys(otherNames)) {
		if d := distance(name, other); d < least {
			best, least = otherNames[other], d
		}
	}
	return best
}

// distance is how many letters are to be put in, taken out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}

// foreign names formats that are told by their first bytes and not read, with what to do.
func foreign(head []byte) error {
	for magic, what := range map[string]string{
		"PAR1": "Parquet", "ARROW1": "Arrow", "\xd0\xcf\x11\xe0": "a spreadsheet (xls)",
	} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return fmt.Errorf("it is %s: Parquet and Arrow are read from files of their own, not from a pipe or within others; else write it as CSV or JSON lines", what)
		}
	}
	return nil
}
