package models

// Event is one record of a stream, decoded. Byte fields are sub-slices of the record, or of the event's own scratch
// where an escape had to be resolved: they live until the next Decode into the same Event, and nothing may keep them.
// An absent string and an empty one are the same.
type Event struct {
	Kind Kind
	Name []byte // the name as sent

	ID      []byte // idempotence key; empty where the sender gave none: see IDHash
	Time    Time   // when it happened; the record's time where absent or implausible (see Decode)
	NoTime  bool   // Time was taken from the record
	SentAt  Time   // when the sender's clock said that it sent this, 0 where it did not: see Corrected
	Shop    []byte // tenant; empty means "default"
	Visitor []byte // browser
	Contact []byte // known person
	// SentContact is the contact as the sender spelled it where that is not its one form, see CanonicalContact: what a proof
	// of it may have been made of. It is no part of what is appended.
	SentContact []byte
	Session     []byte // the sender's session id; informative, sessions are cut by silence

	Page  Page
	Items []Item
	// Unlisted is what the lines add up to that are no Items: those without an id, vouchers and returns (below 0), and what
	// the rounding of pieces has changed. It belongs to the sum of the items of an order that states no value.
	Unlisted Money

	Order    []byte
	Value    Money // of the whole order, when HasValue
	HasValue bool
	Currency []byte // ISO 4217, upper case
	Query    []byte // of a search

	Recommendation []byte // id of the frame that was seen or clicked
	Slot           int32  // slot within it, from 1; 0 where absent

	// Who said it. Whoever takes events from strangers writes both members into the record, over what the sender may have
	// put there; a record without them comes from the shop itself (see Trust).
	Trust  Trust
	Proved bool   // public, but the page has shown a proof of the contact that it names: see Vouched
	Net    uint64 // keyed hash of the network that the sender is in, 0 where it is not known
	Stale  bool   // public, and more than MaxStale older than its record: it teaches nothing that others see

	Proof []byte // contact_hmac as sent, for the server that takes the event: no record holds it

	// Props is a JSON object without its braces: the member list of everything that this struct has no field for, in
	// the order sent, unknown members of "page" as "page.name", and after them the members of "props" itself. Where a
	// key is there twice the later one counts. Members walks it. Unknown fields survive a round trip through it.
	Props []byte

	// Warnings tells what could not be taken as it was sent. Append writes what was taken, so it is not in a copy of a copy.
	Warnings []Warning

	said    Time // the time as sent, 0 where none was
	odd     []oddLine
	levels  []level // of an item's category
	scratch []byte  // resolved escapes
	props   []byte  // Props, and those of items, where they had to be put together
	spans   []span  // unknown members met so far
}

// Page is where a behaviour event happened.
type Page struct{ URL, Title, Referrer []byte }

// Item is a product within an event.
type Item struct {
	ID       []byte
	Name     []byte
	Category []byte
	Price    Money // for one piece, when HasPrice
	HasPrice bool
	Quantity int32  // whole pieces, 1 where absent
	Props    []byte // unknown members, a member list as in Event; "props" is no special name here
}

// Person returns the key that pageviews, transactions and contacts are partitioned by: the visitor, else the contact. A refund or
// a cancellation that names neither lies under its order.
func (e *Event) Person() []byte {
	switch {
	case len(e.Visitor) > 0:
		return e.Visitor
	case len(e.Contact) > 0 || e.Kind != Refund && e.Kind != Cancel:
		return e.Contact
	}
	return e.Order
}
