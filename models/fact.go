package models

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Fact is what an engine knows for good of one thing, as a line of an export: see DESIGN.md, Formats. Which fields are set goes
// by Fact. Times are in milliseconds since 1970.
type Fact struct {
	Fact string `json:"fact"` // one of the constants
	Shop string `json:"shop,omitempty"`
	Time Time   `json:"time,omitempty"` // first listed; identified; first login; ordered; newest event

	Format int    `json:"format,omitempty"` // of the first line
	Build  string `json:"build,omitempty"`
	Seed   Key    `json:"seed,omitempty"` // that keys are made with; whoever takes the facts needs it

	Product   string `json:"product,omitempty"`
	Title     string `json:"title,omitempty"`
	URL       string `json:"url,omitempty"`
	Image     string `json:"image,omitempty"`
	Brand     string `json:"brand,omitempty"`
	Group     string `json:"item_group_id,omitempty"` // what it is a variant of
	Category  string `json:"category,omitempty"`
	Price     Amount `json:"price,omitempty"`
	Sale      Amount `json:"sale_price,omitempty"`
	Listed    bool   `json:"listed,omitempty"`
	Removed   bool   `json:"removed,omitempty"`
	Stock     *int64 `json:"stock,omitempty"`
	SaleFrom  Time   `json:"sale_from,omitempty"`
	SaleUntil Time   `json:"sale_until,omitempty"`
	SoldOut   bool   `json:"sold_out,omitempty"`

	Products uint64 `json:"products,omitempty"` // of a feed

	Setting json.RawMessage `json:"setting,omitempty"` // a version of a setting, as its record has it

	Contact    string          `json:"contact,omitempty"`
	Attributes json.RawMessage `json:"attributes,omitempty"`
	Lead       bool            `json:"lead,omitempty"`   // only strangers have named it
	Erased     Key             `json:"erased,omitempty"` // the hash of a contact's id, in format 2 and before
	Visitor    Key             `json:"visitor,omitempty"`
	Newest     Time            `json:"newest,omitempty"` // login

	ContactMark *Mark `json:"contact_mark,omitempty"` // who was erased: see package erased
	VisitorMark *Mark `json:"visitor_mark,omitempty"`

	Order     string     `json:"order,omitempty"`
	Key       Key        `json:"key,omitempty"`   // of an order without an id
	Again     bool       `json:"again,omitempty"` // an order of another contact has the same id
	Value     Amount     `json:"value,omitempty"`
	Currency  string     `json:"currency,omitempty"`
	Refunded  Amount     `json:"refunded,omitempty"`
	Revised   Time       `json:"revised_at,omitempty"` // of which moment the rest is
	Cancelled bool       `json:"cancelled,omitempty"`
	Coupon    string     `json:"coupon,omitempty"`
	Discount  *Amount    `json:"discount,omitempty"`
	Shipping  *Amount    `json:"shipping,omitempty"`
	Tax       *Amount    `json:"tax,omitempty"`
	Lines     []FactLine `json:"lines,omitempty"`

	Contacts uint64            `json:"contacts,omitempty"` // totals, of all shops
	Orders   uint64            `json:"orders,omitempty"`   // that count
	Buyers   uint64            `json:"buyers,omitempty"`
	Refunds  uint64            `json:"refunds,omitempty"`
	Cancels  uint64            `json:"cancels,omitempty"`
	Repeats  uint64            `json:"repeats,omitempty"`
	Revenue  map[string]Amount `json:"revenue,omitempty"`
}

// FactLine is a product of an order.
type FactLine struct {
	Product  string  `json:"product"`
	Quantity uint32  `json:"quantity"`
	Paid     *Amount `json:"paid,omitempty"`     // for all pieces
	Discount *Amount `json:"discount,omitempty"` // of all pieces
	Coupon   string  `json:"coupon,omitempty"`
	Brand    string  `json:"brand,omitempty"` // as bought, like the category
	Category string  `json:"category,omitempty"`
}

// The kinds of facts, in the order of an export. What is named by a later one comes before it.
const (
	FactExport  = "export"  // the first line
	FactProduct = "product" // of the catalogue, or named by events
	FactFeed    = "feed"    // the newest full one of a shop
	FactContact = "contact" // with attributes
	FactLogin   = "login"   // of a contact on a browser
	FactLogout  = "logout"
	FactOrder   = "order"  // with what has been refunded of it
	FactNote    = "note"   // a credit note of a contact, whose order has not come
	FactErased  = "erased" // who was, and has not come back: a contact_mark, or a visitor_mark
	FactSetting = "setting"
	FactTotals  = "totals" // the last line
)

// FactFormat is the newest version of the lines. 2 has notes, 3 marks of who was erased and what orders say beside products and pieces, and settings.
const FactFormat = 3

// Amount is money in a fact: a decimal number in quotes, exact.
type Amount Money

// MarshalJSON implements json.Marshaler.
func (a Amount) MarshalJSON() ([]byte, error) {
	return append(AppendMoney([]byte{'"'}, Money(a)), '"'), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Amount) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("cannot read an amount: it is no decimal number in quotes: %s", b)
	}
	m, err := ParseMoney([]byte(text))
	*a = Amount(m)
	return err
}

// Key is the hash of an id that is not kept itself, 16 hexadecimal digits; 0 is none.
type Key uint64

// MarshalJSON implements json.Marshaler.
func (k Key) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, `"%016x"`, uint64(k)), nil }

// UnmarshalJSON implements json.Unmarshaler.
func (k *Key) UnmarshalJSON(b []byte) error {
	var text string
	err := json.Unmarshal(b, &text)
	n := uint64(0)
	if err == nil {
		n, err = strconv.ParseUint(text, 16, 64)
	}
	if err != nil || len(text) != 16 {
		return fmt.Errorf("cannot read a key: it is no text of 16 hexadecimal digits: %s", b)
	}
	*k = Key(n)
	return nil
}

// Mark is what is kept of somebody who was erased: 48 hexadecimal digits.
type Mark [3]uint64

// MarshalJSON implements json.Marshaler.
func (m Mark) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `"%016x%016x%016x"`, m[0], m[1], m[2]), nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Mark) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil || len(text) != len(m)*hashDigits {
		return fmt.Errorf("cannot read a mark: it is no text of 48 hexadecimal digits: %s", b)
	}
	for i := range m {
		w, ok := parseHash([]byte(text[i*hashDigits:][:hashDigits]))
		if m[i] = w; !ok {
			return fmt.Errorf("cannot read a mark: it is no text of 48 hexadecimal digits: %s", b)
		}
	}
	if m[0] == 0 || m[2]>>32 != 0 {
		return fmt.Errorf("cannot read a mark: %s is none", b)
	}
	return nil
}
